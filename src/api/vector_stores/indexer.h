// The jobs behind vector stores: a file's text into searchable chunks, and the removal of what is
// no longer in any store.
#pragma once

#include <string>
#include <vector>

#include "api/common/stored_files.h"
#include "documents/chunks.h"
#include "documents/extractor.h"
#include "jobs/handler.h"
#include "vector/search.h"

namespace api::vector_stores {

// Steps inside the transaction that makes the work; ring the doorbell after the commit.
Status enqueue_indexing(store::Transaction& transaction, const vector::StoreId& store,
                        const std::string& file, const std::string& job, std::int64_t now_ms);
// All chunks of the store are embedded again: see vector::stores::note_maker.
Status enqueue_embedding(store::Transaction& transaction, const vector::StoreId& store,
                         const std::string& job, std::int64_t now_ms);
// `store`: one that was deleted, or empty.
Status enqueue_cleaning(store::Transaction& transaction, const base::ProjectId& project,
                        const std::string& store, const std::string& job, std::int64_t now_ms);

// Lifetime: owned by app through VectorStoresRoutes. Any thread; many files at a time.
class Indexer {
 public:
  Indexer(store::Database& database, StoredFiles& files, vector::Search& search,
          documents::Extractor& extractor, base::IdGenerator& ids)
      : database_(database), files_(files), search_(search), extractor_(extractor), ids_(ids) {}

  std::vector<jobs::Handler> handlers();

 private:
  struct Work;

  base::awaitable<jobs::Outcome> index(jobs::Attempt& attempt);
  base::awaitable<jobs::Outcome> clean(jobs::Attempt& attempt);
  base::awaitable<Result<std::vector<documents::Chunk>>> read_chunks(const Work& work);
  base::awaitable<Result<documents::Input>> read_file(const StoredFile& file);
  base::awaitable<Result<std::int64_t>> store_chunks(jobs::Attempt& attempt, const Work& work,
                                                     const std::vector<documents::Chunk>& chunks);
  base::awaitable<Result<inference::Embeddings>> embed(const Work& work,
                                                       std::vector<std::string> texts);
  struct Place;
  base::awaitable<jobs::Outcome> embed_again(jobs::Attempt& attempt);
  base::awaitable<Result<bool>> embed_some(jobs::Attempt& attempt, const Work& work, Place& place);
  base::awaitable<Status> complete(jobs::Attempt& attempt, const Work& work, std::int64_t set);
  base::awaitable<Status> give_up(jobs::Attempt& attempt, const Work& work, const Error& error);

  store::Database& database_;
  StoredFiles& files_;
  vector::Search& search_;
  documents::Extractor& extractor_;
  base::IdGenerator& ids_;
};

}  // namespace api::vector_stores
