// What a job is: a row that says what to do later, who does it now, and how it ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"

namespace jobs {

// Queued and Running alternate; the other three are final and reached once.
enum class State { Queued, Running, Succeeded, Failed, Cancelled };

constexpr bool is_final(State state) {
  return state >= State::Succeeded;
}
const char* name(State state);

// Strictly in this order; within one, projects take turns, and a project's jobs go by run_at.
enum class Priority { Interactive, Normal, Bulk };

struct NewJob {
  base::JobId id;
  std::string kind;  // which handler
  base::ProjectId project;
  std::string subject = {};    // id of the object it serves
  std::string payload = "{}";  // JSON for the handler
  Priority priority = Priority::Normal;
  std::int64_t run_at_ms = 0;  // queue time (queue_clock.h); 0: at once
  std::int64_t attempts_max = 3;
};

struct Job {
  base::JobId id;
  std::string kind = {};
  base::ProjectId project = {};
  std::string subject = {};
  std::string payload = {};
  State state = State::Queued;
  Priority priority = Priority::Normal;
  std::int64_t run_at_ms = 0;
  std::int64_t created_at_ms = 0;
  std::optional<std::int64_t> ended_at_ms = {};
  std::int64_t attempts = 0;  // begun so far, this one included
  std::int64_t attempts_max = 0;
  std::int64_t epoch = 0;  // grows with every lease; writes of an older one are refused
  bool cancel_requested = false;
  std::string progress = {};  // JSON of the handler's, last reported
  std::string reason = {};    // why it failed or was put back
};

// The right to run one job and to write on its behalf, until the epoch changes.
struct Lease {
  base::JobId id;
  std::int64_t epoch = 0;
};

}  // namespace jobs
