#include "api/responses/announcements.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

namespace api::responses {
namespace {

using namespace std::chrono_literals;
namespace asio = base::asio;

base::awaitable<> follow(Announcements& announcements, int& heard) {
  auto executor = co_await asio::this_coro::executor;
  Announcements::Follower follower(announcements, "resp_1", executor);
  follower.reset();
  co_await follower.wait(1h);
  ++heard;
}

base::awaitable<> announce_before_waiting(Announcements& announcements, bool& returned) {
  auto executor = co_await asio::this_coro::executor;
  Announcements::Follower follower(announcements, "resp_1", executor);
  follower.reset();
  announcements.announce("resp_1");
  co_await asio::post(executor, asio::use_awaitable);  // the announcement arrives
  co_await follower.wait(1h);
  returned = true;
}

TEST(Announcements, EveryFollowerOfTheStreamHears) {
  asio::io_context io;
  Announcements announcements;
  int heard = 0;
  for (int i = 0; i < 3; ++i) asio::co_spawn(io, follow(announcements, heard), asio::detached);
  asio::post(io, [&] { announcements.announce("resp_2"); });
  asio::post(io, [&] { announcements.announce("resp_1"); });
  io.run();
  EXPECT_EQ(heard, 3);
}

TEST(Announcements, WhatCameBetweenReadingAndWaitingIsNotMissed) {
  asio::io_context io;
  Announcements announcements;
  bool returned = false;
  asio::co_spawn(io, announce_before_waiting(announcements, returned), asio::detached);
  io.run();
  EXPECT_TRUE(returned);
}

}  // namespace
}  // namespace api::responses
