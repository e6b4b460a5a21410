// Runs jobs: takes them from the queue, keeps their leases, and records how they end. One per
// process is enough; several processes may share a queue.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/guarded.h"
#include "base/limits/job.h"
#include "base/random.h"
#include "jobs/handler.h"
#include "jobs/queue_clock.h"

namespace jobs {

struct WorkerOptions {
  std::vector<Handler> handlers;  // one per kind
  std::size_t jobs_max = 16;      // running at a time
  bool only_process = true;  // the database is ours alone (SQLite): at start every lease is void
  std::chrono::milliseconds lease_time = limits::job_lease_time;
  std::chrono::milliseconds heartbeat_interval = limits::job_heartbeat_interval;
  std::chrono::milliseconds poll_interval = limits::job_poll_interval;
};

// Lifetime: owned by app; `stop` before it is destroyed and before the executor goes. Any thread.
// Invariant: a job it has taken ends, is queued again, or is lost to another worker, whatever its
// handler does; a terminal state is recorded once.
class Worker {
 public:
  // `random` is used on one thread at a time.
  Worker(WorkerOptions options, store::Database& database, const base::Clock& clock,
         base::Random& random, base::asio::any_io_executor executor);
  ~Worker();

  // Takes back what a crash left running, then works until `stop`. Fails when the database does.
  base::awaitable<Status> start();
  // Looks at the queue now: call it after a commit that enqueued.
  void wake();
  // Looks at the running job now: call it after a commit that requested to cancel it.
  void nudge(const base::JobId& id);
  // Interrupts the handlers, gives their jobs back, and returns when all are at rest.
  base::awaitable<> stop();

  const QueueClock& clock() const { return clock_; }

 private:
  struct Running;
  struct RunningJobs {
    std::map<std::string, std::shared_ptr<Running>> by_id;  // shared with the job's coroutine
    std::set<std::string> nudged_early;  // between the commit that took it and its entry in by_id
  };

  std::shared_ptr<Running> enter(const Job& job);
  base::awaitable<> loop();
  base::awaitable<Result<std::optional<Job>>> take_next(const std::vector<std::string>& kinds);
  base::awaitable<> recover_expired();
  base::awaitable<> execute(Job job, std::shared_ptr<Running> running);
  base::awaitable<Outcome> run_handler(const Handler& handler, Attempt& attempt);
  base::awaitable<bool> keep_lease(const Job& job, Running& running);
  base::awaitable<> settle(const Job& job, const Handler& handler, const Outcome& outcome,
                           bool cancelled);
  const Handler& handler_of(const std::string& kind) const;
  queue::OnEnd on_end() const;

  std::vector<std::string> kinds_with_room() const;

  const WorkerOptions options_;
  store::Database& database_;
  const QueueClock clock_;
  base::Guarded<std::reference_wrapper<base::Random>> random_;
  const std::string name_;  // of this worker in the rows, new at every start
  const base::asio::any_io_executor executor_;
  const base::asio::any_io_executor strand_;
  base::asio::steady_timer wake_;  // on the strand
  bool woken_ = false;             // on the strand
  std::string last_project_;       // loop only
  base::Guarded<RunningJobs> running_;
  std::atomic<bool> stopping_ = false;
  base::TaskGroup group_;
};

}  // namespace jobs
