// The durable queue: every change of a job's state, each a step inside a transaction. Knows no
// handler and no thread; worker.h runs jobs. Times are queue time (queue_clock.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "jobs/job.h"
#include "store/db/session.h"

namespace jobs::queue {

using store::Session;
using store::Transaction;

// In the transaction that stores the object the job serves. Conflict when the id exists.
Status enqueue(Transaction& transaction, const NewJob& job, std::int64_t now_ms);

struct Take {
  std::string worker;  // who runs it
  std::span<const std::string> kinds;
  std::string after_project = {};  // fairness: projects behind this one come first
  std::int64_t now_ms = 0;
  std::int64_t lease_until_ms = 0;
};
// Leases the next job that is due; nullopt when there is none. Its epoch and attempts have grown.
Result<std::optional<Job>> take(Transaction& transaction, const Take& take);

// Extends the lease; true when somebody asked to cancel. Conflict when the lease is another's now
// or the job has ended.
Result<bool> heartbeat(Transaction& transaction, const Lease& lease, std::int64_t until_ms);

// Conflict unless the lease still holds: first statement of every write on behalf of a job.
Status check(Session& session, const Lease& lease);

Status report_progress(Transaction& transaction, const Lease& lease, const std::string& progress);

// The three ways to end, and the two back to the queue. Conflict when the lease does not hold: then
// nothing changed.
Status succeed(Transaction& transaction, const Lease& lease, std::int64_t now_ms);
Status fail_for_good(Transaction& transaction, const Lease& lease, const std::string& reason,
                     std::int64_t now_ms);
Status cancelled(Transaction& transaction, const Lease& lease, std::int64_t now_ms);
// Another attempt at `run_at_ms`. The caller has checked that one is left.
Status retry(Transaction& transaction, const Lease& lease, const std::string& reason,
             std::int64_t run_at_ms);
// Gives the job back unharmed, as if never taken: an orderly stop is no attempt.
Status put_back(Transaction& transaction, const Lease& lease);

// Queued: Cancelled now. Running: its worker is asked (nudge it: Worker::nudge). Final: as it is.
// The job as it is afterwards; NotFound also for another project's job.
Result<Job> request_cancel(Transaction& transaction, const base::ProjectId& project,
                           const base::JobId& id, std::int64_t now_ms);

struct Recover {
  std::int64_t now_ms = 0;
  std::string worker;         // the asker, whose own jobs are never taken from it
  bool only_process = false;  // nobody else can be alive: every foreign lease is void
};
// Takes running jobs from workers that are gone. Those with an attempt left are queued again, the
// others fail, and `on_failed` (or on cancel) is called in this transaction. Returns how many.
using OnEnd = std::function<Status(Transaction&, const Job&)>;
Result<std::size_t> recover(Transaction& transaction, const Recover& recover, const OnEnd& on_end);

Result<Job> get(Session& session, const base::ProjectId& project, const base::JobId& id);
// All jobs of an object, oldest first.
Result<std::vector<Job>> of_subject(Session& session, const base::ProjectId& project,
                                    const std::string& subject);
// Forgets at most `limit` jobs that ended before; returns how many.
Result<std::int64_t> forget_ended(Transaction& transaction, std::int64_t before_ms,
                                  std::size_t limit);

// The wait before attempt `attempts` + 1: doubling, bounded, and spread by up to half of it so that
// what failed together does not come back together.
std::int64_t backoff_ms(std::int64_t attempts, base::Random& random);

}  // namespace jobs::queue
