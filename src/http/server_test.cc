#include "http/server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <mutex>
#include <vector>

#include "http/test_client.h"

namespace http::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;

awaitable<Response> hello(Request&) {
  co_return Response::json(R"({"hello":"world"})");
}

awaitable<Response> echo(Request& request) {
  auto body = co_await request.body();
  if (!body) co_return Response::text(body.error().message, 413);
  co_return Response::text(std::move(*body));
}

awaitable<> count_to_three(SseWriter& out) {
  co_await out.event("number", "1");
  co_await out.event("number", "2");
  co_await out.event("number", "3");
  co_await out.data("[DONE]");
}

awaitable<Response> counting(Request&) {
  co_return Response::sse_from(count_to_three);
}

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    router_.use(std::make_unique<StandardHeaders>());
    router_.get("/hello", hello);
    router_.post("/echo", echo, {.body_bytes_max = 1000});
    router_.get("/count", counting);
  }
  Router router_;
};

TEST_F(ServerTest, AnswersWithStandardHeaders) {
  TestServer server(router_);
  RawClient client(server.port());
  const auto response = client.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(response, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(response, HasSubstr("\r\nx-request-id: req_"));
  EXPECT_THAT(response, HasSubstr("\r\nopenai-processing-ms: "));
  EXPECT_THAT(response, HasSubstr("\r\nopenai-version: 2020-10-01\r\n"));
  EXPECT_THAT(response, ::testing::EndsWith("\r\n\r\n{\"hello\":\"world\"}"));
}

TEST_F(ServerTest, KeepsTheConnectionAndReadsBodiesOfBothKinds) {
  TestServer server(router_);
  RawClient client(server.port());
  EXPECT_THAT(client.exchange("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"),
              ::testing::EndsWith("\r\n\r\nabc"));
  EXPECT_THAT(client.exchange("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n"),
              ::testing::EndsWith("\r\n\r\nabcde"));
}

TEST_F(ServerTest, StreamsEventsChunkedAndEndsThem) {
  TestServer server(router_);
  RawClient client(server.port());
  client.send("GET /count HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto response = client.read_until("0\r\n\r\n");
  EXPECT_THAT(response, HasSubstr("content-type: text/event-stream; charset=utf-8\r\n"));
  EXPECT_THAT(response, HasSubstr("event: number\ndata: 3\n\n"));
  EXPECT_THAT(response, HasSubstr("data: [DONE]\n\n"));
  EXPECT_THAT(client.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"),
              StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ServerTest, HeadHasNoBodyAndOptionsNamesTheMethods) {
  TestServer server(router_);
  RawClient client(server.port());
  client.send("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto head = client.read_until("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("content-length: 17\r\n"));
  client.send("OPTIONS /echo HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto options = client.read_until("\r\n\r\n");
  EXPECT_THAT(options, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(options, HasSubstr("allow: POST, OPTIONS\r\n"));
  const auto wrong = client.exchange("DELETE /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(wrong, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_THAT(wrong, HasSubstr("allow: GET, HEAD, OPTIONS\r\n"));
  EXPECT_THAT(wrong, HasSubstr("x-request-id: req_"));
  EXPECT_THAT(client.exchange("GET /none HTTP/1.1\r\nHost: x\r\n\r\n"),
              StartsWith("HTTP/1.1 404 Not Found\r\n"));
}

TEST_F(ServerTest, SendsTheHeadAndTheFirstEventTogether) {
  TestServer server(router_);
  RawClient client(server.port());
  client.send("GET /count HTTP/1.1\r\nHost: x\r\n\r\n");
  char first[4096];
  const auto n = ::recv(client.socket().native_handle(), first, sizeof first, 0);
  EXPECT_THAT(std::string(first, static_cast<std::size_t>(n)), HasSubstr("data: 1\n\n"));
}

TEST_F(ServerTest, TurnsAwayConnectionsBeyondTheCap) {
  TestServer server(router_, {.limits = {.connections_max = 2}});
  RawClient one(server.port());
  RawClient two(server.port());
  one.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  two.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  RawClient three(server.port());
  EXPECT_THAT(three.read_all(), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(one.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, EndsSlowHeadersBodiesAndIdleConnections) {
  TestServer server(router_, {.limits = {.header_time_max = 40ms,
                                         .body_idle_time_max = 40ms,
                                         .keep_alive_time_max = 40ms}});
  RawClient head(server.port());
  head.send("GET /hello HT");
  RawClient body(server.port());
  body.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na");
  RawClient idle(server.port());
  EXPECT_THAT(head.read_all(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_THAT(body.read_all(), HasSubstr("did not arrive in time"));
  EXPECT_EQ(idle.read_all(), "");
}

TEST_F(ServerTest, ReportsEveryRequestToTheObserver) {
  std::mutex mutex;
  std::vector<std::string> seen;
  ServerOptions options;
  options.observer = [&](const RequestRecord& record) {
    std::scoped_lock lock(mutex);
    seen.push_back(fmt::format("{} {} {} {} {} {}", record.method, record.pattern, record.status,
                               record.body_bytes_received, record.body_bytes_sent,
                               record.client_request_id));
  };
  {
    TestServer server(router_, options);
    RawClient client(server.port());
    client.exchange(
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
        "X-Client-Request-Id: mine\r\n\r\nab");
    client.exchange("GET /none HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  EXPECT_THAT(
      seen, ::testing::ElementsAre("POST /echo 200 2 2 mine", ::testing::StartsWith("GET  404 0")));
}

}  // namespace
}  // namespace http::testing
