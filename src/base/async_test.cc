#include "base/async.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <thread>

namespace {

using namespace std::chrono_literals;

TEST(OnPool, ReturnsTheResultOnTheCallersExecutor) {
  base::asio::io_context io;
  base::Pools pools;
  int result = 0;
  bool same_thread = false;
  const auto main_thread = std::this_thread::get_id();
  auto body = [](base::Pools& pools, int& result, bool& same_thread,
                 std::thread::id main_thread) -> base::awaitable<> {
    result = co_await base::on_pool(pools.work, [] { return 42; });
    same_thread = std::this_thread::get_id() == main_thread;
  };
  base::asio::co_spawn(io, body(pools, result, same_thread, main_thread), base::asio::detached);
  io.run();
  EXPECT_EQ(result, 42);
  EXPECT_TRUE(same_thread);
}

TEST(TaskGroup, CancelEndsTasksAndWaitSeesIt) {
  base::asio::io_context io;
  base::TaskGroup group(io.get_executor());
  bool ended = false;
  auto sleeper = [](bool& ended) -> base::awaitable<> {
    try {
      co_await base::sleep_for(1h);
    } catch (const boost::system::system_error&) {
      ended = true;
    }
  };
  group.spawn(sleeper(ended));
  auto stop = [](base::TaskGroup& group) -> base::awaitable<> {
    co_await base::sleep_for(1ms);
    group.cancel();
    co_await group.wait();
  };
  base::asio::co_spawn(io, stop(group), base::asio::detached);
  io.run();
  EXPECT_TRUE(ended);
  EXPECT_EQ(group.size(), 0u);
}

}  // namespace
