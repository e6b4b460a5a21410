// What the vector store API does, apart from HTTP.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/common/stored_files.h"
#include "api/vector_stores/types.h"
#include "jobs/doorbell.h"
#include "jobs/queue_clock.h"
#include "vector/search.h"

namespace api::vector_stores {

// Any thread. Owned by app through VectorStoresRoutes.
class VectorStoresService {
 public:
  struct Parts {
    store::Database& database;
    StoredFiles& files;
    vector::Search& search;
    base::IdGenerator& ids;
    const base::Clock& clock;
    const jobs::Doorbell& doorbell;
    std::string embedding_model = {};  // of new stores; empty: what there is
  };
  explicit VectorStoresService(Parts parts);

  base::awaitable<Result<vector::VectorStore>> create(base::ProjectId project, CreateStore wanted);
  base::awaitable<Result<vector::VectorStore>> get(vector::StoreId id);
  base::awaitable<Result<store::Page<vector::VectorStore>>> list(base::ProjectId project,
                                                                 store::PageRequest page);
  struct Update {
    UpdateStore fields;
    bool clears_name = false, clears_expiry = false;
  };
  base::awaitable<Result<vector::VectorStore>> update(vector::StoreId id, Update update);
  base::awaitable<Status> remove(vector::StoreId id);
  // What the sweeper does with a store whose time is over.
  Status expire(store::Transaction& transaction, const store::DocumentKey& key, std::int64_t now);

  base::awaitable<Result<vector::StoreFile>> attach(vector::StoreId id, AttachFile wanted);
  base::awaitable<Result<vector::StoreFile>> get_file(vector::StoreId id, std::string file);
  // Also checks that the store, and the batch if one is named, is there.
  base::awaitable<Result<store::Page<vector::StoreFile>>> list_files(
      vector::files::ListFiles wanted);
  base::awaitable<Result<vector::StoreFile>> set_attributes(vector::StoreId id, std::string file,
                                                            json::Object attributes);
  base::awaitable<Status> detach(vector::StoreId id, std::string file);
  // Its text, chunk by chunk. Conflict while it is not completed.
  base::awaitable<Result<std::vector<std::string>>> content(vector::StoreId id, std::string file);

  base::awaitable<Result<vector::FileBatch>> create_batch(vector::StoreId id,
                                                          std::vector<AttachFile> files);
  base::awaitable<Result<vector::FileBatch>> get_batch(vector::StoreId id, std::string batch);
  base::awaitable<Result<vector::FileBatch>> cancel_batch(vector::StoreId id, std::string batch);

  base::awaitable<Result<std::vector<vector::Passage>>> find(vector::SearchRequest request);

 private:
  // One file into a store, with its job. Adds the sets it replaced to `hidden`.
  struct Attachment {
    vector::StoreId store;
    std::string batch = {};
    std::int64_t now = 0;
  };
  Status attach_in(store::Transaction& transaction, const Attachment& to, const AttachFile& wanted,
                   std::vector<std::int64_t>& hidden);
  // The store, when files can be put into it.
  Status check_open(store::Session& session, const vector::StoreId& id) const;
  Status clean_later(store::Transaction& transaction, const base::ProjectId& project,
                     const std::string& store);
  // Where files were attached anew.
  Status clean_hidden(store::Transaction& transaction, const vector::StoreId& id,
                      std::span<const std::int64_t> hidden);
  // Of a search: what made the query's vectors.
  base::awaitable<Status> note_maker(vector::StoreId id, std::string made_by);
  // The file itself is being deleted: it leaves all stores.
  Result<std::function<void()>> detach_everywhere(store::Transaction& transaction,
                                                  const base::ProjectId& project,
                                                  const std::string& file);

  const Parts parts_;
  const jobs::QueueClock queue_clock_;
};

}  // namespace api::vector_stores
