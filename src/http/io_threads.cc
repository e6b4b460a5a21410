#include "http/io_threads.h"

#include "base/log.h"

namespace http {

IoThreads::IoThreads(std::size_t threads)
    : context_(static_cast<int>(threads)), work_(boost::asio::make_work_guard(context_)) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { context_.run(); });
  }
}

IoThreads::~IoThreads() {
  stop();
}

void IoThreads::stop() {
  work_.reset();
  context_.stop();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace http
