// What a hostile or broken client may send, byte for byte: never a crash, never two readings of the
// same bytes, always one answer and the end of the connection.
#include <gmock/gmock.h>

#include "http/test_client.h"

namespace http::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::string_literals;

awaitable<Response> echo_body(Request& request) {
  auto body = co_await request.body();
  if (!body) {
    const int status = body.error().code == ErrorCode::TooLarge ? 413 : 400;
    co_return Response::text(body.error().message, status);
  }
  co_return Response::text("[" + *body + "]");
}

awaitable<Response> ignore(Request&) {
  co_return Response::text("ignored");
}

class FramingTest : public ::testing::Test {
 protected:
  FramingTest() {
    router_.get("/", ignore);
    router_.post("/", echo_body, {.body_bytes_max = 20});
    router_.post("/ignore", ignore);
    server_.emplace(router_,
                    ServerOptions{.limits = {.header_bytes_max = 2000, .target_bytes_max = 500}});
  }
  // Everything the server says until it closes.
  std::string answer(std::string_view text) {
    RawClient client(server_->port());
    client.send(text);
    client.half_close();
    return client.read_all();
  }
  Router router_;
  std::optional<TestServer> server_;
};

struct Case {
  const char* what;
  std::string text;
  int status;
};

std::vector<Case> refused() {
  const std::string post = "POST / HTTP/1.1\r\nHost: x\r\n";
  return {
      {"two different lengths", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
      {"the same length twice", post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
      {"a list of lengths", post + "Content-Length: 3, 3\r\n\r\nabc", 400},
      {"length and chunked",
       post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked and length",
       post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
      {"chunked twice",
       post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"an unknown encoding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {"a disguised encoding", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
      {"chunked in HTTP/1.0",
       "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"a negative length", post + "Content-Length: -3\r\n\r\n", 400},
      {"a signed length", post + "Content-Length: +3\r\n\r\nabc", 400},
      {"a length beyond 64 bits", post + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"a hexadecimal length", post + "Content-Length: 0x3\r\n\r\nabc", 400},
      {"an empty length", post + "Content-Length:\r\n\r\n", 400},
      {"a blank before the colon", post + "Content-Length : 3\r\n\r\nabc", 400},
      {"obsolete folding", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400},
      {"folding of the first header", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400},
      {"bare line feeds", "GET / HTTP/1.1\nHost: x\n\n", 400},
      {"one bare line feed", "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", 400},
      {"a bare carriage return", "GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400},
      {"a NUL in a value", "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n"s, 400},
      {"a NUL in the target", "GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n"s, 400},
      {"a control character in a name", "GET / HTTP/1.1\r\nHost: x\r\nA\x01: b\r\n\r\n", 400},
      {"a header without a colon", "GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", 400},
      {"a header without a name", "GET / HTTP/1.1\r\nHost: x\r\n: v\r\n\r\n", 400},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
      {"a target and a host that differ", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", 400},
      {"a target of another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"a fragment", "GET /#x HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"a relative target", "GET x HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"two blanks", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"no version", "GET /\r\nHost: x\r\n\r\n", 400},
      {"HTTP/2", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
      {"the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"a version in lower case", "GET / http/1.1\r\nHost: x\r\n\r\n", 400},
      {"a TLS handshake", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s, 400},
      {"another expectation", post + "Expect: miracles\r\nContent-Length: 1\r\n\r\na", 417},
      {"a long target", "GET /" + std::string(600, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
      {"an endless target", "GET /" + std::string(1500, 'a'), 414},
      {"long headers", "GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(2000, 'a') + "\r\n\r\n",
       431},
      {"endless headers", "GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(3000, 'a'), 431},
      {"an unknown method", "BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501},
      {"a declared body above the limit", post + "Content-Length: 21\r\n\r\n", 413},
      {"a chunked body above the limit",
       post + "Transfer-Encoding: chunked\r\n\r\n15\r\n" + std::string(21, 'x') + "\r\n0\r\n\r\n",
       413},
      {"a chunk size that is not one", post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"a negative chunk size", post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400},
      {"a chunk size beyond 64 bits",
       post + "Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\n", 400},
      {"a chunk longer than it says",
       post + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", 400},
      {"a bare line feed after a chunk size", post + "Transfer-Encoding: chunked\r\n\r\n1\na\r\n",
       400},
      {"a length in a trailer",
       post + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 3\r\n\r\nabc", 400},
  };
}

TEST_F(FramingTest, RefusesWhatCouldBeReadTwoWays) {
  for (const auto& test : refused()) {
    const auto response = answer(test.text);
    EXPECT_THAT(response, StartsWith("HTTP/1.1 " + std::to_string(test.status))) << test.what;
    EXPECT_EQ(response.find("HTTP/1.1 ", 1), std::string::npos) << test.what << "\n" << response;
  }
}

TEST_F(FramingTest, TakesTheSameBytesOneByOne) {
  RawClient client(server_->port());
  for (const char c : std::string("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "3\r\nabc\r\n01;a=\"b\"\r\nd\r\n0\r\nX: y\r\n\r\n")) {
    client.send({&c, 1});
  }
  EXPECT_THAT(client.read_response(), ::testing::EndsWith("\r\n\r\n[abcd]"));
}

TEST_F(FramingTest, AnswersPipelinedRequestsInOrder) {
  RawClient client(server_->port());
  std::string many;
  for (int i = 0; i < 1000; ++i) {
    const auto body = std::to_string(i);
    many += "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\n\r\n" + body;
  }
  client.send(many);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_THAT(client.read_response(), ::testing::EndsWith("[" + std::to_string(i) + "]"));
  }
}

TEST_F(FramingTest, BodyAtTheLimitPasses) {
  RawClient client(server_->port());
  const std::string body(20, 'x');
  EXPECT_THAT(client.exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n" + body),
              ::testing::EndsWith("[" + body + "]"));
  EXPECT_THAT(
      client.exchange("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n" +
                      body + "\r\n0\r\n\r\n"),
      ::testing::EndsWith("[" + body + "]"));
}

TEST_F(FramingTest, SkipsABodyTheHandlerDidNotWant) {
  RawClient client(server_->port());
  client.send("POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /");
  EXPECT_THAT(client.read_response(), ::testing::EndsWith("ignored"));
  EXPECT_THAT(client.exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"),
              ::testing::EndsWith("[a]"));
}

TEST_F(FramingTest, AsksForABodyThatWaitsForContinue) {
  RawClient client(server_->port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(client.exchange("abc"), ::testing::EndsWith("[abc]"));
  // A handler that does not read the body answers at once, and the connection ends.
  client.send(
      "POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  const auto response = client.read_all();
  EXPECT_THAT(response, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(response, HasSubstr("connection: close"));
}

TEST_F(FramingTest, SpeaksHttp10) {
  EXPECT_THAT(answer("GET / HTTP/1.0\r\n\r\n"), HasSubstr("connection: close\r\n"));
  RawClient client(server_->port());
  EXPECT_THAT(client.exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              HasSubstr("connection: keep-alive\r\n"));
  EXPECT_THAT(client.exchange("GET / HTTP/1.0\r\n\r\n"), HasSubstr("connection: close\r\n"));
}

TEST_F(FramingTest, TakesAbsoluteTargetsAndLeadingEmptyLines) {
  EXPECT_THAT(answer("\r\n\r\nGET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n"),
              StartsWith("HTTP/1.1 200"));
}

TEST_F(FramingTest, AResponseHeaderCannotBeginASecondResponse) {
  Response response = Response::text("x");
  EXPECT_FALSE(is_field_value("a\r\nb"));
  EXPECT_FALSE(is_token("a b"));
  EXPECT_TRUE(is_field_value("caf\xc3\xa9 \t"));
}

}  // namespace
}  // namespace http::testing
