#include "jobs/queue.h"

#include <algorithm>
#include <array>

#include "base/limits/job.h"

namespace jobs {

namespace {
constexpr std::array kStateNames = {"queued", "running", "succeeded", "failed", "cancelled"};
}  // namespace

const char* name(State state) {
  return kStateNames[static_cast<std::size_t>(state)];
}

namespace queue {
namespace {

using store::Param;
using store::Row;

constexpr const char* kColumns =
    "id, kind, project, subject, payload, state, priority, run_at_ms, created_at_ms, ended_at_ms,"
    " attempts, attempts_max, epoch, cancel_requested, progress, reason";

Result<State> state_of(std::string_view text) {
  const auto found = std::ranges::find(kStateNames, text);
  if (found == kStateNames.end()) {
    return fail(ErrorCode::CorruptData, "The stored data is damaged.", {}, "data_corrupt");
  }
  return static_cast<State>(found - kStateNames.begin());
}

Result<Job> from_row(const Row& row) {
  auto state = state_of(row.text(5));
  if (!state) return fail(std::move(state.error()));
  return Job{.id = {row.string(0)},
             .kind = row.string(1),
             .project = {row.string(2)},
             .subject = row.string(3),
             .payload = row.string(4),
             .state = *state,
             .priority = static_cast<Priority>(std::clamp<std::int64_t>(row.integer(6), 0, 2)),
             .run_at_ms = row.integer(7),
             .created_at_ms = row.integer(8),
             .ended_at_ms = row.maybe_integer(9),
             .attempts = row.integer(10),
             .attempts_max = row.integer(11),
             .epoch = row.integer(12),
             .cancel_requested = row.integer(13) != 0,
             .progress = row.string(14),
             .reason = row.string(15)};
}

std::unexpected<Error> lost() {
  return fail(ErrorCode::Conflict, "The job is no longer this worker's.");
}

// The outcome of a change that must hit the leased row.
Status held(Result<std::int64_t> changed) {
  if (!changed) return fail(std::move(changed.error()));
  if (*changed == 0) return lost();
  return {};
}

Status end(Transaction& transaction, const Lease& lease, State state, const std::string& reason,
           std::int64_t now_ms) {
  return held(transaction.execute(
      "UPDATE jobs SET state = $1, reason = $2, ended_at_ms = $3, worker = NULL,"
      " lease_until_ms = NULL WHERE id = $4 AND epoch = $5 AND state = 'running'",
      {name(state), reason, now_ms, lease.id, lease.epoch}));
}

Result<std::optional<Job>> find_due(Session& session, const Take& take, Priority priority,
                                    bool behind) {
  std::string sql = std::string("SELECT ") + kColumns +
                    " FROM jobs WHERE state = 'queued' AND priority = $1 AND run_at_ms <= $2"
                    " AND project " +
                    (behind ? ">" : "<=") + " $3 AND kind IN (";
  std::vector<Param> params{static_cast<std::int64_t>(priority), take.now_ms, take.after_project};
  for (const auto& kind : take.kinds) {
    params.emplace_back(kind);
    sql += (params.size() > 4 ? ", $" : "$") + std::to_string(params.size());
  }
  sql += ") ORDER BY project, run_at_ms, seq LIMIT 1";
  auto jobs = session.query(sql, std::span<const Param>(params), from_row);
  if (!jobs) return fail(std::move(jobs.error()));
  if (jobs->empty()) return std::nullopt;
  return std::move(jobs->front());
}

}  // namespace

Status enqueue(Transaction& transaction, const NewJob& job, std::int64_t now_ms) {
  auto added = transaction.execute(
      "INSERT INTO jobs (id, kind, project, subject, state, priority, run_at_ms, created_at_ms,"
      " attempts, attempts_max, epoch, cancel_requested, payload, progress, reason)"
      " VALUES ($1, $2, $3, $4, 'queued', $5, $6, $7, 0, $8, 0, 0, $9, '', '')",
      {job.id, job.kind, job.project, job.subject, static_cast<std::int64_t>(job.priority),
       std::max(job.run_at_ms, now_ms), now_ms, job.attempts_max, job.payload});
  if (!added) return fail(std::move(added.error()));
  return {};
}

Result<std::optional<Job>> take(Transaction& transaction, const Take& take) {
  for (const auto priority : {Priority::Interactive, Priority::Normal, Priority::Bulk}) {
    for (const bool behind : {true, false}) {
      auto found = find_due(transaction, take, priority, behind);
      if (!found) return fail(std::move(found.error()));
      if (!*found) continue;
      Job& job = **found;
      job.state = State::Running;
      ++job.epoch;
      ++job.attempts;
      // The state and epoch are compared again: with several writers another may have been first.
      auto leased = transaction.execute(
          "UPDATE jobs SET state = 'running', epoch = epoch + 1, attempts = attempts + 1,"
          " worker = $1, lease_until_ms = $2 WHERE id = $3 AND state = 'queued' AND epoch = $4",
          {take.worker, take.lease_until_ms, job.id, job.epoch - 1});
      if (!leased) return fail(std::move(leased.error()));
      if (*leased == 0) return std::nullopt;
      return found;
    }
  }
  return std::nullopt;
}

Result<bool> heartbeat(Transaction& transaction, const Lease& lease, std::int64_t until_ms) {
  auto cancel = transaction.query_one(
      "UPDATE jobs SET lease_until_ms = $1 WHERE id = $2 AND epoch = $3 AND state = 'running'"
      " RETURNING cancel_requested",
      {until_ms, lease.id, lease.epoch}, [](const Row& row) { return row.integer(0) != 0; });
  if (!cancel) return fail(std::move(cancel.error()));
  if (!*cancel) return lost();
  return **cancel;
}

Status check(Session& session, const Lease& lease) {
  return held(session.query_integer(
      "SELECT COUNT(*) FROM jobs WHERE id = $1 AND epoch = $2 AND state = 'running'",
      {lease.id, lease.epoch}));
}

Status report_progress(Transaction& transaction, const Lease& lease, const std::string& progress) {
  return held(transaction.execute(
      "UPDATE jobs SET progress = $1 WHERE id = $2 AND epoch = $3 AND state = 'running'",
      {progress, lease.id, lease.epoch}));
}

Status succeed(Transaction& transaction, const Lease& lease, std::int64_t now_ms) {
  return end(transaction, lease, State::Succeeded, {}, now_ms);
}

Status fail_for_good(Transaction& transaction, const Lease& lease, const std::string& reason,
                     std::int64_t now_ms) {
  return end(transaction, lease, State::Failed, reason, now_ms);
}

Status cancelled(Transaction& transaction, const Lease& lease, std::int64_t now_ms) {
  return end(transaction, lease, State::Cancelled, {}, now_ms);
}

Status retry(Transaction& transaction, const Lease& lease, const std::string& reason,
             std::int64_t run_at_ms) {
  return held(transaction.execute(
      "UPDATE jobs SET state = 'queued', reason = $1, run_at_ms = $2, worker = NULL,"
      " lease_until_ms = NULL WHERE id = $3 AND epoch = $4 AND state = 'running'",
      {reason, run_at_ms, lease.id, lease.epoch}));
}

Status put_back(Transaction& transaction, const Lease& lease) {
  return held(transaction.execute(
      "UPDATE jobs SET state = 'queued', attempts = attempts - 1, worker = NULL,"
      " lease_until_ms = NULL WHERE id = $1 AND epoch = $2 AND state = 'running'",
      {lease.id, lease.epoch}));
}

Result<Job> request_cancel(Transaction& transaction, const base::ProjectId& project,
                           const base::JobId& id, std::int64_t now_ms) {
  auto changed = transaction.execute(
      "UPDATE jobs SET cancel_requested = 1,"
      " state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END,"
      " ended_at_ms = CASE WHEN state = 'queued' THEN $1 ELSE ended_at_ms END"
      " WHERE id = $2 AND project = $3 AND state IN ('queued', 'running')",
      {now_ms, id, project});
  if (!changed) return fail(std::move(changed.error()));
  return get(transaction, project, id);
}

Result<std::size_t> recover(Transaction& transaction, const Recover& recover, const OnEnd& on_end) {
  auto jobs =
      transaction.query(std::string("SELECT ") + kColumns +
                            " FROM jobs WHERE state = 'running' AND worker <> $1"
                            " AND (lease_until_ms < $2 OR $3 = 1)",
                        {recover.worker, recover.now_ms, recover.only_process ? 1 : 0}, from_row);
  if (!jobs) return fail(std::move(jobs.error()));
  for (Job& job : *jobs) {
    const Lease lease{job.id, job.epoch};
    Status moved;
    if (job.cancel_requested) {
      job.state = State::Cancelled;
      moved = cancelled(transaction, lease, recover.now_ms);
    } else if (job.attempts >= job.attempts_max) {
      job.state = State::Failed;
      job.reason = "The server stopped while it ran, too often to try again.";
      moved = fail_for_good(transaction, lease, job.reason, recover.now_ms);
    } else {
      moved = retry(transaction, lease, "The server stopped while it ran.", recover.now_ms);
    }
    if (!moved) return fail(std::move(moved.error()));
    if (!is_final(job.state)) continue;
    if (auto status = on_end(transaction, job); !status) return fail(std::move(status.error()));
  }
  return jobs->size();
}

Result<Job> get(Session& session, const base::ProjectId& project, const base::JobId& id) {
  auto found = session.query_one(
      std::string("SELECT ") + kColumns + " FROM jobs WHERE id = $1 AND project = $2",
      {id, project}, from_row);
  if (!found) return fail(std::move(found.error()));
  if (!*found) return fail(ErrorCode::NotFound, "No such job.");
  return std::move(**found);
}

Result<std::vector<Job>> of_subject(Session& session, const base::ProjectId& project,
                                    const std::string& subject) {
  return session.query(std::string("SELECT ") + kColumns +
                           " FROM jobs WHERE project = $1 AND subject = $2 ORDER BY seq",
                       {project, subject}, from_row);
}

Result<std::int64_t> forget_ended(Transaction& transaction, std::int64_t before_ms,
                                  std::size_t limit) {
  return transaction.execute(
      "DELETE FROM jobs WHERE seq IN"
      " (SELECT seq FROM jobs WHERE ended_at_ms < $1 ORDER BY ended_at_ms LIMIT $2)",
      {before_ms, limit});
}

std::int64_t backoff_ms(std::int64_t attempts, base::Random& random) {
  const auto first = std::chrono::milliseconds(limits::job_backoff_first).count();
  const auto most = std::chrono::milliseconds(limits::job_backoff_max).count();
  const auto doublings = std::clamp<std::int64_t>(attempts - 1, 0, 30);
  const std::int64_t full = std::min(most, first << doublings);
  return full / 2 +
         static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(full / 2) + 1));
}

}  // namespace queue
}  // namespace jobs
