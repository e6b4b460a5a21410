#include "api/batches/record.h"

#include <fmt/format.h>

#include "base/json/codec.h"

namespace api::batches {
namespace {

constexpr const char* kKind = "batch";

store::DocumentKey key_of(const base::ProjectId& project, const base::BatchId& id) {
  return {.project = project, .kind = kKind, .id = id.value};
}

void set_time(json::Object& out, const char* name, std::optional<std::int64_t> time) {
  if (time) out[name] = *time;
}

json::Object usage_object(const store::BatchTokens& tokens) {
  json::Object out;
  out["input_tokens"] = tokens.input;
  out["input_tokens_details"] = json::Object{{"cached_tokens", tokens.cached}};
  out["output_tokens"] = tokens.output;
  out["output_tokens_details"] = json::Object{{"reasoning_tokens", tokens.reasoning}};
  out["total_tokens"] = tokens.input + tokens.output;
  return out;
}

}  // namespace

Result<Stored> from_document(const store::Document& document) {
  auto value = json::parse(document.body);
  if (!value) return fail(ErrorCode::CorruptData, "A batch's record does not hold together.");
  auto record = json::read<Record>(*value);
  if (!record) return fail(ErrorCode::CorruptData, "A batch's record does not hold together.");
  return Stored{.id = {document.key.id},
                .project = document.key.project,
                .created_at = document.created_at,
                .version = document.version,
                .record = std::move(*record)};
}

Result<Stored> load(store::Session& session, const base::ProjectId& project,
                    const base::BatchId& id) {
  auto document = store::documents::get(session, key_of(project, id));
  if (!document && document.error().code == ErrorCode::NotFound) {
    return fail(ErrorCode::NotFound, fmt::format("No batch found with id '{}'.", id.value));
  }
  if (!document) return fail(std::move(document.error()));
  return from_document(*document);
}

Status create(store::Transaction& transaction, Stored& batch) {
  store::Document document{.key = key_of(batch.project, batch.id),
                           .created_at = batch.created_at,
                           .body = json::dump(json::write(batch.record))};
  auto created = store::documents::create(transaction, document);
  batch.version = document.version;
  return created;
}

Status save(store::Transaction& transaction, const Stored& batch) {
  auto version =
      store::documents::update(transaction, key_of(batch.project, batch.id), batch.version,
                               {.body = json::dump(json::write(batch.record))});
  if (!version) return fail(std::move(version.error()));
  return {};
}

json::Object batch_object(const Stored& batch, const store::BatchProgress& progress) {
  const Record& record = batch.record;
  json::Object out;
  out["id"] = batch.id.value;
  out["object"] = "batch";
  out["endpoint"] = record.endpoint;
  if (record.model) out["model"] = *record.model;
  if (!record.errors.empty())
    out["errors"] = json::Object{{"object", "list"}, {"data", json::write(record.errors)}};
  out["input_file_id"] = record.input_file_id;
  out["completion_window"] = "24h";
  out["status"] = record.status;
  if (record.output_file_id) out["output_file_id"] = *record.output_file_id;
  if (record.error_file_id) out["error_file_id"] = *record.error_file_id;
  out["created_at"] = batch.created_at;
  set_time(out, "in_progress_at", record.in_progress_at);
  out["expires_at"] = record.expires_at;
  set_time(out, "finalizing_at", record.finalizing_at);
  set_time(out, "completed_at", record.completed_at);
  set_time(out, "failed_at", record.failed_at);
  set_time(out, "expired_at", record.expired_at);
  set_time(out, "cancelling_at", record.cancelling_at);
  set_time(out, "cancelled_at", record.cancelled_at);
  out["request_counts"] = json::Object{
      {"total", progress.total}, {"completed", progress.completed}, {"failed", progress.failed}};
  out["usage"] = usage_object(progress.tokens);
  out["metadata"] = record.metadata ? record.metadata->to_json() : json::Value(nullptr);
  return out;
}

}  // namespace api::batches
