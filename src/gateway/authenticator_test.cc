#include "gateway/authenticator.h"

#include <gmock/gmock.h>

#include "base/encoding.h"
#include "base/random.h"
#include "gateway/access.h"
#include "gateway/api_error.h"
#include "http/test_client.h"
#include "store/test_support.h"

namespace gateway {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSecret = "sk-test-0123456789abcdef";

class AuthenticatorTest : public ::testing::Test {
 protected:
  AuthenticatorTest() {
    EXPECT_TRUE(access_.ensure_defaults());
    key_ = access_.create_key({.project = "blue", .secret = kSecret})->key;
    EXPECT_TRUE(access_.create_key({.admin = true, .secret = "sk-admin-0123456789abcdef"}));
  }

  void serve(Authenticator::Options options = {}) {
    router_.set_error_renderer({.http_error = {}, .exception = &render});
    router_.use(std::make_unique<Authenticator>(*database_, pools_, clock_, std::move(options)));
    auto who = [](http::Request& request) -> http::awaitable<http::Response> {
      const auto* caller = request.find<Caller>();
      co_return http::Response::text(!caller ? "nobody" : caller->admin ? "admin" : "member");
    };
    router_.get("/v1/mine", who);
    router_.get("/healthz", who, {.tags = {"public"}});
    router_.get("/v1/organization/keys", who, {.tags = {"admin"}});
  }

  static http::Response render(const http::Request&, std::exception_ptr exception) {
    try {
      std::rethrow_exception(exception);
    } catch (const ApiError& error) {
      auto response = http::Response::text(error.error().reason + ": " + error.error().message);
      response.status = error.error().code == ErrorCode::PermissionDenied ? 403 : 401;
      return response;
    }
  }

  std::string ask(std::string target, const http::Headers& headers) {
    return http::testing::run(threads_.executor(), answer(std::move(target), headers));
  }
  std::string ask(std::string target, const std::string& authorization) {
    http::Headers headers;
    headers.set("authorization", authorization);
    return ask(std::move(target), headers);
  }
  http::awaitable<std::string> answer(std::string target, http::Headers headers) {
    http::Request request(http::Method::Get, std::move(target));
    request.headers() = std::move(headers);
    auto response = co_await router_.dispatch(request);
    auto body = co_await response.collect(4096);
    co_return std::to_string(response.status) + " " + body.value_or("too large");
  }

  store::testing::TemporaryDatabase database_;
  base::FakeClock clock_;
  base::SeededRandom random_{1};
  base::IdGenerator ids_{clock_, random_};
  Access access_{*database_, ids_, clock_};
  base::Pools pools_;
  store::Key key_;
  http::Router router_;
  http::IoThreads threads_{1};
};

TEST_F(AuthenticatorTest, ReadsTheKeyFromBearerAndBasic) {
  serve();
  EXPECT_EQ(ask("/v1/mine", std::string("Bearer ") + kSecret), "200 member");
  EXPECT_EQ(ask("/v1/mine", std::string("bearer   ") + kSecret), "200 member");
  EXPECT_EQ(ask("/v1/mine", "Basic " + base::base64_encode(std::string(":") + kSecret)),
            "200 member");
}

TEST_F(AuthenticatorTest, RefusesWhatIsMissingOrWrongWithoutShowingTheKey) {
  serve();
  for (const char* header : {"", "Bearer ", "Token abc", "Basic !!!"}) {
    EXPECT_THAT(ask("/v1/mine", header), HasSubstr("You didn't provide an API key")) << header;
  }
  const auto wrong = ask("/v1/mine", "Bearer sk-wrong-0123456789abcdef");
  EXPECT_THAT(wrong, HasSubstr("401 invalid_api_key: Incorrect API key provided: sk-wrong*"));
  EXPECT_THAT(wrong, HasSubstr("*cdef"));
  EXPECT_THAT(wrong, Not(HasSubstr("0123456789")));
}

TEST_F(AuthenticatorTest, PublicRoutesAskForNothingAdminRoutesForMore) {
  serve();
  EXPECT_EQ(ask("/healthz", http::Headers()), "200 nobody");
  EXPECT_THAT(ask("/v1/organization/keys", std::string("Bearer ") + kSecret), HasSubstr("403"));
  EXPECT_EQ(ask("/v1/organization/keys", "Bearer sk-admin-0123456789abcdef"), "200 admin");
}

TEST_F(AuthenticatorTest, TheScopeHeadersMustBeTheKeysOwn) {
  serve();
  http::Headers headers;
  headers.set("authorization", std::string("Bearer ") + kSecret);
  headers.set("openai-project", key_.project.value);
  headers.set("openai-organization", key_.organization.value);
  EXPECT_EQ(ask("/v1/mine", headers), "200 member");
  headers.set("openai-project", "proj_other");
  EXPECT_THAT(ask("/v1/mine", headers), HasSubstr("mismatched_project"));
  headers.set("openai-organization", "org-other");
  EXPECT_THAT(ask("/v1/mine", headers), HasSubstr("mismatched_organization"));
}

TEST_F(AuthenticatorTest, ARevokedKeyIsBelievedForTwoSeconds) {
  serve();
  const auto header = std::string("Bearer ") + kSecret;
  EXPECT_EQ(ask("/v1/mine", header), "200 member");
  ASSERT_TRUE(access_.revoke_key(key_.id));
  clock_.advance(std::chrono::milliseconds(1'999));
  EXPECT_EQ(ask("/v1/mine", header), "200 member");
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_THAT(ask("/v1/mine", header), HasSubstr("invalid_api_key"));
}

TEST_F(AuthenticatorTest, WithoutAuthenticationAnyKeyServes) {
  serve({.anonymous = *access_.default_caller()});
  EXPECT_EQ(ask("/v1/mine", http::Headers()), "200 admin");
  EXPECT_EQ(ask("/v1/mine", "Bearer whatever-the-client-has"), "200 admin");
  EXPECT_EQ(ask("/v1/mine", std::string("Bearer ") + kSecret), "200 member");
}

TEST(MaskKey, HidesTheMiddle) {
  EXPECT_EQ(mask_key("sk-proj-0123456789abcd"), "sk-proj-**********abcd");
  EXPECT_EQ(mask_key("short"), "sh***");
  EXPECT_EQ(mask_key(""), "***");
  EXPECT_EQ(mask_key(std::string(12, 'k')), "kk***");
  EXPECT_EQ(mask_key(std::string(13, 'k')), "kkkkkkkk*kkkk");
  EXPECT_EQ(mask_key(std::string(500, 'k')).size(), 8u + 32u + 4u);
}

}  // namespace
}  // namespace gateway
