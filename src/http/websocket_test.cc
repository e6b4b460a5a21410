#include "http/websocket.h"

#include <gmock/gmock.h>

#include "http/test_client.h"

namespace http::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::string_literals;

awaitable<> echo_messages(WebSocket& socket, Request&) {
  while (true) {
    auto message = co_await socket.read();
    if (!message) co_return;
    if (message->data == "bye")
      co_return co_await socket.close(CloseCode::PolicyViolation, "asked");
    Status sent;
    if (message->is_text) {
      sent = co_await socket.send_text(message->data);
    } else {
      sent = co_await socket.send_binary(message->data);
    }
    if (!sent) co_return;
  }
}

class NoCookies final : public Middleware {
 public:
  awaitable<std::optional<Response>> before(Request& request) override {
    if (!request.headers().contains("cookie")) co_return std::nullopt;
    co_return Response::text("no", 401);
  }
};

std::string masked(char opcode, std::string_view data, bool final = true) {
  std::string frame{static_cast<char>((final ? 0x80 : 0) | opcode),
                    static_cast<char>(0x80 | data.size()),
                    1,
                    2,
                    3,
                    4};
  for (std::size_t i = 0; i < data.size(); ++i) {
    frame += static_cast<char>(data[i] ^ static_cast<char>(i % 4 + 1));
  }
  return frame;
}

class WebSocketTest : public ::testing::Test {
 protected:
  WebSocketTest() {
    router_.use(std::make_unique<StandardHeaders>());
    router_.use(std::make_unique<NoCookies>());
    router_.websocket("/echo", echo_messages, {.websocket_protocols = {"realtime"}});
    server_.emplace(router_);
  }
  std::string upgrade(RawClient& client, std::string_view extra = "") {
    client.send(
        "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        std::string(extra) + "\r\n");
    return client.read_until("\r\n\r\n");
  }
  Router router_;
  std::optional<TestServer> server_;
};

TEST_F(WebSocketTest, UpgradesAndEchoesMessages) {
  RawClient client(server_->port());
  const auto head = upgrade(client, "Sec-WebSocket-Protocol: other, realtime\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
  EXPECT_THAT(head, HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  EXPECT_THAT(head, HasSubstr("Sec-WebSocket-Protocol: realtime\r\n"));
  EXPECT_THAT(head, HasSubstr("x-request-id: req_"));
  client.send(masked(1, "hi"));
  EXPECT_EQ(client.read_bytes(4), "\x81\x02hi");
  client.send(masked(2, "\xff\x00"s));
  EXPECT_EQ(client.read_bytes(4), "\x82\x02\xff\x00"s);
  client.send(masked(1, "a", false) + masked(9, "p") + masked(0, "b"));
  EXPECT_EQ(client.read_bytes(3), "\x8a\x01p");
  EXPECT_EQ(client.read_bytes(4), "\x81\x02"s + "ab");
}

TEST_F(WebSocketTest, ClosesWithTheCodesOfTheStandard) {
  RawClient asked(server_->port());
  upgrade(asked);
  asked.send(masked(1, "bye"));
  EXPECT_EQ(asked.read_bytes(9), "\x88\x07\x03\xf0"s + "asked");
  asked.close();

  RawClient not_utf8(server_->port());
  upgrade(not_utf8);
  not_utf8.send(masked(1, "\xff"));
  EXPECT_THAT(not_utf8.read_bytes(4), ::testing::EndsWith("\x03\xef"));  // 1007

  RawClient unmasked(server_->port());
  upgrade(unmasked);
  unmasked.send("\x81\x02hi");
  EXPECT_THAT(unmasked.read_bytes(4), ::testing::EndsWith("\x03\xea"));  // 1002
}

TEST_F(WebSocketTest, RefusesWhatIsNotAnUpgrade) {
  RawClient plain(server_->port());
  EXPECT_THAT(plain.exchange("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 426"));
  RawClient unwanted(server_->port());
  EXPECT_THAT(upgrade(unwanted, "Cookie: x\r\n"), StartsWith("HTTP/1.1 401"));
}

TEST_F(WebSocketTest, SaysGoodbyeWhenTheServerDrains) {
  RawClient client(server_->port());
  upgrade(client);
  client.send(masked(1, "hi"));
  EXPECT_EQ(client.read_bytes(4), "\x81\x02hi");
  auto stopped = std::async(std::launch::async, [&] { server_->stop(); });
  EXPECT_THAT(client.read_bytes(4), ::testing::EndsWith("\x03\xe9"));  // 1001
  client.send(masked(8, "\x03\xe9"));
  client.close();
  stopped.get();
}

}  // namespace
}  // namespace http::testing
