// Vector stores, their files and batches as steps inside a transaction: states only go forward, and
// counts move with them. Knows no HTTP and no job.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "store/db/session.h"
#include "store/repo/documents.h"
#include "vector/records.h"

namespace vector {

using store::Session;
using store::Transaction;

// One of the three with its place and times.
template <class Record>
struct Stored {
  store::DocumentKey key;
  std::int64_t created_at = 0;
  std::int64_t version = 1;
  Record record;
};
using VectorStore = Stored<StoreRecord>;
using StoreFile = Stored<FileRecord>;
using FileBatch = Stored<BatchRecord>;

struct StoreId {
  base::ProjectId project;
  std::string id;
};

namespace stores {

Status create(Transaction& transaction, VectorStore& store);
// NotFound as the real API words it. One whose time is over reads as expired.
Result<VectorStore> get(Session& session, const StoreId& id, std::int64_t now);
// Writes the record back, with the time it expires at.
Status save(Transaction& transaction, VectorStore& store);
// Was used now: it expires later. Costs a write only now and then.
Status touch(Transaction& transaction, const StoreId& id, std::int64_t now);
// Vectors of its model are made by this now. True when the store's are another's: from this commit
// on they are not used, and whoever asked has all embedded again, then says `embedded`.
Result<bool> note_maker(Transaction& transaction, const StoreId& id, const std::string& made_by);
// All its vectors are made by this. False, and nothing is done, when that is not wanted any more.
Result<bool> embedded(Transaction& transaction, const StoreId& id, const std::string& made_by);
// They could not be made: the next that finds it so tries again.
Status embedding_failed(Transaction& transaction, const StoreId& id);
Result<store::Page<VectorStore>> list(Session& session, const base::ProjectId& project,
                                      const store::PageRequest& page);
// Out of every list and search from this commit on; its files and chunks are removed piece by piece
// (`remove_leftovers`).
Status remove(Transaction& transaction, const StoreId& id, std::int64_t now);
// At most `limit` files or batches of a store that is gone; returns how many.
Result<std::size_t> remove_leftovers(Transaction& transaction, const StoreId& id,
                                     std::size_t limit);
// What the sweeper does when its time is over: it stays, marked, and nothing in it is found. False,
// and nothing is done, when it was used meanwhile.
Result<bool> expire(Transaction& transaction, const StoreId& id, std::int64_t now);

}  // namespace stores

namespace files {

struct Attach {
  StoreId store;
  std::string file;
  std::int64_t now = 0;
  FileRecord record;  // in progress
};
// A file that is attached already is attached anew; what was found of it before no longer is.
// Returns the sets that are hidden by it.
Result<std::vector<std::int64_t>> attach(Transaction& transaction, const Attach& attach);
Result<StoreFile> get(Session& session, const StoreId& store, const std::string& file);

// The end of indexing, with its counts. False, and nothing changed, when it is no longer in
// progress (or was detached).
struct End {
  std::string status;  // "completed", "failed" or "cancelled"
  std::int64_t usage_bytes = 0;
  std::string error_code = {}, error_message = {};
};
Result<bool> settle(Transaction& transaction, const StoreId& store, const std::string& file,
                    const End& end);
Result<StoreFile> set_attributes(Transaction& transaction, const StoreId& store,
                                 const std::string& file, const json::Object& attributes);
// NotFound when it is not attached. Returns the sets that are hidden by it.
Result<std::vector<std::int64_t>> detach(Transaction& transaction, const StoreId& store,
                                         const std::string& file);

// Out of every store of the project that has it: the file itself goes.
struct Detached {
  StoreId store;
  std::vector<std::int64_t> hidden;
};
Result<std::vector<Detached>> detach_everywhere(Transaction& transaction,
                                                const base::ProjectId& project,
                                                const std::string& file);

struct ListFiles {
  StoreId store;
  std::string batch = {};   // only of this batch
  std::string status = {};  // only in this state
  store::PageRequest page = {};
};
Result<store::Page<StoreFile>> list(Session& session, const ListFiles& wanted);

}  // namespace files

namespace batches {

Status create(Transaction& transaction, FileBatch& batch);
Result<FileBatch> get(Session& session, const StoreId& store, const std::string& id);
// Its files in progress become cancelled. Returns it as it is afterwards.
Result<FileBatch> cancel(Transaction& transaction, const StoreId& store, const std::string& id);

}  // namespace batches

}  // namespace vector
