#include "http/router.h"

#include <gmock/gmock.h>

#include "http/cors.h"
#include "http/test_client.h"

namespace http::testing {
namespace {

struct FileId {
  std::string value;
};

class Routes {
 public:
  void add_to(Router& router) {
    router.get("/v1/files", this, &Routes::list);
    router.get("/v1/files/{file_id}", this, &Routes::retrieve);
    router.del("/v1/files/{file_id}", this, &Routes::retrieve);
    router.get("/v1/files/special", this, &Routes::list);
    router.get("/v1/files/{file_id}/content", this, &Routes::content);
    router.get("/v1/models/{model...}", this, &Routes::model);
    router.post("/v1/fail", this, &Routes::fail);
    router.post("/v1/count", this, &Routes::count);
  }
  awaitable<Response> list(Request& request) {
    co_return Response::text("list " + std::string(request.query().get("limit").value_or("-")));
  }
  awaitable<Response> retrieve(Request& request) {
    co_return Response::text("file " + request.path<FileId>("file_id").value);
  }
  awaitable<Response> content(Request& request) {
    co_return Response::text("content " + std::string(request.path_param("file_id")));
  }
  awaitable<Response> model(Request& request) {
    co_return Response::text("model " + std::string(request.path_param("model")));
  }
  awaitable<Response> fail(Request&) {
    throw std::runtime_error("oops");
    co_return Response();
  }
  awaitable<Response> count(Request& request) {
    const int upto = request.get<int>();
    co_return Response::sse(this, &Routes::events, upto, std::string("n"));
  }
  awaitable<> events(SseWriter& out, int upto, std::string name) {
    for (int i = 0; i < upto; ++i) co_await out.event(name, std::to_string(i));
  }
};

class AttachThree final : public Middleware {
 public:
  awaitable<std::optional<Response>> before(Request& request) override {
    if (request.find<int>() == nullptr) request.attach<int>(3);
    co_return std::nullopt;
  }
  void after(const Request&, Response& response) override { response.headers.set("x-after", "1"); }
};

awaitable<std::string> answer(const Router& router, Request request) {
  auto response = co_await router.dispatch(request);
  const auto status = response.status;
  const std::string allow(response.header("allow"));
  auto body = co_await response.collect(1000);
  co_return std::to_string(status) + " " + (allow.empty() ? "" : "(" + allow + ") ") +
      body.value_or("too large");
}

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    router_.use(std::make_unique<AttachThree>());
    routes_.add_to(router_);
  }
  std::string ask(Method method, std::string target) {
    return run(threads_.executor(), answer(router_, Request(method, std::move(target))));
  }
  Routes routes_;
  Router router_;
  IoThreads threads_{1};
};

TEST_F(RouterTest, FindsTheBestRoute) {
  EXPECT_EQ(ask(Method::Get, "/v1/files?limit=2"), "200 list 2");
  EXPECT_EQ(ask(Method::Get, "/v1/files/"), "200 list -");
  EXPECT_EQ(ask(Method::Get, "/v1/files/special"), "200 list -");
  EXPECT_EQ(ask(Method::Get, "/v1/files/a%2Fb%20c"), "200 file a/b c");
  EXPECT_EQ(ask(Method::Get, "/v1/files/special/content"), "200 content special");
  EXPECT_EQ(ask(Method::Delete, "/v1/files/special"), "200 file special");
  EXPECT_EQ(ask(Method::Get, "/v1/models/ft:a/b:c"), "200 model ft:a/b:c");
}

TEST_F(RouterTest, SaysWhatIsWrong) {
  EXPECT_EQ(ask(Method::Get, "/v1/none"), "404 Not found: GET /v1/none\n");
  EXPECT_EQ(ask(Method::Get, "/v1//files"), "404 Not found: GET /v1//files\n");
  EXPECT_EQ(ask(Method::Get, "/v1/files/%zz"), "404 Not found: GET /v1/files/%zz\n");
  EXPECT_EQ(ask(Method::Put, "/v1/files/x"),
            "405 (GET, HEAD, DELETE, OPTIONS) Method not allowed\n");
  EXPECT_EQ(ask(Method::Post, "/v1/fail"), "500 Internal server error\n");
  EXPECT_EQ(ask(Method::Head, "/v1/files"), "200 ");
  EXPECT_EQ(ask(Method::Get, "/" + std::string(200, '/')),
            "404 Not found: GET /" + std::string(200, '/') + "\n");
}

TEST_F(RouterTest, LetsTheRendererSayIt) {
  router_.set_error_renderer({
      [](const Request&, const HttpError& error) {
        return Response::text(error.pattern + "!", error.status);
      },
      [](const Request&, std::exception_ptr) { return Response::text("caught", 418); },
  });
  EXPECT_EQ(ask(Method::Put, "/v1/files/x/content"),
            "405 (GET, HEAD, OPTIONS) /v1/files/*/content!");
  EXPECT_EQ(ask(Method::Post, "/v1/fail"), "418 caught");
}

TEST_F(RouterTest, StreamsInProcess) {
  EXPECT_EQ(ask(Method::Post, "/v1/count"),
            "200 event: n\ndata: 0\n\nevent: n\ndata: 1\n\nevent: n\ndata: 2\n\n");
}

TEST_F(RouterTest, AttachesOneValuePerType) {
  Request request(Method::Get, "/");
  EXPECT_EQ(request.find<int>(), nullptr);
  request.attach<int>(1);
  request.attach<std::string>("x");
  request.attach<int>(2);
  EXPECT_EQ(request.get<int>(), 2);
  EXPECT_EQ(request.get<std::string>(), "x");
}

class CorsTest : public RouterTest {
 protected:
  Response ask_from(std::string_view origin, Method method, std::string_view wanted = "") {
    Headers headers{{"origin", origin}};
    if (!wanted.empty()) {
      headers.add("access-control-request-method", "POST");
      headers.add("access-control-request-headers", wanted);
    }
    return run(threads_.executor(), dispatch(router_, Request(method, "/v1/files", headers)));
  }
  static awaitable<Response> dispatch(const Router& router, Request request) {
    co_return co_await router.dispatch(request);
  }
};

TEST_F(CorsTest, AnswersPreflightsAndExposesHeaders) {
  router_.use(std::make_unique<Cors>(CorsOptions{}));
  const auto preflight = ask_from("https://a", Method::Options, "authorization, x-stainless-os");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("access-control-allow-origin"), "*");
  EXPECT_EQ(preflight.header("access-control-allow-headers"), "authorization, x-stainless-os");
  const auto response = ask_from("https://a", Method::Get);
  EXPECT_THAT(std::string(response.header("access-control-expose-headers")),
              ::testing::HasSubstr("x-request-id"));
}

TEST_F(CorsTest, KeepsOtherOriginsOut) {
  router_.use(std::make_unique<Cors>(CorsOptions{false, {"https://good"}}));
  EXPECT_EQ(ask_from("https://good", Method::Get).status, 200);
  EXPECT_EQ(ask_from("http://localhost:3000", Method::Get).status, 200);
  EXPECT_EQ(ask_from("https://evil", Method::Get).status, 403);
  EXPECT_EQ(ask_from("https://evil", Method::Options, "x").status, 403);
  EXPECT_EQ(ask_from("http://localhost.evil", Method::Get).status, 403);
  EXPECT_EQ(ask_from("null", Method::Get).status, 403);
}

TEST_F(CorsTest, ChecksTheHostOnLoopback) {
  router_.use(std::make_unique<HostCheck>(std::vector<std::string>{"my.host"}));
  const auto ask_host = [&](std::string_view host) {
    auto facts = std::make_shared<ConnectionFacts>();
    facts->peer_address = "127.0.0.1";
    Request request(Method::Get, "/v1/files", {{"host", host}});
    request.set_connection(facts);
    return run(threads_.executor(), dispatch(router_, std::move(request))).status;
  };
  for (const auto* host :
       {"localhost", "LOCALHOST:80", "127.0.0.1:8080", "[::1]", "[::1]:9", "my.host:1"}) {
    EXPECT_EQ(ask_host(host), 200) << host;
  }
  for (const auto* host : {"", "evil", "localhost.evil", "127.0.0.1.evil:80", "evil:localhost"}) {
    EXPECT_EQ(ask_host(host), 403) << host;
  }
}

}  // namespace
}  // namespace http::testing
