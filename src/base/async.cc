#include "base/async.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/impl/src.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>

#include "base/check.h"
#include "base/log.h"

namespace base {

awaitable<> sleep_for(std::chrono::nanoseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(duration);
  co_await timer.async_wait(asio::use_awaitable);
}

struct TaskGroup::State {
  struct Task {
    asio::any_io_executor executor;
    asio::cancellation_signal signal;
  };

  explicit State(asio::any_io_executor executor) : executor(std::move(executor)) {}

  asio::any_io_executor executor;
  mutable std::mutex mutex;
  std::list<std::shared_ptr<Task>>
      tasks;  // shared with the handler that emits the signal on the task's executor
  bool cancelled = false;
};

TaskGroup::TaskGroup(asio::any_io_executor executor)
    : state_(std::make_shared<State>(std::move(executor))) {}

TaskGroup::~TaskGroup() {
  CHECK(size() == 0);
}

void TaskGroup::spawn(awaitable<> task) {
  spawn_on(state_->executor, std::move(task));
}

void TaskGroup::spawn_on(asio::any_io_executor executor, awaitable<> body) {
  // A strand keeps the emitted cancellation and the coroutine from running at once.
  auto strand = asio::any_io_executor(asio::make_strand(executor));
  auto task = std::make_shared<State::Task>(strand);
  bool cancel_now = false;
  {
    std::scoped_lock lock(state_->mutex);
    state_->tasks.push_back(task);
    cancel_now = state_->cancelled;
  }
  auto finished = [state = state_, task](std::exception_ptr error) {
    if (error) {
      try {
        std::rethrow_exception(error);
      } catch (const boost::system::system_error& e) {
        if (e.code() != asio::error::operation_aborted) LOG(Warning, "task ended: {}", e.what());
      } catch (const std::exception& e) {
        LOG(Error, "task ended: {}", e.what());
      }
    }
    std::scoped_lock lock(state->mutex);
    state->tasks.remove(task);
  };
  asio::co_spawn(strand, std::move(body),
                 asio::bind_cancellation_slot(task->signal.slot(), std::move(finished)));
  if (cancel_now) {
    asio::post(strand, [task] { task->signal.emit(asio::cancellation_type::terminal); });
  }
}

void TaskGroup::cancel() {
  std::scoped_lock lock(state_->mutex);
  state_->cancelled = true;
  for (const auto& task : state_->tasks) {
    asio::post(task->executor, [task] { task->signal.emit(asio::cancellation_type::terminal); });
  }
}

awaitable<> TaskGroup::wait() {
  auto state = state_;
  co_await asio::post(state->executor, asio::use_awaitable);
  while (true) {
    {
      std::scoped_lock lock(state->mutex);
      if (state->tasks.empty()) co_return;
    }
    // Only shutdown waits, so a short poll is enough and cannot miss a wake-up.
    asio::steady_timer poll(state->executor);
    poll.expires_after(std::chrono::milliseconds(5));
    boost::system::error_code ignored;
    co_await poll.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

std::size_t TaskGroup::size() const {
  std::scoped_lock lock(state_->mutex);
  return state_->tasks.size();
}

}  // namespace base
