// The database seam: snapshots to read from, and durable writes through one writer with group
// commit. Knows transactions, not what is in them (store/repo does). Two drivers: SQLite here,
// PostgreSQL later.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/async.h"
#include "base/error.h"
#include "store/db/session.h"

namespace store {

// One closure in a writer's queue. `run` says whether to keep its changes; then, after the group is
// durable or has failed, `done` is called exactly once, on the writer's thread.
struct QueuedWrite {
  std::move_only_function<Status(Transaction&)> run;
  std::move_only_function<void(Status)> done;
};

// Lifetime: owned by app; must outlive every coroutine and pool job that uses it, and be closed
// before the executors that `write` resumes on are destroyed. Any thread.
// Invariant: when a write reports success, it survives kill -9 and power loss; when it reports an
// error, its changes did not happen (after a lost commit acknowledgement: may have).
//
// Closures get a Session& or a Transaction& and return a Result<T>. They must not throw, must not
// keep the session, and must not call the Database again (a write waiting for a write never ends).
class Database {
 public:
  virtual ~Database() = default;

  // Runs fn on a snapshot, on the calling thread. Overloaded when no connection comes free in time.
  template <class Fn>
  std::invoke_result_t<Fn&, Session&> read_blocking(Fn fn) {
    std::optional<std::invoke_result_t<Fn&, Session&>> result;
    auto status = read_session([&](Session& session) -> Status {
      result.emplace(fn(session));
      return {};
    });
    if (!status) return fail(std::move(status.error()));
    return std::move(*result);
  }

  // The same on a pool, for coroutines.
  template <class Fn>
  base::awaitable<std::invoke_result_t<Fn&, Session&>> read(base::asio::thread_pool& pool, Fn fn) {
    return base::on_pool(
        pool, [this, fn = std::move(fn)]() mutable { return read_blocking(std::move(fn)); });
  }

  // Runs fn in the writer's next group; returns when it is durable. Occupies the calling thread,
  // so on an IO thread use `write`.
  template <class Fn>
  std::invoke_result_t<Fn&, Transaction&> write_blocking(Fn fn) {
    using Out = std::invoke_result_t<Fn&, Transaction&>;
    std::promise<Out> promise;
    auto future = promise.get_future();
    submit_with(std::move(fn), [&promise](Out out) { promise.set_value(std::move(out)); });
    return future.get();
  }

  // `co_await db.write(fn)`: occupies no thread while it waits, resumes on the caller's executor.
  // Runs to its end even when the caller is cancelled. Inside a co_await expression, fn may capture
  // by reference or trivial values; a lambda that captures a string or the like needs a name first
  // (`auto fn = [s]...; co_await db.write(std::move(fn));`): g++ 12 destroys such temporaries
  // twice.
  template <class Fn>
  base::awaitable<std::invoke_result_t<Fn&, Transaction&>> write(Fn fn) {
    using Out = std::invoke_result_t<Fn&, Transaction&>;
    return base::asio::async_initiate<const base::asio::use_awaitable_t<>, void(Out)>(
        [this](auto handler, Fn fn) {
          this->submit_with(std::move(fn), [handler = std::move(handler)](Out out) mutable {
            auto executor = base::asio::get_associated_executor(handler);
            base::asio::post(executor,
                             [handler = std::move(handler), out = std::move(out)]() mutable {
                               std::move(handler)(std::move(out));
                             });
          });
        },
        base::asio::use_awaitable, std::move(fn));
  }

  // Reads every page: minutes on a large database. CorruptData says what is wrong.
  virtual Status integrity_check() = 0;

  // Finishes queued writes, then refuses new ones (Overloaded). Called once by the destructor too.
  virtual void close() = 0;

 protected:
  using ReadBody = std::function<Status(Session&)>;

  virtual Status read_session(const ReadBody& body) = 0;
  virtual void submit(QueuedWrite write) = 0;

 private:
  template <class Fn, class Done>
  void submit_with(Fn fn, Done done) {
    using Out = std::invoke_result_t<Fn&, Transaction&>;
    struct State {
      Fn fn;
      Done done;
      std::optional<Out> out;
    };
    // Shared by the two halves of the Write, which the writer destroys together.
    auto state = std::make_shared<State>(State{std::move(fn), std::move(done), std::nullopt});
    submit({.run = [state](Transaction& transaction) -> Status {
              state->out.emplace(state->fn(transaction));
              if (!*state->out) return fail(state->out->error());
              return {};
            },
            .done =
                [state](Status status) {
                  if (!status) state->out.emplace(fail(std::move(status.error())));
                  state->done(std::move(*state->out));
                }});
  }
};

}  // namespace store
