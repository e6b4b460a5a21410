// Runs the lines of one batch through the router, many at a time, and records each once.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "api/batches/input.h"
#include "api/batches/record.h"
#include "base/async.h"
#include "base/ids.h"
#include "blob/blob_store.h"
#include "http/router.h"
#include "inference/activity.h"
#include "jobs/handler.h"

namespace api::batches {

// Lives within one attempt at a batch. `run` once, on any executor.
class Lines {
 public:
  struct Parts {
    const http::Router& router;
    base::Pools& pools;
    const inference::Activity& activity;
    base::IdGenerator& ids;
  };
  Lines(Parts parts, jobs::Attempt& attempt, const Stored& batch, const blob::BlobReader& file,
        std::vector<PlannedLine> lines);

  // Returns when all lines have their result, a result could not be stored, or the calling
  // coroutine was cancelled; then what ran is interrupted and has no result. True when all have.
  base::awaitable<bool> run();

 private:
  // The first line of a group, at work.
  struct Leader {
    std::atomic<std::int64_t> started_ms = 0;  // queue time; 0 before
    std::atomic<bool> done = false;
  };

  base::awaitable<> take_turns();
  // Waits until the engine has likely read the beginning that the line shares with its leader.
  base::awaitable<> follow(const PlannedLine& line);
  // Waits while somebody waits for an answer, but not for ever.
  base::awaitable<> give_way();
  base::awaitable<Status> run_line(LinePlace place);
  // The endpoint's answer; asks again while it says that it is busy.
  base::awaitable<http::Response> ask(const std::string& body, const std::string& request_id);
  base::awaitable<Status> record(LinePlace place, std::string line, bool failed,
                                 store::BatchTokens tokens);

  Parts parts_;
  jobs::Attempt& attempt_;
  const Stored& batch_;
  const blob::BlobReader& file_;
  const std::vector<PlannedLine> lines_;
  std::vector<Leader> leaders_;  // by group
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::size_t> recorded_ = 0;
  std::atomic<bool> broken_ = false;  // a result could not be stored
};

}  // namespace api::batches
