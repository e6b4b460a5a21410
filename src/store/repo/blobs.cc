#include "store/repo/blobs.h"

namespace store::blobs {
namespace {

Status insert(Transaction& transaction, const BlobRow& blob, std::int64_t refs,
              std::optional<std::int64_t> unused_since) {
  auto added = transaction.execute(
      "INSERT INTO blobs (blob_key, sha256, size, refs, unused_since) VALUES ($1, $2, $3, $4, $5)",
      {blob.key, blob.sha256, blob.size, refs, unused_since});
  if (!added) return fail(std::move(added.error()));
  return {};
}

std::unexpected<Error> not_found() {
  return fail(ErrorCode::NotFound, "The contents of the file are gone.");
}

}  // namespace

Result<std::string> refer(Transaction& transaction, const BlobRow& blob, std::int64_t now_seconds) {
  auto same = transaction.query_one(
      "SELECT blob_key FROM blobs WHERE sha256 = $1 AND size = $2 AND refs > 0 LIMIT 1",
      {blob.sha256, blob.size}, [](const Row& row) { return row.string(0); });
  if (!same) return fail(std::move(same.error()));
  if (!*same) {
    if (auto status = insert(transaction, blob, 1, {}); !status) return fail(status.error());
    return blob.key;
  }
  if (auto status = refer_again(transaction, **same); !status) return fail(status.error());
  if (**same == blob.key) return blob.key;
  if (auto status = insert(transaction, blob, 0, now_seconds); !status) {
    return fail(std::move(status.error()));
  }
  return std::move(**same);
}

Status refer_again(Transaction& transaction, const std::string& key) {
  auto changed = transaction.execute(
      "UPDATE blobs SET refs = refs + 1 WHERE blob_key = $1 AND refs > 0", {key});
  if (!changed) return fail(std::move(changed.error()));
  if (*changed == 0) return not_found();
  return {};
}

Status release(Transaction& transaction, const std::string& key, std::int64_t now_seconds) {
  auto changed = transaction.execute(
      "UPDATE blobs SET refs = refs - 1, unused_since = CASE WHEN refs = 1 THEN $1 END"
      " WHERE blob_key = $2 AND refs > 0",
      {now_seconds, key});
  if (!changed) return fail(std::move(changed.error()));
  if (*changed == 0) return not_found();
  return {};
}

Result<BlobRow> get(Session& session, const std::string& key) {
  auto found = session.query_one(
      "SELECT blob_key, sha256, size FROM blobs WHERE blob_key = $1", {key}, [](const Row& row) {
        return BlobRow{.key = row.string(0), .sha256 = row.string(1), .size = row.integer(2)};
      });
  if (!found) return fail(std::move(found.error()));
  if (!*found) return not_found();
  return std::move(**found);
}

Result<bool> exists(Session& session, const std::string& key) {
  auto count = session.query_integer("SELECT COUNT(*) FROM blobs WHERE blob_key = $1", {key});
  if (!count) return fail(std::move(count.error()));
  return *count > 0;
}

Result<std::vector<std::string>> forget_unused(Transaction& transaction,
                                               std::int64_t before_seconds, std::size_t limit) {
  return transaction.query(
      "DELETE FROM blobs WHERE blob_key IN (SELECT blob_key FROM blobs"
      " WHERE unused_since < $1 AND refs = 0 LIMIT $2) RETURNING blob_key",
      {before_seconds, limit}, [](const Row& row) { return row.string(0); });
}

}  // namespace store::blobs
