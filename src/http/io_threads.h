// The IO threads: one io_context and the threads that run it. Owned by app (and by tests); servers
// and clients work on its executor.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <thread>
#include <vector>

#include "base/async.h"

namespace http {

// Any thread. The destructor stops the context and joins; coroutines still waiting are destroyed,
// so stop servers and task groups first.
class IoThreads {
 public:
  explicit IoThreads(std::size_t threads);
  ~IoThreads();

  boost::asio::any_io_executor executor() { return context_.get_executor(); }
  // Stops and joins; nothing runs afterwards.
  void stop();

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::vector<std::thread> threads_;
};

}  // namespace http
