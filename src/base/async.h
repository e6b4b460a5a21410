// The coroutine vocabulary of everything that waits: awaitable<T>, work on a named pool, groups of
// running tasks. Based on Boost.Asio; network types stay in http.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace base {

namespace asio = boost::asio;
template <class T = void>
using awaitable = asio::awaitable<T>;

// The pools for blocking work. Owned by app, passed by reference, outlive every coroutine.
struct Pools {
  asio::thread_pool store;  // SQLite and other short disk work
  asio::thread_pool
      work;  // templates, tokenizing, parsing, hashing: anything that would hold up an IO thread

  explicit Pools(std::size_t store_threads = 4, std::size_t work_threads = 2)
      : store(store_threads), work(work_threads) {}
};

// Runs fn() on the pool and resumes the caller on its own executor with the result, which fn must
// have. `co_await on_pool(pools.store, [&] { return repo.find(id); })` fn must not throw (wrap
// libraries that do); it runs to its end even when the caller is cancelled.
template <class Fn>
awaitable<std::invoke_result_t<Fn>> on_pool(asio::thread_pool& pool, Fn fn) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(std::invoke_result_t<Fn>)>(
      [&pool](auto handler, Fn fn) {
        asio::post(pool, [handler = std::move(handler), fn = std::move(fn)]() mutable {
          auto executor = asio::get_associated_executor(handler);
          asio::post(executor, [handler = std::move(handler), result = fn()]() mutable {
            std::move(handler)(std::move(result));
          });
        });
      },
      asio::use_awaitable, std::move(fn));
}

// Waits. Throws boost::system::system_error(operation_aborted) when the coroutine is cancelled.
awaitable<> sleep_for(std::chrono::nanoseconds duration);

// Spawned coroutines that shutdown can cancel and wait for. Any thread.
// Invariant: `wait` returns only when every task has ended; a task spawned after `cancel` is
// cancelled at once.
class TaskGroup {
 public:
  explicit TaskGroup(asio::any_io_executor executor);
  ~TaskGroup();  // CHECKs that no task is running

  void spawn(awaitable<> task);
  // On another executor, e.g. a strand of its own.
  void spawn_on(asio::any_io_executor executor, awaitable<> task);
  void cancel();
  awaitable<> wait();
  std::size_t size() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the completion handlers of the tasks
};

}  // namespace base
