#include "api/common/stored_files.h"

#include <fmt/format.h>

#include "base/json/codec.h"
#include "store/repo/blobs.h"

namespace api {
namespace {

constexpr const char* kKind = StoredFiles::kKind;

// The stored form.
struct Record {
  std::string filename, purpose, blob_key;
  std::int64_t bytes = 0;
  static constexpr auto json_fields() {
    return std::tuple{
        json::field("filename", &Record::filename), json::field("purpose", &Record::purpose),
        json::field("blob_key", &Record::blob_key), json::field("bytes", &Record::bytes)};
  }
};

store::DocumentKey key_of(const base::ProjectId& project, const std::string& id) {
  return {.project = project, .kind = kKind, .id = id};
}

Result<StoredFile> from_document(const store::Document& document) {
  auto value = json::parse(document.body);
  if (!value) return fail(ErrorCode::CorruptData, "A stored file's record does not hold together.");
  auto record = json::read<Record>(*value);
  if (!record)
    return fail(ErrorCode::CorruptData, "A stored file's record does not hold together.");
  return StoredFile{.id = document.key.id,
                    .bytes = record->bytes,
                    .created_at = document.created_at,
                    .expires_at = document.expires_at,
                    .filename = record->filename,
                    .purpose = record->purpose,
                    .blob_key = record->blob_key};
}

Error not_found(const std::string& id) {
  return {.code = ErrorCode::NotFound,
          .message = fmt::format("No such File object: {}", id),
          .param = "id"};
}

}  // namespace

json::Object file_object(const StoredFile& file) {
  json::Object out;
  out["id"] = file.id;
  out["object"] = "file";
  out["bytes"] = file.bytes;
  out["created_at"] = file.created_at;
  if (file.expires_at) out["expires_at"] = *file.expires_at;
  out["filename"] = file.filename;
  out["purpose"] = file.purpose;
  out["status"] = "processed";
  return out;
}

Result<StoredFile> StoredFiles::create_in(store::Transaction& transaction, const Create& file) {
  const std::int64_t now = clock_.unix_seconds();
  auto key = store::blobs::refer(
      transaction,
      {.key = file.contents.key, .sha256 = file.contents.sha256, .size = file.contents.size}, now);
  if (!key) return fail(key.error());
  const Record record{.filename = file.filename,
                      .purpose = file.purpose,
                      .blob_key = *key,
                      .bytes = file.contents.size};
  store::Document document;
  document.key = key_of(file.project, ids_.file());
  document.created_at = now;
  if (file.expires_after_seconds) document.expires_at = now + *file.expires_after_seconds;
  document.body = json::dump(json::write(record));
  auto created = store::documents::create(transaction, document, {{"purpose", file.purpose}});
  if (!created) return fail(created.error());
  return from_document(document);
}

base::awaitable<Result<StoredFile>> StoredFiles::create(Create file) {
  auto created = co_await database_.write(
      [&](store::Transaction& transaction) { return create_in(transaction, file); });
  co_return std::move(created);
}

Result<StoredFile> StoredFiles::get_in(store::Session& session, const base::ProjectId& project,
                                       const std::string& id, std::int64_t now) {
  auto document = store::documents::get(session, key_of(project, id));
  if (!document && document.error().code == ErrorCode::NotFound) return fail(not_found(id));
  if (!document) return fail(document.error());
  if (document->expires_at && *document->expires_at <= now) return fail(not_found(id));
  return from_document(*document);
}

base::awaitable<Result<StoredFile>> StoredFiles::get(base::ProjectId project, std::string id) {
  const std::int64_t now = clock_.unix_seconds();
  auto found = co_await database_.read(
      pools_.store, [&](store::Session& session) { return get_in(session, project, id, now); });
  co_return std::move(found);
}

base::awaitable<Result<store::Page<StoredFile>>> StoredFiles::list(
    base::ProjectId project, std::optional<std::string> purpose, store::PageRequest page) {
  store::documents::Filter filter{
      .project = project, .kind = kKind, .alive_at = clock_.unix_seconds()};
  if (purpose) filter.labels.push_back({"purpose", *purpose});
  auto found = co_await database_.read(
      pools_.store, [&](store::Session& session) -> Result<store::Page<StoredFile>> {
        auto documents = store::documents::list(session, filter, page);
        if (!documents) return fail(documents.error());
        store::Page<StoredFile> out{.entries = {}, .has_more = documents->has_more};
        for (const auto& document : documents->entries) {
          auto file = from_document(document);
          if (!file) return fail(file.error());
          out.entries.push_back(std::move(*file));
        }
        return out;
      });
  co_return std::move(found);
}

base::awaitable<Status> StoredFiles::remove(base::ProjectId project, std::string id) {
  const std::int64_t now = clock_.unix_seconds();
  std::function<void()> afterwards;
  auto removed = co_await database_.write([&](store::Transaction& transaction) -> Status {
    if (auto file = get_in(transaction, project, id, now); !file) return fail(file.error());
    return remove_in(transaction, key_of(project, id), now, afterwards);
  });
  if (removed && afterwards) afterwards();
  co_return removed;
}

Status StoredFiles::remove_in(store::Transaction& transaction, const store::DocumentKey& key,
                              std::int64_t now, std::function<void()>& afterwards) const {
  auto document = store::documents::get(transaction, key);
  if (!document) return fail(document.error());
  auto file = from_document(*document);
  if (!file) return fail(file.error());
  if (auto status = store::documents::remove(transaction, key); !status) return status;
  if (on_remove_) {
    auto followed = on_remove_(transaction, key.project, key.id);
    if (!followed) return fail(followed.error());
    afterwards = std::move(*followed);
  }
  return store::blobs::release(transaction, file->blob_key, now);
}

base::awaitable<Result<std::string>> StoredFiles::read(StoredFile file, std::size_t bytes_max) {
  if (static_cast<std::size_t>(file.bytes) > bytes_max) {
    co_return fail(ErrorCode::TooLarge,
                   fmt::format("The file {} has {} bytes, at most {} can be read here.", file.id,
                               file.bytes, bytes_max));
  }
  auto text = co_await base::on_pool(pools_.store, [&]() -> Result<std::string> {
    auto reader = open(file);
    if (!reader) return fail(reader.error());
    std::string out(static_cast<std::size_t>(file.bytes), '\0');
    std::size_t done = 0;
    while (done < out.size()) {
      auto n = (*reader)->read(static_cast<std::int64_t>(done),
                               std::as_writable_bytes(std::span(out)).subspan(done));
      if (!n) return fail(n.error());
      if (*n == 0)
        return fail(ErrorCode::CorruptData, "A stored file is shorter than its record says.");
      done += *n;
    }
    return out;
  });
  co_return std::move(text);
}

}  // namespace api
