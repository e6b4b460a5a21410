#include "api/batches/service.h"

#include <fmt/format.h>

#include "api/batches/endpoints.h"
#include "base/limits/batch.h"
#include "jobs/queue.h"
#include "store/repo/blobs.h"

namespace api::batches {
namespace {

using base::awaitable;

Result<Shown> with_progress(store::Session& session, Result<Stored> batch) {
  if (!batch) return fail(std::move(batch.error()));
  auto progress = store::batch_results::progress(session, batch->id);
  if (!progress) return fail(std::move(progress.error()));
  return Shown{std::move(*batch), *progress};
}

Status check_input(const StoredFile& file) {
  if (file.purpose == "batch") return {};
  return fail(ErrorCode::InvalidRequest,
              fmt::format("The file {} has the purpose '{}'; the input of a batch needs the "
                          "purpose 'batch'.",
                          file.id, file.purpose),
              "input_file_id");
}

}  // namespace

awaitable<Result<Shown>> BatchService::create(gateway::Caller caller, Create wanted) {
  auto created =
      co_await parts_.database.write([&](store::Transaction& transaction) -> Result<Shown> {
        const std::int64_t now = parts_.clock.unix_seconds();
        auto file = StoredFiles::get_in(transaction, caller.project, wanted.input_file_id, now);
        if (!file) {
          if (file.error().code == ErrorCode::NotFound) file.error().param = "input_file_id";
          return fail(std::move(file.error()));
        }
        if (auto status = check_input(*file); !status) return fail(std::move(status.error()));
        if (auto held = store::blobs::refer_again(transaction, file->blob_key); !held)
          return fail(std::move(held.error()));

        Stored batch{.id = {parts_.ids.object("batch")},
                     .project = caller.project,
                     .created_at = now,
                     .record = {.endpoint = wanted.endpoint,
                                .input_file_id = wanted.input_file_id,
                                .expires_at = now + options_.window_seconds,
                                .metadata = std::move(wanted.metadata),
                                .output_seconds = wanted.output_seconds.value_or(
                                    limits::batch_output_seconds_default),
                                .input_blob = file->blob_key,
                                .input_bytes = file->bytes,
                                .organization = caller.organization.value,
                                .key = caller.key.value,
                                .work_job = parts_.ids.object("job"),
                                .expiry_job = parts_.ids.object("job")}};
        if (auto status = batches::create(transaction, batch); !status)
          return fail(std::move(status.error()));
        auto begun = enqueue(transaction, batch, "batch.validate", batch.record.work_job);
        if (!begun) return fail(std::move(begun.error()));
        auto bounded = enqueue(transaction, batch, "batch.expire", batch.record.expiry_job);
        if (!bounded) return fail(std::move(bounded.error()));
        return Shown{std::move(batch), {}};
      });
  if (created) parts_.doorbell.wake();
  co_return std::move(created);
}

awaitable<Result<Shown>> BatchService::get(base::ProjectId project, base::BatchId id) {
  auto found = co_await parts_.database.read(parts_.pools.store, [&](store::Session& session) {
    return with_progress(session, load(session, project, id));
  });
  co_return std::move(found);
}

awaitable<Result<store::Page<Shown>>> BatchService::list(base::ProjectId project,
                                                         store::PageRequest request) {
  auto found = co_await parts_.database.read(
      parts_.pools.store, [&](store::Session& session) -> Result<store::Page<Shown>> {
        auto documents =
            store::documents::list(session, {.project = project, .kind = "batch"}, request);
        if (!documents) return fail(std::move(documents.error()));
        store::Page<Shown> page{.entries = {}, .has_more = documents->has_more};
        for (const auto& document : documents->entries) {
          auto shown = with_progress(session, from_document(document));
          if (!shown) return fail(std::move(shown.error()));
          page.entries.push_back(std::move(*shown));
        }
        return page;
      });
  co_return std::move(found);
}

awaitable<Result<Shown>> BatchService::cancel(base::ProjectId project, base::BatchId id) {
  base::JobId running;
  auto cancelled =
      co_await parts_.database.write([&](store::Transaction& transaction) -> Result<Shown> {
        auto batch = load(transaction, project, id);
        if (!batch) return fail(std::move(batch.error()));
        if (batch->record.status == status::kCancelling)
          return with_progress(transaction, std::move(batch));
        if (!is_working(batch->record) || batch->record.out_of_time) {
          return fail(ErrorCode::Conflict,
                      fmt::format("Cannot cancel a batch with status '{}'.", batch->record.status));
        }
        batch->record.status = status::kCancelling;
        batch->record.cancelling_at = parts_.clock.unix_seconds();
        if (auto saved = save(transaction, *batch); !saved) return fail(std::move(saved.error()));
        auto job = stop_work(transaction, *batch);
        if (!job) return fail(std::move(job.error()));
        running = std::move(*job);
        return with_progress(transaction, std::move(batch));
      });
  if (!running.value.empty()) parts_.doorbell.nudge(running);
  if (cancelled) parts_.doorbell.wake();
  co_return std::move(cancelled);
}

Result<Stored> BatchService::load_for(store::Session& session, const jobs::Job& job) const {
  return load(session, job.project, {job.subject});
}

// Jobs of a batch survive any number of restarts: what ends them is their work or the window.
Status BatchService::enqueue(store::Transaction& transaction, const Stored& batch, const char* kind,
                             std::string id) const {
  const std::string_view name(kind);
  const std::int64_t now_ms = queue_clock_.now_ms();
  return jobs::queue::enqueue(
      transaction,
      {.id = {id.empty() ? parts_.ids.object("job") : std::move(id)},
       .kind = kind,
       .project = batch.project,
       .subject = batch.id.value,
       .priority = name == "batch.run" || name == "batch.clean" ? jobs::Priority::Bulk
                                                                : jobs::Priority::Normal,
       .run_at_ms = name == "batch.expire" ? now_ms + options_.window_seconds * 1'000 : 0,
       .attempts_max = limits::batch_attempts_max},
      now_ms);
}

Result<base::JobId> BatchService::stop_work(store::Transaction& transaction,
                                            const Stored& batch) const {
  auto job = jobs::queue::request_cancel(transaction, batch.project, {batch.record.work_job},
                                         queue_clock_.now_ms());
  if (!job) return fail(std::move(job.error()));
  if (job->state == jobs::State::Running) return job->id;
  if (auto next = enqueue(transaction, batch, "batch.finish"); !next)
    return fail(std::move(next.error()));
  return base::JobId{};
}

// Validating or running was interrupted, by a cancel, by the end of the window, or by failing for
// good.
Status BatchService::work_ended(store::Transaction& transaction, const jobs::Job& job) const {
  auto batch = load_for(transaction, job);
  if (!batch && batch.error().code == ErrorCode::NotFound) return {};
  if (!batch) return fail(std::move(batch.error()));
  Record& record = batch->record;
  if (is_working(record) && !record.out_of_time) {
    record.failed_at = parts_.clock.unix_seconds();
    record.errors.push_back({.code = "server_error",
                             .message = "The batch could not be processed: " + job.reason,
                             .param = {},
                             .line = {}});
    if (auto saved = save(transaction, *batch); !saved) return saved;
  }
  return enqueue(transaction, *batch, "batch.finish");
}

}  // namespace api::batches
