// The queue of background work.
#include "store/migrations/schema.h"

namespace store::schema {
namespace {

constexpr std::string_view kStatements0007[] = {
    R"sql(CREATE TABLE jobs (
  seq @serial_key@,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  project TEXT NOT NULL,
  subject TEXT NOT NULL,
  state TEXT NOT NULL,
  priority BIGINT NOT NULL,
  run_at_ms BIGINT NOT NULL,
  created_at_ms BIGINT NOT NULL,
  ended_at_ms BIGINT,
  attempts BIGINT NOT NULL,
  attempts_max BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  worker TEXT,
  lease_until_ms BIGINT,
  cancel_requested BIGINT NOT NULL,
  payload TEXT NOT NULL,
  progress TEXT NOT NULL,
  reason TEXT NOT NULL
))sql",
    R"sql(CREATE INDEX jobs_ready ON jobs (priority, project, run_at_ms, seq) WHERE state = 'queued')sql",
    R"sql(CREATE INDEX jobs_running ON jobs (lease_until_ms) WHERE state = 'running')sql",
    R"sql(CREATE INDEX jobs_by_subject ON jobs (project, subject))sql",
    R"sql(CREATE INDEX jobs_ended ON jobs (ended_at_ms) WHERE ended_at_ms IS NOT NULL)sql",
};

}  // namespace

const std::span<const std::string_view> kJobs(kStatements0007);

}  // namespace store::schema
