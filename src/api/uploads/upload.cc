#include "api/uploads/upload.h"

#include <array>

#include <fmt/format.h>

#include "base/json/codec.h"
#include "base/limits/file.h"
#include "store/repo/blobs.h"
#include "store/repo/documents.h"

namespace api::uploads {
namespace {

constexpr std::array<std::string_view, 4> kStatuses{"pending", "completed", "cancelled", "expired"};

std::string_view name(UploadStatus status) {
  return kStatuses[static_cast<std::size_t>(status)];
}

// The stored forms.
struct Record {
  std::string filename, purpose, status, file_id;
  std::int64_t bytes = 0, expires_at = 0, parts = 0, bytes_received = 0;
  std::optional<std::int64_t> file_expires_after_seconds;
  static constexpr auto json_fields() {
    return std::tuple{
        json::field("filename", &Record::filename),
        json::field("purpose", &Record::purpose),
        json::field("status", &Record::status).one_of(kStatuses),
        json::field("file_id", &Record::file_id),
        json::field("bytes", &Record::bytes),
        json::field("expires_at", &Record::expires_at),
        json::field("parts", &Record::parts),
        json::field("bytes_received", &Record::bytes_received),
        json::field("file_expires_after_seconds", &Record::file_expires_after_seconds)};
  }
};

struct PartRecord {
  std::string blob_key, sha256;
  std::int64_t size = 0;
  static constexpr auto json_fields() {
    return std::tuple{json::field("blob_key", &PartRecord::blob_key),
                      json::field("sha256", &PartRecord::sha256),
                      json::field("size", &PartRecord::size)};
  }
};

store::DocumentKey key_of(const base::ProjectId& project, const std::string& id) {
  return {.project = project, .kind = kUploadKind, .id = id};
}

store::DocumentKey part_key(const Upload& upload, const std::string& id) {
  return {.project = upload.project, .kind = kPartKind, .id = id, .parent = upload.id};
}

std::string body_of(const Upload& upload) {
  return json::dump(
      json::write(Record{.filename = upload.filename,
                         .purpose = upload.purpose,
                         .status = std::string(name(upload.status)),
                         .file_id = upload.file_id,
                         .bytes = upload.bytes,
                         .expires_at = upload.expires_at,
                         .parts = upload.parts,
                         .bytes_received = upload.bytes_received,
                         .file_expires_after_seconds = upload.file_expires_after_seconds}));
}

template <class T>
Result<T> read_record(const std::string& body) {
  auto value = json::parse(body);
  if (value) {
    auto record = json::read<T>(*value);
    if (record) return record;
  }
  return fail(ErrorCode::CorruptData, "A stored upload's record does not hold together.");
}

Result<Part> part_from(const store::Document& document) {
  auto record = read_record<PartRecord>(document.body);
  if (!record) return fail(record.error());
  return Part{.id = document.key.id,
              .created_at = document.created_at,
              .contents = {record->blob_key, record->sha256, record->size}};
}

}  // namespace

json::Object upload_object(const Upload& upload, const std::optional<StoredFile>& file) {
  json::Object out{{"id", upload.id},
                   {"object", "upload"},
                   {"bytes", upload.bytes},
                   {"created_at", upload.created_at},
                   {"filename", upload.filename},
                   {"purpose", upload.purpose},
                   {"status", name(upload.status)},
                   {"expires_at", upload.expires_at}};
  out["file"] = file ? json::Value(file_object(*file)) : json::Value(nullptr);
  return out;
}

json::Object part_object(const Part& part, const std::string& upload_id) {
  return {{"id", part.id},
          {"object", "upload.part"},
          {"created_at", part.created_at},
          {"upload_id", upload_id}};
}

Status create(store::Transaction& transaction, const Upload& upload) {
  store::Document document{.key = key_of(upload.project, upload.id),
                           .created_at = upload.created_at,
                           .expires_at = upload.created_at + limits::upload_seconds_kept,
                           .body = body_of(upload)};
  return store::documents::create(transaction, document);
}

Result<Upload> find(store::Session& session, const base::ProjectId& project, const std::string& id,
                    std::int64_t now) {
  auto document = store::documents::get(session, key_of(project, id));
  if (!document && document.error().code != ErrorCode::NotFound) return fail(document.error());
  if (!document || document->expires_at.value_or(now + 1) <= now)
    return fail(ErrorCode::NotFound, fmt::format("No such Upload object: {}", id), "upload_id");
  auto record = read_record<Record>(document->body);
  if (!record) return fail(record.error());
  const auto status = std::find(kStatuses.begin(), kStatuses.end(), record->status);
  Upload upload{.project = project,
                .id = id,
                .created_at = document->created_at,
                .expires_at = record->expires_at,
                .filename = record->filename,
                .purpose = record->purpose,
                .bytes = record->bytes,
                .status = static_cast<UploadStatus>(status - kStatuses.begin()),
                .file_expires_after_seconds = record->file_expires_after_seconds,
                .file_id = record->file_id,
                .parts = record->parts,
                .bytes_received = record->bytes_received,
                .version = document->version};
  if (upload.status == UploadStatus::Pending && upload.expires_at <= now)
    upload.status = UploadStatus::Expired;
  return upload;
}

Result<Upload> find_pending(store::Session& session, const base::ProjectId& project,
                            const std::string& id, std::int64_t now, std::string_view verb) {
  auto upload = find(session, project, id, now);
  if (upload && upload->status != UploadStatus::Pending) {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("Cannot {} upload '{}' with status '{}'. The upload must be 'pending'.",
                            verb, id, name(upload->status)),
                "upload_id");
  }
  return upload;
}

Status update(store::Transaction& transaction, const Upload& upload) {
  auto updated = store::documents::update(
      transaction, key_of(upload.project, upload.id), upload.version,
      {.body = body_of(upload), .expires_at = upload.created_at + limits::upload_seconds_kept});
  if (!updated) return fail(updated.error());
  return {};
}

Status add_part(store::Transaction& transaction, const Upload& upload, Part& part) {
  auto key = store::blobs::refer(
      transaction,
      {.key = part.contents.key, .sha256 = part.contents.sha256, .size = part.contents.size},
      part.created_at);
  if (!key) return fail(key.error());
  part.contents.key = *key;
  const PartRecord record{
      .blob_key = *key, .sha256 = part.contents.sha256, .size = part.contents.size};
  store::Document document{.key = part_key(upload, part.id),
                           .created_at = part.created_at,
                           .expires_at = upload.created_at + limits::upload_parts_seconds_kept,
                           .body = json::dump(json::write(record))};
  return store::documents::create(transaction, document);
}

Result<std::vector<Part>> find_parts(store::Session& session, const Upload& upload,
                                     const std::vector<std::string>& part_ids) {
  std::vector<Part> parts;
  for (std::size_t i = 0; i < part_ids.size(); ++i) {
    auto document = store::documents::get(session, part_key(upload, part_ids[i]));
    if (!document && document.error().code == ErrorCode::NotFound) {
      return fail(
          ErrorCode::InvalidRequest,
          fmt::format("Part with id '{}' not found in upload '{}'.", part_ids[i], upload.id),
          fmt::format("part_ids[{}]", i));
    }
    if (!document) return fail(document.error());
    auto part = part_from(*document);
    if (!part) return fail(part.error());
    parts.push_back(std::move(*part));
  }
  return parts;
}

Status remove_parts(store::Transaction& transaction, const Upload& upload, std::int64_t now) {
  const store::documents::Filter filter{
      .project = upload.project, .kind = kPartKind, .parent = upload.id};
  auto page = store::documents::list(transaction, filter, {.limit = limits::upload_parts_max});
  if (!page) return fail(page.error());
  for (const auto& document : page->entries) {
    if (auto status = remove_part(transaction, document.key, now); !status) return status;
  }
  return {};
}

Status remove_part(store::Transaction& transaction, const store::DocumentKey& key,
                   std::int64_t now) {
  auto document = store::documents::get(transaction, key);
  if (!document) return fail(document.error());
  auto part = part_from(*document);
  if (!part) return fail(part.error());
  if (auto status = store::documents::remove(transaction, key); !status) return status;
  return store::blobs::release(transaction, part->contents.key, now);
}

}  // namespace api::uploads
