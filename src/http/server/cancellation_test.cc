// Clients that go away, stay too slow or outstay a drain.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "http/test_client.h"

namespace http::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// What the handlers of these tests report. Waiting is by condition, with a limit for failures.
class Handlers {
 public:
  awaitable<Response> wait(Request&) {
    ++started;
    try {
      co_await base::sleep_for(1h);
    } catch (const boost::system::system_error&) {
      ++cancelled;
      throw;
    }
    co_return Response::text("never");
  }
  awaitable<Response> wait_a_little(Request&) {
    ++started;
    co_await base::sleep_for(50ms);
    co_return Response::text("done");
  }
  awaitable<Response> events(Request&) { co_return Response::sse(this, &Handlers::one_then_wait); }
  awaitable<> one_then_wait(SseWriter& out) {
    co_await out.data("first");
    ++started;
    try {
      co_await base::sleep_for(1h);
    } catch (const boost::system::system_error&) {
      ++cancelled;
      throw;
    }
  }
  awaitable<Response> flood(Request&) { co_return Response::sse(this, &Handlers::write_for_ever); }
  awaitable<> write_for_ever(SseWriter& out) {
    const std::string data(1000, 'x');
    try {
      while (true) {
        co_await out.data(data);
        ++written;
      }
    } catch (const boost::system::system_error&) {
      ++cancelled;
      throw;
    }
  }
  awaitable<Response> fail_early(Request&) {
    co_return Response::sse(this, &Handlers::throw_first);
  }
  awaitable<> throw_first(SseWriter&) {
    throw std::runtime_error("before the first byte");
    co_return;
  }
  awaitable<Response> fail_late(Request&) { co_return Response::sse(this, &Handlers::throw_later); }
  awaitable<> throw_later(SseWriter& out) {
    co_await out.data("one");
    co_await out.flush();
    throw std::runtime_error("after it");
  }

  std::atomic<int> started = 0;
  std::atomic<int> cancelled = 0;
  std::atomic<int> written = 0;
};

void expect_soon(const std::atomic<int>& value, int expected) {
  const auto limit = Clock::now() + 5s;
  while (value < expected && Clock::now() < limit) std::this_thread::yield();
  EXPECT_EQ(value, expected);
}

class CancellationTest : public ::testing::Test {
 protected:
  CancellationTest() {
    router_.get("/wait", &handlers_, &Handlers::wait);
    router_.get("/limited", &handlers_, &Handlers::wait, {.handler_time_max = 40ms});
    router_.get("/little", &handlers_, &Handlers::wait_a_little);
    router_.get("/events", &handlers_, &Handlers::events);
    router_.get("/flood", &handlers_, &Handlers::flood);
    router_.get("/early", &handlers_, &Handlers::fail_early);
    router_.get("/late", &handlers_, &Handlers::fail_late);
  }
  static std::string get(std::string_view path) {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  // How long after `leave` the handler of `path` hears of it.
  template <class Leave>
  void expect_cancelled(std::string_view path, Leave leave) {
    TestServer server(router_);
    RawClient client(server.port());
    client.send(get(path));
    expect_soon(handlers_.started, 1);
    const auto left_at = Clock::now();
    leave(client);
    expect_soon(handlers_.cancelled, 1);
    EXPECT_LT(Clock::now() - left_at, 200ms);
  }

  Handlers handlers_;
  Router router_;
};

TEST_F(CancellationTest, ClosingCancelsAWaitingHandler) {
  expect_cancelled("/wait", [](RawClient& client) { client.close(); });
}

TEST_F(CancellationTest, ResettingCancelsAWaitingHandler) {
  expect_cancelled("/wait", [](RawClient& client) { client.reset(); });
}

TEST_F(CancellationTest, ClosingCancelsAStream) {
  expect_cancelled("/events", [](RawClient& client) { client.close(); });
}

TEST_F(CancellationTest, ResettingCancelsAStream) {
  expect_cancelled("/events", [](RawClient& client) { client.reset(); });
}

TEST_F(CancellationTest, AHalfClosedClientStillGetsItsAnswer) {
  TestServer server(router_);
  RawClient client(server.port());
  client.send(get("/little"));
  client.half_close();
  EXPECT_THAT(client.read_all(), HasSubstr("HTTP/1.1 200 OK\r\n"));
}

TEST_F(CancellationTest, AHandlerBeyondItsTimeIsCancelledAndAnswered) {
  TestServer server(router_, {.limits = {.header_time_max = 100ms}});
  RawClient client(server.port());
  EXPECT_THAT(client.exchange(get("/limited")), StartsWith("HTTP/1.1 504"));
  EXPECT_EQ(handlers_.cancelled, 1);
  EXPECT_THAT(client.exchange(get("/little")), StartsWith("HTTP/1.1 200"));
}

TEST_F(CancellationTest, PipelinedBytesDoNotDisturbARunningHandler) {
  TestServer server(router_);
  RawClient client(server.port());
  client.send(get("/little"));
  expect_soon(handlers_.started, 1);
  client.send(get("/little"));
  EXPECT_THAT(client.read_response(), ::testing::EndsWith("done"));
  EXPECT_THAT(client.read_response(), ::testing::EndsWith("done"));
}

TEST_F(CancellationTest, AReaderThatStopsHoldsTheWriterAndIsCutOff) {
  TestServer server(router_, {.limits = {.write_stall_time_max = 200ms}});
  RawClient client(server.port());
  client.send(get("/flood"));
  expect_soon(handlers_.cancelled, 1);
  // What the writer could get rid of: our buffers and the kernel's, not everything it had.
  EXPECT_LT(handlers_.written, 20'000);
}

TEST_F(CancellationTest, AStreamThatFailsBeforeItsFirstByteIsAnError) {
  TestServer server(router_);
  RawClient client(server.port());
  EXPECT_THAT(client.exchange(get("/early")), StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(client.exchange(get("/little")), StartsWith("HTTP/1.1 200"));
}

TEST_F(CancellationTest, AStreamThatFailsLaterIsCutOff) {
  TestServer server(router_);
  RawClient client(server.port());
  client.send(get("/late"));
  const auto response = client.read_all();
  EXPECT_THAT(response, HasSubstr("data: one\n\n"));
  EXPECT_THAT(response, ::testing::Not(HasSubstr("0\r\n\r\n")));
}

TEST_F(CancellationTest, AnIdleStreamIsKeptAlive) {
  TestServer server(router_, {.limits = {.sse_keep_alive_interval = 20ms}});
  RawClient client(server.port());
  client.send(get("/events"));
  EXPECT_THAT(client.read_until(": keep-alive\n\n"), HasSubstr("data: first\n\n"));
  EXPECT_THAT(client.read_until(": keep-alive\n\n"), HasSubstr("keep-alive"));
}

TEST_F(CancellationTest, DrainingFinishesWhatRunsAndClosesWhatIdles) {
  TestServer server(router_);
  RawClient busy(server.port());
  RawClient idle(server.port());
  idle.exchange(get("/little"));
  busy.send(get("/little"));
  expect_soon(handlers_.started, 2);
  server.stop();
  const auto response = busy.read_all();
  EXPECT_THAT(response, HasSubstr("connection: close\r\n"));
  EXPECT_THAT(response, ::testing::EndsWith("done"));
  EXPECT_EQ(idle.read_all(), "");
}

TEST_F(CancellationTest, DrainingCancelsWhatDoesNotEndInTime) {
  TestServer server(router_, {.limits = {.drain_time_max = 30ms}});
  RawClient client(server.port());
  client.send(get("/events"));
  expect_soon(handlers_.started, 1);
  server.stop();
  EXPECT_EQ(handlers_.cancelled, 1);
}

}  // namespace
}  // namespace http::testing
