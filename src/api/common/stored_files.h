// Stored files, for every family that makes or reads one: the File object, its contents, its place
// among the project's files.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/async.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/json/value.h"
#include "base/time.h"
#include "blob/blob_store.h"
#include "store/db/database.h"
#include "store/repo/documents.h"

namespace api {

// The File object, with where its contents lie. Stored as JSON in a document of kind "file".
struct StoredFile {
  std::string id;
  std::int64_t bytes = 0;
  std::int64_t created_at = 0;  // Unix seconds
  std::optional<std::int64_t> expires_at;
  std::string filename;
  std::string purpose;
  std::string blob_key;  // never shown
};

// The wire form:
// {"id","object":"file","bytes","created_at","expires_at"?,"filename","purpose","status"}.
json::Object file_object(const StoredFile& file);

// Any thread. Owned by app.
class StoredFiles {
 public:
  static constexpr const char* kKind = "file";

  StoredFiles(store::Database& database, blob::BlobStore& blobs, base::Pools& pools,
              base::IdGenerator& ids, const base::Clock& clock)
      : database_(database), blobs_(blobs), pools_(pools), ids_(ids), clock_(clock) {}

  struct Create {
    base::ProjectId project;
    std::string filename, purpose;
    blob::Stored contents;
    std::optional<std::int64_t> expires_after_seconds;
  };
  // Returns when the row is durable; the contents are already.
  base::awaitable<Result<StoredFile>> create(Create file);
  // The same inside a transaction of the caller's.
  Result<StoredFile> create_in(store::Transaction& transaction, const Create& file);

  // NotFound as the real API words it, also for another project's file and an expired one.
  base::awaitable<Result<StoredFile>> get(base::ProjectId project, std::string id);
  static Result<StoredFile> get_in(store::Session& session, const base::ProjectId& project,
                                   const std::string& id, std::int64_t now);
  base::awaitable<Result<store::Page<StoredFile>>> list(base::ProjectId project,
                                                        std::optional<std::string> purpose,
                                                        store::PageRequest page);
  base::awaitable<Status> remove(base::ProjectId project, std::string id);
  // The row and its reference to the contents, whether it has expired or not, with all that goes
  // with it. `afterwards`: what is to be done once this is durable.
  Status remove_in(store::Transaction& transaction, const store::DocumentKey& key, std::int64_t now,
                   std::function<void()>& afterwards) const;

  // Where else a file stands, and leaves in the transaction that removes it: vector stores. Returns
  // what is to be done once that is durable. Set once, before the first request.
  using OnRemove = std::function<Result<std::function<void()>>(
      store::Transaction&, const base::ProjectId&, const std::string& id)>;
  void on_remove(OnRemove hook) { on_remove_ = std::move(hook); }

  // The whole contents; TooLarge above `bytes_max`.
  base::awaitable<Result<std::string>> read(StoredFile file, std::size_t bytes_max);
  Result<std::unique_ptr<blob::BlobReader>> open(const StoredFile& file) const {
    return blobs_.open(file.blob_key, file.bytes);
  }
  blob::BlobStore& blobs() { return blobs_; }
  base::Pools& pools() { return pools_; }

 private:
  store::Database& database_;
  blob::BlobStore& blobs_;
  base::Pools& pools_;
  base::IdGenerator& ids_;
  const base::Clock& clock_;
  OnRemove on_remove_;
};

}  // namespace api
