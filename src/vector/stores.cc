#include "vector/stores.h"

#include <fmt/format.h>

#include "base/json/codec.h"
#include "store/repo/chunks.h"
#include "vector/shelf.h"

namespace vector {
namespace {

constexpr std::int64_t kTouchSeconds = 60;  // activity is noted this exactly
constexpr std::size_t kPage = 100;
constexpr const char* kMixed = "several";  // made the vectors: nobody's are compared with them

std::unexpected<Error> damaged() {
  return fail(ErrorCode::CorruptData, "A stored vector store's record does not hold together.");
}

template <class Record>
Result<Stored<Record>> from_document(const store::Document& document) {
  auto value = json::parse(document.body);
  if (!value) return damaged();
  auto record = json::read<Record>(*value);
  if (!record) return damaged();
  return Stored<Record>{.key = document.key,
                        .created_at = document.created_at,
                        .version = document.version,
                        .record = std::move(*record)};
}

template <class Record>
store::Document to_document(const Stored<Record>& object) {
  store::Document document;
  document.key = object.key;
  document.created_at = object.created_at;
  document.version = object.version;
  document.body = json::dump(json::write(object.record));
  return document;
}

store::DocumentKey store_key(const StoreId& id) {
  return {.project = id.project, .kind = kStoreKind, .id = id.id};
}

store::chunks::StoreKey chunks_of(const StoreId& id) {
  return {.project = id.project, .store = id.id};
}

store::chunks::FileKey chunks_of(const StoreId& id, const std::string& file) {
  return {.in = chunks_of(id), .file = file};
}

// What lists of files filter by. The store is part of the value, so that a label's rows are few.
std::vector<store::Label> labels_of(const std::string& store, const FileRecord& record) {
  std::vector<store::Label> labels{{"status", store + " " + record.status}};
  if (!record.batch.empty()) {
    labels.push_back({"batch", record.batch});
    labels.push_back({"batch_status", record.batch + " " + record.status});
  }
  return labels;
}

template <class Record>
Result<Stored<Record>> find(Session& session, const store::DocumentKey& key,
                            const std::string& message) {
  auto document = store::documents::get(session, key);
  if (!document && document.error().code == ErrorCode::NotFound)
    return fail(ErrorCode::NotFound, message, {}, {});
  if (!document) return fail(document.error());
  return from_document<Record>(*document);
}

template <class Record>
Status write_back(Transaction& transaction, Stored<Record>& object,
                  std::optional<std::int64_t> expires_at = {},
                  std::optional<std::vector<store::Label>> labels = {}) {
  auto version = store::documents::update(transaction, object.key, object.version,
                                          {.body = json::dump(json::write(object.record)),
                                           .expires_at = expires_at,
                                           .labels = std::move(labels)});
  if (!version) return fail(version.error());
  object.version = *version;
  return {};
}

Result<VectorStore> get_raw(Session& session, const StoreId& id) {
  return find<StoreRecord>(session, store_key(id),
                           fmt::format("Vector store with id '{}' not found.", id.id));
}

struct CountChange {
  std::string from = {}, to = {};  // states; empty: none
  std::int64_t usage_bytes = 0;
};

void apply(FileCounts& counts, const CountChange& change) {
  if (!change.from.empty()) --counts.of(change.from);
  if (!change.to.empty()) ++counts.of(change.to);
}

// Moves one file between the counts of its store and, when it has one, its batch.
Status move_counts(Transaction& transaction, const StoreId& id, const std::string& batch,
                   const CountChange& change) {
  auto found = get_raw(transaction, id);
  if (!found) return fail(found.error());
  if (!found->record.expired) {  // an expired one has nothing to count
    apply(found->record.counts, change);
    found->record.usage_bytes += change.usage_bytes;
  }
  if (auto status = stores::save(transaction, *found); !status) return status;
  if (batch.empty()) return {};
  auto of_batch = batches::get(transaction, id, batch);
  if (!of_batch) return {};  // its batch is of another life of the store
  apply(of_batch->record.counts, change);
  return write_back(transaction, *of_batch);
}

// No chunk of it is found any more, and its index is not kept.
Status take_contents(Transaction& transaction, const StoreId& id, std::int64_t now) {
  auto hidden = store::chunks::hide_store(transaction, chunks_of(id));
  if (!hidden) return fail(hidden.error());
  return Shelf::remove(transaction, chunks_of(id), now);
}

store::DocumentKey file_key(const StoreId& store, const std::string& file) {
  return {.project = store.project, .kind = kFileKind, .id = file, .parent = store.id};
}

}  // namespace

namespace stores {

Status create(Transaction& transaction, VectorStore& store) {
  auto document = to_document(store);
  document.expires_at = store.record.expires_at();
  return store::documents::create(transaction, document);
}

Result<VectorStore> get(Session& session, const StoreId& id, std::int64_t now) {
  auto found = get_raw(session, id);
  if (!found) return found;
  const auto end = found->record.expires_at();
  if (end && *end <= now) found->record.expired = true;
  return found;
}

Status save(Transaction& transaction, VectorStore& store) {
  const auto end = store.record.expired ? std::nullopt : store.record.expires_at();
  return write_back(transaction, store, end);
}

Status touch(Transaction& transaction, const StoreId& id, std::int64_t now) {
  auto found = get(transaction, id, now);
  if (!found) return fail(found.error());
  if (found->record.expired || found->record.last_active_at + kTouchSeconds > now) return {};
  found->record.last_active_at = now;
  return save(transaction, *found);
}

Result<bool> note_maker(Transaction& transaction, const StoreId& id, const std::string& made_by) {
  auto found = get_raw(transaction, id);
  if (!found) return fail(found.error());
  auto& record = found->record;
  if (made_by.empty() || record.expired) return false;
  if (record.maker() == made_by) return false;
  const bool is_first = record.maker().empty();
  (is_first ? record.embedded_by : record.embedding_to) = made_by;
  if (!is_first) {
    if (auto status = Shelf::remove(transaction, chunks_of(id), 0); !status)
      return fail(status.error());
  }
  if (auto status = save(transaction, *found); !status) return fail(status.error());
  return !is_first;
}

Result<bool> embedded(Transaction& transaction, const StoreId& id, const std::string& made_by) {
  auto found = get_raw(transaction, id);
  if (!found) return fail(found.error());
  if (found->record.embedding_to != made_by) return false;
  found->record.embedded_by = std::exchange(found->record.embedding_to, {});
  if (auto status = save(transaction, *found); !status) return fail(status.error());
  return true;
}

Status embedding_failed(Transaction& transaction, const StoreId& id) {
  auto found = get_raw(transaction, id);
  if (!found && found.error().code == ErrorCode::NotFound) return {};
  if (!found) return fail(found.error());
  found->record.embedded_by = kMixed;
  found->record.embedding_to.clear();
  return save(transaction, *found);
}

Result<store::Page<VectorStore>> list(Session& session, const base::ProjectId& project,
                                      const store::PageRequest& request) {
  auto documents =
      store::documents::list(session, {.project = project, .kind = kStoreKind}, request);
  if (!documents) return fail(documents.error());
  store::Page<VectorStore> page{.entries = {}, .has_more = documents->has_more};
  for (const auto& document : documents->entries) {
    auto each = from_document<StoreRecord>(document);
    if (!each) return fail(each.error());
    page.entries.push_back(std::move(*each));
  }
  return page;
}

Status remove(Transaction& transaction, const StoreId& id, std::int64_t now) {
  auto found = get_raw(transaction, id);
  if (!found) return fail(found.error());
  if (auto status = take_contents(transaction, id, now); !status) return status;
  return store::documents::remove(transaction, store_key(id));
}

Result<std::size_t> remove_leftovers(Transaction& transaction, const StoreId& id,
                                     std::size_t limit) {
  std::size_t removed = 0;
  for (const char* kind : {kFileKind, kBatchKind}) {
    auto some = store::documents::list(
        transaction, {.project = id.project, .kind = kind, .parent = id.id}, {.limit = limit});
    if (!some) return fail(some.error());
    for (const auto& document : some->entries) {
      if (auto status =
              store::chunks::set_attributes(transaction, chunks_of(id, document.key.id), {});
          !status) {
        return fail(status.error());
      }
      if (auto status = store::documents::remove(transaction, document.key); !status)
        return fail(status.error());
      ++removed;
    }
  }
  return removed;
}

Result<bool> expire(Transaction& transaction, const StoreId& id, std::int64_t now) {
  auto found = get(transaction, id, now);
  if (!found) return fail(found.error());
  const bool is_over = found->record.expired;
  if (is_over) {
    if (auto status = take_contents(transaction, id, now); !status) return fail(status.error());
    found->record.counts = {};
    found->record.usage_bytes = 0;
  }
  if (auto status = save(transaction, *found); !status) return fail(status.error());
  return is_over;
}

}  // namespace stores

namespace files {

Result<std::vector<std::int64_t>> attach(Transaction& transaction, const Attach& wanted) {
  const auto key = file_key(wanted.store, wanted.file);
  std::vector<std::int64_t> hidden;
  if (auto existing = get(transaction, wanted.store, wanted.file)) {
    auto gone = detach(transaction, wanted.store, wanted.file);
    if (!gone) return gone;
    hidden = std::move(*gone);
  } else if (existing.error().code != ErrorCode::NotFound) {
    return fail(existing.error());
  }
  StoreFile file{.key = key, .created_at = wanted.now, .record = wanted.record};
  auto document = to_document(file);
  auto created =
      store::documents::create(transaction, document, labels_of(wanted.store.id, wanted.record));
  if (!created) return fail(created.error());
  auto attributes =
      set_attributes(transaction, wanted.store, wanted.file, wanted.record.attributes);
  if (!attributes) return fail(attributes.error());
  auto moved = move_counts(transaction, wanted.store, wanted.record.batch, {.to = "in_progress"});
  if (!moved) return fail(moved.error());
  return hidden;
}

Result<StoreFile> get(Session& session, const StoreId& store, const std::string& file) {
  return find<FileRecord>(
      session, file_key(store, file),
      fmt::format("No file found with id '{}' in vector store '{}'.", file, store.id));
}

Result<bool> settle(Transaction& transaction, const StoreId& store, const std::string& file,
                    const End& end) {
  auto found = get(transaction, store, file);
  if (!found && found.error().code == ErrorCode::NotFound) return false;
  if (!found) return fail(found.error());
  auto& record = found->record;
  if (record.status != "in_progress") return false;
  record.status = end.status;
  record.usage_bytes = end.usage_bytes;
  record.error_code = end.error_code;
  record.error_message = end.error_message;
  if (auto status = write_back(transaction, *found, {}, labels_of(store.id, record)); !status)
    return fail(status.error());
  auto moved =
      move_counts(transaction, store, record.batch,
                  {.from = "in_progress", .to = end.status, .usage_bytes = end.usage_bytes});
  if (!moved) return fail(moved.error());
  return true;
}

Result<StoreFile> set_attributes(Transaction& transaction, const StoreId& store,
                                 const std::string& file, const json::Object& attributes) {
  auto found = get(transaction, store, file);
  if (!found) return found;
  found->record.attributes = attributes;
  std::map<std::string, store::Attribute> rows;
  for (const auto& [name, value] : attributes) {
    if (value.is_string()) rows[name] = std::string(value.get_string());
    if (value.is_number()) rows[name] = value.to_number<double>();
    if (value.is_bool()) rows[name] = value.get_bool();
  }
  if (auto status = store::chunks::set_attributes(transaction, chunks_of(store, file), rows);
      !status) {
    return fail(status.error());
  }
  if (auto status = write_back(transaction, *found); !status) return fail(status.error());
  return found;
}

Result<std::vector<std::int64_t>> detach(Transaction& transaction, const StoreId& store,
                                         const std::string& file) {
  auto found = get(transaction, store, file);
  if (!found) return fail(found.error());
  auto hidden = store::chunks::hide_file(transaction, chunks_of(store, file));
  if (!hidden) return hidden;
  if (auto status = store::chunks::set_attributes(transaction, chunks_of(store, file), {}); !status)
    return fail(status.error());
  if (auto status = store::documents::remove(transaction, found->key); !status)
    return fail(status.error());
  const auto& record = found->record;
  auto moved = move_counts(transaction, store, record.batch,
                           {.from = record.status, .usage_bytes = -record.usage_bytes});
  if (!moved) return fail(moved.error());
  return hidden;
}

Result<std::vector<Detached>> detach_everywhere(Transaction& transaction,
                                                const base::ProjectId& project,
                                                const std::string& file) {
  auto ids = store::documents::parents(transaction, project, kFileKind, file);
  if (!ids) return fail(ids.error());
  std::vector<Detached> out;
  for (auto& id : *ids) {
    Detached each{.store = {project, std::move(id)}, .hidden = {}};
    // What is left of a store that is gone is removed piece by piece already.
    if (auto found = get_raw(transaction, each.store); !found) {
      if (found.error().code == ErrorCode::NotFound) continue;
      return fail(found.error());
    }
    auto hidden = detach(transaction, each.store, file);
    if (!hidden) return fail(hidden.error());
    each.hidden = std::move(*hidden);
    out.push_back(std::move(each));
  }
  return out;
}

Result<store::Page<StoreFile>> list(Session& session, const ListFiles& wanted) {
  store::documents::Filter filter{
      .project = wanted.store.project, .kind = kFileKind, .parent = wanted.store.id};
  if (!wanted.batch.empty() && !wanted.status.empty()) {
    filter.labels.push_back({"batch_status", wanted.batch + " " + wanted.status});
  } else if (!wanted.batch.empty()) {
    filter.labels.push_back({"batch", wanted.batch});
  } else if (!wanted.status.empty()) {
    filter.labels.push_back({"status", wanted.store.id + " " + wanted.status});
  }
  auto documents = store::documents::list(session, filter, wanted.page);
  if (!documents) return fail(documents.error());
  store::Page<StoreFile> page{.entries = {}, .has_more = documents->has_more};
  for (const auto& document : documents->entries) {
    auto each = from_document<FileRecord>(document);
    if (!each) return fail(each.error());
    page.entries.push_back(std::move(*each));
  }
  return page;
}

}  // namespace files

namespace batches {

Status create(Transaction& transaction, FileBatch& batch) {
  auto document = to_document(batch);
  return store::documents::create(transaction, document);
}

Result<FileBatch> get(Session& session, const StoreId& store, const std::string& id) {
  return find<BatchRecord>(
      session, {.project = store.project, .kind = kBatchKind, .id = id, .parent = store.id},
      fmt::format("No file batch found with id '{}' in vector store '{}'.", id, store.id));
}

Result<FileBatch> cancel(Transaction& transaction, const StoreId& store, const std::string& id) {
  auto found = get(transaction, store, id);
  if (!found) return found;
  if (found->record.counts.in_progress == 0) return found;  // it has ended
  found->record.cancelled = true;
  if (auto status = write_back(transaction, *found); !status) return fail(status.error());
  while (true) {
    auto some = files::list(
        transaction,
        {.store = store, .batch = id, .status = "in_progress", .page = {.limit = kPage}});
    if (!some) return fail(some.error());
    for (const auto& file : some->entries) {
      auto settled = files::settle(transaction, store, file.key.id, {.status = "cancelled"});
      if (!settled) return fail(settled.error());
    }
    if (some->entries.size() < kPage) return get(transaction, store, id);
  }
}

}  // namespace batches

}  // namespace vector
