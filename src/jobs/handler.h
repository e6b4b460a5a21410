// What a kind of job brings: a coroutine that does the work, and what to store when it ends without
// having finished by itself.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/async.h"
#include "jobs/job.h"
#include "jobs/queue.h"
#include "jobs/queue_clock.h"
#include "store/db/database.h"

namespace jobs {

// How one attempt ended.
struct Outcome {
  enum class Kind { Done, Retry, Fail };
  Kind kind = Kind::Done;
  std::string reason = {};

  static Outcome done() { return {}; }
  // Another attempt later, while one is left; then like fail.
  static Outcome retry(std::string reason) { return {Kind::Retry, std::move(reason)}; }
  static Outcome fail(std::string reason) { return {Kind::Fail, std::move(reason)}; }
};

// One attempt at one job, as its handler sees it. Lives as long as the handler's coroutine.
// Invariant: nothing is written through it once the job is another worker's or has ended; the
// writes say Conflict then, and the handler should return.
class Attempt {
 public:
  Attempt(const Job& job, store::Database& database, const QueueClock& clock)
      : job_(job), database_(database), clock_(clock) {}

  const Job& job() const { return job_; }
  Lease lease() const { return {job_.id, job_.epoch}; }

  // `fn(Transaction&)` in a transaction that holds only while the lease does.
  template <class Fn>
  base::awaitable<std::invoke_result_t<Fn&, store::Transaction&>> write(Fn fn) {
    return database_.write(
        [lease = lease(), fn = std::move(fn)](store::Transaction& transaction) mutable
            -> std::invoke_result_t<Fn&, store::Transaction&> {
          if (auto held = queue::check(transaction, lease); !held) {
            return ::fail(std::move(held.error()));
          }
          return fn(transaction);
        });
  }

  // Stores the result by `fn(Transaction&) -> Status` and ends the job as Succeeded, both or
  // neither: a result is recorded once.
  template <class Fn>
  base::awaitable<Status> finish(Fn fn) {
    auto status = co_await database_.write([this, &fn](store::Transaction& transaction) -> Status {
      if (auto ended = queue::succeed(transaction, lease(), clock_.now_ms()); !ended) {
        return ended;
      }
      return fn(transaction);
    });
    finished_ = status.has_value();
    co_return status;
  }
  bool finished() const { return finished_; }
  // Queue time, as the job's own times are.
  std::int64_t now_ms() const { return clock_.now_ms(); }

  base::awaitable<Status> report_progress(std::string progress) {
    return database_.write(
        [lease = lease(), progress = std::move(progress)](store::Transaction& transaction) {
          return queue::report_progress(transaction, lease, progress);
        });
  }

 private:
  const Job& job_;
  store::Database& database_;
  const QueueClock& clock_;
  bool finished_ = false;
};

struct Handler {
  std::string kind;
  // Runs an attempt. Cancellation (of the job, of the lease, of the server) throws
  // operation_aborted at its next co_await; it need not catch. Another exception counts as retry.
  std::function<base::awaitable<Outcome>(Attempt&)> run;
  // Called in the transaction that ends the job as Failed or Cancelled, so that the object it
  // serves ends with it. May be empty. `job.state` says which, `job.reason` why. An error keeps the
  // job from ending, so a missing object is no error.
  queue::OnEnd on_end = {};
  // How many of this kind run at a time, so that long ones leave room for others; 0: as many as the
  // worker runs.
  std::size_t at_once_max = 0;
};

}  // namespace jobs
