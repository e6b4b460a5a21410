// For tests: a blocking raw client, a server on a free port, and a way to run a coroutine.
#pragma once

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <string_view>

#include "http/io_threads.h"
#include "http/server.h"
#include "http/standard_headers.h"

namespace http::testing {

using tcp = boost::asio::ip::tcp;

// Runs the coroutine on the executor and waits for its result. Not from an IO thread.
template <class T>
T run(boost::asio::any_io_executor executor, awaitable<T> task) {
  return boost::asio::co_spawn(executor, std::move(task), boost::asio::use_future).get();
}

// A server with one IO thread, stopped at the end.
class TestServer {
 public:
  explicit TestServer(const Router& router, ServerOptions options = {}, std::size_t threads = 1)
      : threads_(threads), server_(threads_.executor(), router, random_, std::move(options)) {
    const auto started = server_.start();
    EXPECT_TRUE(started) << (started ? "" : started.error().message);
  }
  ~TestServer() { stop(); }

  void stop() {
    if (stopped_) return;
    stopped_ = true;
    run(threads_.executor(), server_.stop());
    threads_.stop();
  }
  std::uint16_t port() const { return server_.port(); }
  Server& server() { return server_; }
  boost::asio::any_io_executor executor() { return threads_.executor(); }

 private:
  base::SystemRandom random_;
  IoThreads threads_;
  Server server_;
  bool stopped_ = false;
};

// A socket that sends exactly what the test says.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(io_) {
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
    socket_.set_option(tcp::no_delay(true));
    // A hung server fails the test instead of hanging it.
    const timeval limit{10, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  void send(std::string_view text) {
    boost::system::error_code ignored;
    boost::asio::write(socket_, boost::asio::buffer(text.data(), text.size()), ignored);
  }
  void half_close() { socket_.shutdown(tcp::socket::shutdown_send); }
  void close() { socket_.close(); }
  // Closes with a reset instead of an orderly end.
  void reset() {
    socket_.set_option(boost::asio::socket_base::linger(true, 0));
    socket_.close();
  }
  tcp::socket& socket() { return socket_; }

  // Everything up to and including `end`; what came before the connection closed, otherwise.
  std::string read_until(std::string_view end) {
    while (true) {
      const auto at = buffer_.find(end);
      if (at != std::string::npos) return take(at + end.size());
      if (!more()) return take(buffer_.size());
    }
  }
  std::string read_bytes(std::size_t n) {
    while (buffer_.size() < n && more()) {
    }
    return take(std::min(n, buffer_.size()));
  }
  // Until the server closes.
  std::string read_all() {
    while (more()) {
    }
    return take(buffer_.size());
  }
  // One response with Content-Length: the head and the body.
  std::string read_response() {
    auto head = read_until("\r\n\r\n");
    const auto at = head.find("content-length: ");
    if (at == std::string::npos) return head;
    return head + read_bytes(std::stoul(head.substr(at + 16)));
  }
  std::string exchange(std::string_view text) {
    send(text);
    return read_response();
  }

 private:
  bool more() {
    char piece[4096];
    const auto n = ::recv(socket_.native_handle(), piece, sizeof piece, 0);
    if (n > 0) buffer_.append(piece, static_cast<std::size_t>(n));
    return n > 0;
  }
  std::string take(std::size_t n) {
    auto text = buffer_.substr(0, n);
    buffer_.erase(0, n);
    return text;
  }

  boost::asio::io_context io_;
  tcp::socket socket_;
  std::string buffer_;
};

}  // namespace http::testing
