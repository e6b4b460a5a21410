// The jobs of a batch: see service.h for how they follow each other.
#include <fmt/format.h>

#include <algorithm>

#include "api/batches/endpoints.h"
#include "api/batches/input.h"
#include "api/batches/lines.h"
#include "api/batches/output.h"
#include "api/batches/service.h"
#include "base/limits/batch.h"
#include "base/log.h"
#include "jobs/queue.h"
#include "store/repo/blobs.h"

namespace api::batches {

using base::awaitable;
using jobs::Outcome;

namespace {

constexpr std::size_t kForgetAtOnce = 500;

bool is_served(const http::Router& router, const Endpoint& endpoint) {
  return std::ranges::any_of(router.routes(), [&](const http::Route* route) {
    return route->method == http::Method::Post && route->pattern == endpoint.path;
  });
}

// What is wrong with the batch before its input is read.
std::optional<LineError> refuse(const Record& record, const http::Router& router) {
  if (!is_served(router, *find_endpoint(record.endpoint))) {
    return LineError{.code = "unsupported_endpoint",
                     .message = fmt::format("The endpoint '{}' is not served here yet, so a batch "
                                            "cannot use it.",
                                            record.endpoint),
                     .param = std::string("endpoint"),
                     .line = {}};
  }
  return check_size(record.input_bytes);
}

}  // namespace

std::vector<jobs::Handler> BatchService::job_handlers() {
  return {handler("batch.validate", &BatchService::validate, 2, true),
          handler("batch.run", &BatchService::run_lines, limits::batches_running_max, true),
          handler("batch.finish", &BatchService::finish, 2, false),
          handler("batch.expire", &BatchService::expire, 0, false),
          handler("batch.clean", &BatchService::clean, 1, false)};
}

jobs::Handler BatchService::handler(const char* kind, Run run, std::size_t at_once_max,
                                    bool stops) {
  jobs::Handler out{.kind = kind,
                    .run = [this, run](jobs::Attempt& attempt) { return (this->*run)(attempt); },
                    .at_once_max = at_once_max};
  if (stops) {
    out.on_end = [this](store::Transaction& transaction, const jobs::Job& job) {
      return work_ended(transaction, job);
    };
  }
  return out;
}

awaitable<Outcome> BatchService::validate(jobs::Attempt& attempt) {
  auto batch = co_await parts_.database.read(parts_.pools.store, [&](store::Session& session) {
    return load_for(session, attempt.job());
  });
  if (!batch) co_return Outcome::retry(batch.error().message);
  const Record& record = batch->record;

  auto checked = co_await base::on_pool(parts_.pools.work, [&]() -> Result<Validation> {
    if (auto refused = refuse(record, parts_.router)) return Validation{.errors = {*refused}};
    auto file = parts_.blobs.open(record.input_blob, record.input_bytes);
    if (!file) return fail(std::move(file.error()));
    return batches::validate(**file, *find_endpoint(record.endpoint),
                             [this](const auto& model) { return parts_.backend.has(model); });
  });
  if (!checked) co_return Outcome::retry(checked.error().message);

  auto ended = co_await attempt.finish([&](store::Transaction& transaction) -> Status {
    auto current = load_for(transaction, attempt.job());
    if (!current) return fail(std::move(current.error()));
    Record& changed = current->record;
    // Cancelled or out of time meanwhile: the job was asked to stop, but was done first.
    if (changed.status != status::kValidating || changed.out_of_time)
      return enqueue(transaction, *current, "batch.finish");
    if (!checked->model.empty()) changed.model = checked->model;
    if (!checked->errors.empty()) {
      changed.errors = checked->errors;
      changed.failed_at = parts_.clock.unix_seconds();
      return reach_end(transaction, *current);
    }
    changed.status = status::kInProgress;
    changed.in_progress_at = parts_.clock.unix_seconds();
    changed.work_job = parts_.ids.object("job");
    if (auto saved = save(transaction, *current); !saved) return saved;
    auto begun = store::batch_results::begin(transaction, current->id, checked->lines);
    if (!begun) return begun;
    return enqueue(transaction, *current, "batch.run", changed.work_job);
  });
  if (!ended) co_return Outcome::retry(ended.error().message);
  co_return Outcome::done();
}

awaitable<Outcome> BatchService::run_lines(jobs::Attempt& attempt) {
  std::vector<std::int64_t> done;
  auto batch = co_await parts_.database.read(
      parts_.pools.store, [&](store::Session& session) -> Result<Stored> {
        auto loaded = load_for(session, attempt.job());
        if (!loaded) return loaded;
        auto lines = store::batch_results::lines(session, loaded->id);
        if (!lines) return fail(std::move(lines.error()));
        done = std::move(*lines);
        return loaded;
      });
  if (!batch) co_return Outcome::retry(batch.error().message);

  std::unique_ptr<blob::BlobReader> file;
  auto places =
      co_await base::on_pool(parts_.pools.work, [&]() -> Result<std::vector<PlannedLine>> {
        auto opened = parts_.blobs.open(batch->record.input_blob, batch->record.input_bytes);
        if (!opened) return fail(std::move(opened.error()));
        file = std::move(*opened);
        return plan(*file,
                    [&](std::int64_t line) { return !std::ranges::binary_search(done, line); });
      });
  if (!places) co_return Outcome::retry(places.error().message);

  Lines lines({.router = parts_.router,
               .pools = parts_.pools,
               .activity = parts_.activity,
               .ids = parts_.ids},
              attempt, *batch, *file, std::move(*places));
  const bool all = co_await lines.run();
  if (!all) co_return Outcome::retry("Some lines could not be run.");

  auto ended = co_await attempt.finish([&](store::Transaction& transaction) -> Status {
    auto current = load_for(transaction, attempt.job());
    if (!current) return fail(std::move(current.error()));
    if (current->record.status == status::kInProgress) {
      current->record.status = status::kFinalizing;
      current->record.finalizing_at = parts_.clock.unix_seconds();
      current->record.out_of_time = false;  // the last line was in time
      if (auto saved = save(transaction, *current); !saved) return saved;
    }
    return enqueue(transaction, *current, "batch.finish");
  });
  if (!ended) co_return Outcome::retry(ended.error().message);
  co_return Outcome::done();
}

Result<std::string> BatchService::add_file(store::Transaction& transaction, const Stored& batch,
                                           const char* suffix, const blob::Stored& contents) const {
  auto file = parts_.files.create_in(
      transaction, {.project = batch.project,
                    .filename = fmt::format("{}_{}.jsonl", batch.id.value, suffix),
                    .purpose = "batch_output",
                    .contents = contents,
                    .expires_after_seconds = batch.record.output_seconds});
  if (!file) return fail(std::move(file.error()));
  return file->id;
}

awaitable<Outcome> BatchService::finish(jobs::Attempt& attempt) {
  auto batch = co_await parts_.database.read(parts_.pools.store, [&](store::Session& session) {
    return load_for(session, attempt.job());
  });
  if (!batch) co_return Outcome::retry(batch.error().message);
  auto files =
      co_await write_output(parts_.database, parts_.blobs, parts_.pools, parts_.ids, *batch);
  if (!files) co_return Outcome::retry(files.error().message);

  auto ended = co_await attempt.finish([&](store::Transaction& transaction) -> Status {
    auto current = load_for(transaction, attempt.job());
    if (!current) return fail(std::move(current.error()));
    if (files->output) {
      auto id = add_file(transaction, *current, "output", *files->output);
      if (!id) return fail(std::move(id.error()));
      current->record.output_file_id = *id;
    }
    if (files->errors) {
      auto id = add_file(transaction, *current, "error", *files->errors);
      if (!id) return fail(std::move(id.error()));
      current->record.error_file_id = *id;
    }
    return reach_end(transaction, *current);
  });
  if (!ended) co_return Outcome::retry(ended.error().message);
  co_return Outcome::done();
}

// The final state, with all that goes with it.
Status BatchService::reach_end(store::Transaction& transaction, Stored& batch) const {
  Record& record = batch.record;
  const std::int64_t now = parts_.clock.unix_seconds();
  if (record.failed_at) {
    record.status = status::kFailed;
  } else if (record.status == status::kCancelling) {
    record.status = status::kCancelled;
    record.cancelled_at = now;
  } else if (record.out_of_time) {
    record.status = status::kExpired;
    record.expired_at = now;
  } else {
    record.status = status::kCompleted;
    record.completed_at = now;
  }
  if (auto saved = save(transaction, batch); !saved) return saved;
  auto released = store::blobs::release(transaction, record.input_blob, now);
  if (!released) return released;
  auto unneeded = jobs::queue::request_cancel(transaction, batch.project, {record.expiry_job},
                                              queue_clock_.now_ms());
  if (!unneeded && unneeded.error().code != ErrorCode::NotFound)
    return fail(std::move(unneeded.error()));
  if (record.in_progress_at) {
    if (auto queued = enqueue(transaction, batch, "batch.clean"); !queued) return queued;
  }
  return parts_.announcer.announce(
      transaction,
      {.project = batch.project, .type = "batch." + record.status, .object_id = batch.id.value});
}

awaitable<Outcome> BatchService::expire(jobs::Attempt& attempt) {
  base::JobId running;
  auto stopped = co_await attempt.write([&](store::Transaction& transaction) -> Status {
    auto batch = load_for(transaction, attempt.job());
    if (!batch) return fail(std::move(batch.error()));
    if (!is_working(batch->record) || batch->record.out_of_time) return {};
    batch->record.out_of_time = true;
    if (auto saved = save(transaction, *batch); !saved) return saved;
    auto job = stop_work(transaction, *batch);
    if (!job) return fail(std::move(job.error()));
    running = std::move(*job);
    return {};
  });
  if (!stopped) co_return Outcome::retry(stopped.error().message);
  if (!running.value.empty()) parts_.doorbell.nudge(running);
  co_return Outcome::done();
}

awaitable<Outcome> BatchService::clean(jobs::Attempt& attempt) {
  const base::BatchId id{attempt.job().subject};
  while (true) {
    auto forgotten = co_await attempt.write([&](store::Transaction& transaction) {
      return store::batch_results::forget(transaction, id, kForgetAtOnce);
    });
    if (!forgotten) co_return Outcome::retry(forgotten.error().message);
    if (*forgotten < static_cast<std::int64_t>(kForgetAtOnce)) co_return Outcome::done();
  }
}

}  // namespace api::batches
