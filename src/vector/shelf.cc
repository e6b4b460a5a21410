#include "vector/shelf.h"

#include "base/json/codec.h"
#include "store/repo/blobs.h"
#include "store/repo/documents.h"
#include "vector/stores.h"

namespace vector {
namespace {

using store::chunks::StoreKey;

constexpr const char* kKind = "vector_store.index";

struct Record {
  std::string blob_key;
  static constexpr auto json_fields() {
    return std::tuple{json::field("blob_key", &Record::blob_key)};
  }
};

store::DocumentKey key_of(const StoreKey& key) {
  return {.project = key.project, .kind = kKind, .id = key.store};
}

Result<std::string> blob_key_of(const store::Document& document) {
  const auto value = json::parse(document.body);
  auto record = value ? json::read<Record>(*value) : Result<Record>(fail(value.error()));
  if (!record)
    return fail(ErrorCode::CorruptData, "A stored index's record does not hold together.");
  return std::move(record->blob_key);
}

// The row now names `blob`.
Status replace(store::Transaction& transaction, const StoreKey& key, const blob::Stored& blob,
               std::int64_t now) {
  auto store = stores::get(transaction, {key.project, key.store}, now);
  if (!store) return fail(store.error());
  if (store->record.expired || !store->record.embedding_to.empty())
    return fail(ErrorCode::NotFound, "The vector store has no index to keep.");
  if (auto removed = Shelf::remove(transaction, key, now); !removed) return removed;
  auto referred = store::blobs::refer(
      transaction, {.key = blob.key, .sha256 = blob.sha256, .size = blob.size}, now);
  if (!referred) return fail(referred.error());
  store::Document document{.key = key_of(key), .created_at = now};
  document.body = json::dump(json::write(Record{*referred}));
  return store::documents::create(transaction, document);
}

}  // namespace

Status Shelf::remove(store::Transaction& transaction, const StoreKey& key,
                     std::int64_t now_seconds) {
  auto document = store::documents::get(transaction, key_of(key));
  if (!document && document.error().code == ErrorCode::NotFound) return {};
  if (!document) return fail(document.error());
  auto blob_key = blob_key_of(*document);
  if (!blob_key) return fail(blob_key.error());
  if (auto released = store::blobs::release(transaction, *blob_key, now_seconds); !released)
    return released;
  return store::documents::remove(transaction, document->key);
}

Status Shelf::save(const StoreKey& key, const Index& index, const IsWanted& is_wanted) const {
  auto blob = blobs_.create();
  if (!blob) return fail(blob.error());
  SnapshotWriter writer(**blob);
  if (auto written = index.save(writer); !written) return written;
  auto stored = (*blob)->finish();
  if (!stored) return fail(stored.error());
  const std::int64_t now = clock_.unix_seconds();
  return database_.write_blocking([&](store::Transaction& transaction) -> Status {
    if (is_wanted && !is_wanted()) return fail(ErrorCode::NotFound, "There is another index.");
    return replace(transaction, key, *stored, now);
  });
}

Status Shelf::load(const StoreKey& key, Index& index) const {
  auto row = database_.read_blocking([&](store::Session& session) -> Result<store::BlobRow> {
    auto document = store::documents::get(session, key_of(key));
    if (!document) return fail(document.error());
    auto blob_key = blob_key_of(*document);
    if (!blob_key) return fail(blob_key.error());
    return store::blobs::get(session, *blob_key);
  });
  if (!row) return fail(row.error());
  auto blob = blobs_.open(row->key, row->size);
  if (!blob) return fail(blob.error());
  SnapshotReader reader(**blob);
  return index.load(reader, row->sha256);
}

}  // namespace vector
