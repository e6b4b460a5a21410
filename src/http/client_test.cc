#include "http/client.h"

#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>

#include "http/sse_reader.h"
#include "http/test_client.h"

namespace http::testing {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

// A certificate for "localhost", valid for an hour, and its key, as PEM files in a folder of their
// own.
class Certificate {
 public:
  Certificate()
      : folder_(std::filesystem::temp_directory_path() /
                ("parlance_http_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    auto* subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate, key, EVP_sha256());
    std::FILE* file = std::fopen(certificate_path().c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    file = std::fopen(key_path().c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~Certificate() { std::filesystem::remove_all(folder_); }
  std::string certificate_path() const { return folder_ / "certificate.pem"; }
  std::string key_path() const { return folder_ / "key.pem"; }

 private:
  std::filesystem::path folder_;
};

class Upstream {
 public:
  explicit Upstream(Router& router) {
    router.get("/facts", this, &Upstream::facts);
    router.post("/echo", this, &Upstream::echo);
    router.get("/events", this, &Upstream::events);
    router.get("/redirect", this, &Upstream::redirect);
    router.get("/slow", this, &Upstream::slow);
  }
  awaitable<Response> facts(Request& request) {
    co_return Response::text(std::to_string(request.connection().peer_port) + " " +
                             std::string(request.header("authorization")) + " " +
                             std::string(request.header("host")) + " " +
                             request.connection().tls_version);
  }
  awaitable<Response> echo(Request& request) {
    auto body = co_await request.body();
    co_return Response::text(std::move(*body));
  }
  awaitable<Response> events(Request&) { co_return Response::sse(this, &Upstream::write_events); }
  awaitable<> write_events(SseWriter& out) {
    for (int i = 0; i < 100; ++i) co_await out.data(std::to_string(i));
  }
  awaitable<Response> redirect(Request& request) {
    Response response(302);
    response.headers.set("location", std::string(request.query().get("to").value_or("/facts")));
    co_return response;
  }
  awaitable<Response> slow(Request&) {
    co_await base::sleep_for(1h);
    co_return Response();
  }
};

struct Answer {
  int status = 0;
  std::string body;
  ErrorCode error = ErrorCode::Internal;
};

awaitable<Answer> fetch(Client& client, ClientRequest request, std::size_t bytes_max) {
  auto response = co_await client.send(std::move(request));
  if (!response) co_return Answer{0, response.error().message, response.error().code};
  auto body = co_await response->body(bytes_max);
  if (!body) co_return Answer{response->status(), body.error().message, body.error().code};
  co_return Answer{response->status(), *body};
}

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() : upstream_(router_), server_(router_) {}
  Url url(std::string_view path, std::string_view host = "127.0.0.1") {
    return parse_url("http://" + std::string(host) + ":" + std::to_string(server_.port()) +
                     std::string(path))
        .value();
  }
  Answer get(Client& client, Url target, Headers headers = {}, std::size_t bytes_max = 10'000) {
    ClientRequest request{.method = Method::Get, .url = std::move(target), .headers = headers};
    return run(strand(), fetch(client, std::move(request), bytes_max));
  }
  boost::asio::any_io_executor strand() { return boost::asio::make_strand(server_.executor()); }

  Router router_;
  Upstream upstream_;
  TestServer server_;
};

TEST_F(ClientTest, SendsBodiesAndReusesConnections) {
  Client client(server_.executor());
  const auto first = get(client, url("/facts"));
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(get(client, url("/facts")).body, first.body);  // the same port at our end
  ClientRequest request{
      .method = Method::Post, .url = url("/echo"), .body = std::string(100'000, 'x')};
  EXPECT_EQ(run(strand(), fetch(client, request, 100'000)).body.size(), 100'000u);
  EXPECT_EQ(run(strand(), fetch(client, request, 99'999)).error, ErrorCode::TooLarge);
}

TEST_F(ClientTest, ReadsStreams) {
  Client client(server_.executor());
  SseReader reader;
  std::vector<SseEvent> events;
  const auto answer = get(client, url("/events"));
  EXPECT_TRUE(reader.feed(answer.body, events));
  ASSERT_EQ(events.size(), 100u);
  EXPECT_EQ(events[99].data, "99");
}

TEST_F(ClientTest, FollowsRedirectsOnlyWhenToldAndWithoutCredentials) {
  Client plain(server_.executor());
  EXPECT_EQ(get(plain, url("/redirect")).status, 302);
  Client following(server_.executor(), {.redirects_max = 3});
  const Headers secret{{"authorization", "Bearer secret"}};
  EXPECT_THAT(get(following, url("/redirect"), secret).body, HasSubstr("secret"));
  const auto other = percent_encode(url("/facts", "localhost").text());
  const auto crossed = get(following, url("/redirect?to=" + other), secret);
  EXPECT_EQ(crossed.status, 200);
  EXPECT_THAT(crossed.body, ::testing::Not(HasSubstr("secret")));
  EXPECT_EQ(get(following, url("/redirect?to=/redirect")).body.substr(0, 0), "");
  EXPECT_EQ(get(following, url("/redirect?to=file:///etc/passwd")).status, 302);
}

TEST_F(ClientTest, EnforcesTheAddressPolicy) {
  Client client(server_.executor(), {.address_policy = is_public_address});
  EXPECT_EQ(get(client, url("/facts")).error, ErrorCode::PermissionDenied);
  EXPECT_EQ(get(client, url("/facts", "localhost")).error, ErrorCode::PermissionDenied);
  EXPECT_EQ(get(client, url("/facts", "0x7f000001")).error, ErrorCode::PermissionDenied);
}

TEST_F(ClientTest, GivesUpInTime) {
  Client client(server_.executor(), {.idle_time_max = 30ms});
  EXPECT_EQ(get(client, url("/slow")).error, ErrorCode::Timeout);
}

TEST_F(ClientTest, ReportsWhatTheNetworkDoes) {
  Client client(server_.executor());
  auto nobody = url("/");
  nobody.port = 1;
  EXPECT_EQ(get(client, nobody).error, ErrorCode::UpstreamFailed);
  EXPECT_EQ(get(client, url("/facts"), {{"x", "a\r\nb: c"}}).error, ErrorCode::InvalidRequest);
}

TEST(ClientTls, VerifiesTheServer) {
  const Certificate certificate;
  Router router;
  Upstream upstream(router);
  TestServer server(router,
                    {.tls = TlsOptions{certificate.certificate_path(), certificate.key_path()}});
  const auto ask = [&](Client& client, std::string_view host) {
    auto target =
        parse_url("https://" + std::string(host) + ":" + std::to_string(server.port()) + "/facts");
    ClientRequest request{.url = *target};
    return run<Answer>(boost::asio::make_strand(server.executor()),
                       fetch(client, std::move(request), 1000));
  };
  Client trusting(server.executor(), {.ca_path = certificate.certificate_path()});
  EXPECT_THAT(ask(trusting, "localhost").body, HasSubstr("TLSv1.3"));
  EXPECT_EQ(ask(trusting, "127.0.0.1").error, ErrorCode::UpstreamFailed);
  Client strict(server.executor());
  EXPECT_EQ(ask(strict, "localhost").error, ErrorCode::UpstreamFailed);
}

TEST(ClientTls, TlsClientsThatLeaveCancelToo) {
  const Certificate certificate;
  Router router;
  Upstream upstream(router);
  TestServer server(router,
                    {.tls = TlsOptions{certificate.certificate_path(), certificate.key_path()}});
  Client client(server.executor(),
                {.idle_time_max = 30ms, .ca_path = certificate.certificate_path()});
  ClientRequest request{
      .url = *parse_url("https://localhost:" + std::to_string(server.port()) + "/slow")};
  EXPECT_EQ(run(boost::asio::any_io_executor(boost::asio::make_strand(server.executor())),
                fetch(client, std::move(request), 1000))
                .error,
            ErrorCode::Timeout);
  while (server.server().connections() > 0) std::this_thread::yield();
}

}  // namespace
}  // namespace http::testing
