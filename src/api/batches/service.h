// What happens to batches: made, worked on by jobs, cancelled, expired, finished. Every change of
// state is one transaction together with the job that goes on from it.
#pragma once

#include <string>

#include "api/batches/record.h"
#include "api/common/stored_files.h"
#include "base/async.h"
#include "base/ids.h"
#include "base/limits/batch.h"
#include "base/time.h"
#include "gateway/caller.h"
#include "http/router.h"
#include "inference/activity.h"
#include "inference/backend.h"
#include "jobs/doorbell.h"
#include "jobs/queue_clock.h"
#include "store/db/database.h"
#include "webhooks/announce.h"

namespace api::batches {

// A batch with how far it is.
struct Shown {
  Stored batch;
  store::BatchProgress progress;
};

// Owned by app. Any thread. Its kinds of job:
//   batch.validate  reads the input file            -> in_progress, batch.run | failed
//   batch.run       runs the lines                  -> finalizing, batch.finish
//   batch.finish    writes the files                -> completed | cancelled | expired
//   batch.expire    due at the end of the window: stops the work
//   batch.clean     forgets results that are in the files now
class BatchService {
 public:
  struct Options {
    std::int64_t window_seconds = limits::batch_window_seconds;
  };
  struct Parts {
    store::Database& database;
    blob::BlobStore& blobs;
    base::Pools& pools;
    StoredFiles& files;
    inference::Backend& backend;
    const http::Router& router;
    const jobs::Doorbell& doorbell;
    const webhooks::Announcer& announcer;
    const inference::Activity& activity;  // lines wait while there is any
    base::IdGenerator& ids;
    const base::Clock& clock;
  };
  BatchService(Parts parts, Options options)
      : parts_(parts), options_(options), queue_clock_(parts.clock) {}

  std::vector<jobs::Handler> job_handlers();

  struct Create {
    std::string input_file_id, endpoint;
    std::optional<Metadata> metadata;
    std::optional<std::int64_t> output_seconds;
  };
  base::awaitable<Result<Shown>> create(gateway::Caller caller, Create wanted);
  base::awaitable<Result<Shown>> get(base::ProjectId project, base::BatchId id);
  base::awaitable<Result<store::Page<Shown>>> list(base::ProjectId project,
                                                   store::PageRequest page);
  // Conflict in a final state; no change when it is being cancelled already.
  base::awaitable<Result<Shown>> cancel(base::ProjectId project, base::BatchId id);

 private:
  using Run = base::awaitable<jobs::Outcome> (BatchService::*)(jobs::Attempt&);

  jobs::Handler handler(const char* kind, Run run, std::size_t at_once_max, bool stops);
  base::awaitable<jobs::Outcome> validate(jobs::Attempt& attempt);
  base::awaitable<jobs::Outcome> run_lines(jobs::Attempt& attempt);
  base::awaitable<jobs::Outcome> finish(jobs::Attempt& attempt);
  base::awaitable<jobs::Outcome> expire(jobs::Attempt& attempt);
  base::awaitable<jobs::Outcome> clean(jobs::Attempt& attempt);

  Result<Stored> load_for(store::Session& session, const jobs::Job& job) const;
  Status enqueue(store::Transaction& transaction, const Stored& batch, const char* kind,
                 std::string id = {}) const;
  // Ends the work that is under way: batch.finish follows, now or when the running job has let go.
  // The job to nudge after the commit, if any.
  Result<base::JobId> stop_work(store::Transaction& transaction, const Stored& batch) const;
  Status work_ended(store::Transaction& transaction, const jobs::Job& job) const;
  Status reach_end(store::Transaction& transaction, Stored& batch) const;
  Result<std::string> add_file(store::Transaction& transaction, const Stored& batch,
                               const char* suffix, const blob::Stored& contents) const;

  Parts parts_;
  Options options_;
  jobs::QueueClock queue_clock_;
};

}  // namespace api::batches
