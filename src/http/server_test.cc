#include "http/server.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <thread>

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

}  // namespace
}  // namespace http::testing
