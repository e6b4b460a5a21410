#include "jobs/blob_sweep.h"

#include "store/repo/blobs.h"

namespace jobs {
namespace {

constexpr std::size_t kBlobsPerTransaction = 100;

}  // namespace

Result<std::size_t> sweep_unused_blobs(store::Database& database, blob::BlobStore& blobs,
                                       std::int64_t before_seconds) {
  std::size_t removed = 0;
  while (true) {
    // The rows go first and durably: a crash now leaves orphans, never a row without its bytes.
    auto keys = database.write_blocking([&](store::Transaction& transaction) {
      return store::blobs::forget_unused(transaction, before_seconds, kBlobsPerTransaction);
    });
    if (!keys) return fail(std::move(keys.error()));
    for (const auto& key : *keys) {
      if (auto status = blobs.remove(key); !status) return fail(std::move(status.error()));
      ++removed;
    }
    if (keys->size() < kBlobsPerTransaction) return removed;
  }
}

Result<std::size_t> sweep_orphan_blobs(store::Database& database, blob::BlobStore& blobs) {
  std::size_t removed = 0;
  auto status = blobs.each_key([&](const std::string& key) -> Status {
    auto known = database.read_blocking(
        [&](store::Session& session) { return store::blobs::exists(session, key); });
    if (!known) return fail(std::move(known.error()));
    if (*known) return {};
    ++removed;
    return blobs.remove(key);
  });
  if (!status) return fail(std::move(status.error()));
  return removed;
}

}  // namespace jobs
