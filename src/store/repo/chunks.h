// Chunks of files in stores, as rows: text, vector, attributes. A set is one file's chunks
// in one store; it is searchable as a whole or not at all. Every access names the project.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/db/session.h"
#include "store/repo/attribute_filter.h"

namespace store::chunks {

struct StoreKey {
  base::ProjectId project;
  std::string store;
};
struct FileKey {
  StoreKey in;
  std::string file;
};

struct NewChunk {
  std::int64_t page = 0;
  std::int64_t tokens = 0;
  std::string heading = {};
  std::string body = {};
  std::vector<float> vector = {};  // empty: found by its words only
};

// A new set, not searchable yet. Its number names it from then on and is never used again.
Result<std::int64_t> begin_set(Transaction& transaction, const FileKey& key);
// The set of this file that is being made or was made last; nullopt when there is none.
Result<std::optional<std::int64_t>> find_set(Session& session, const FileKey& key);
// How many chunks it has: where making it goes on after a crash.
Result<std::int64_t> count(Session& session, std::int64_t set);
// What they take: characters of text and bytes of vectors.
Result<std::int64_t> usage(Session& session, std::int64_t set);
// Behind those it has.
Status append(Transaction& transaction, std::int64_t set, std::span<const NewChunk> chunks);
// In place of the vectors that these chunks of the set have.
struct NewVector {
  std::int64_t chunk = 0;
  std::vector<float> vector;
};
Status replace_vectors(Transaction& transaction, std::int64_t set,
                       std::span<const NewVector> vectors);
// The store's sets behind `after` that are not hidden, searchable or not, by number.
Result<std::vector<std::int64_t>> sets_after(Session& session, const StoreKey& key,
                                             std::int64_t after, std::size_t limit);
// The highest number of a set of the store; 0 when there is none.
Result<std::int64_t> last_set(Session& session, const StoreKey& key);
Status make_searchable(Transaction& transaction, std::int64_t set, const StoreKey& in);

// All sets of this file (or store) are out of every search from this commit on. Their rows stay
// until `forget_gone`. Returns their numbers.
Result<std::vector<std::int64_t>> hide_file(Transaction& transaction, const FileKey& key);
Result<std::vector<std::int64_t>> hide_store(Transaction& transaction, const StoreKey& key);
// A hidden set that has no rows any more.
struct GoneSet {
  StoreKey in;
  std::int64_t set = 0;
};
struct Forgotten {
  std::size_t chunks = 0;
  std::vector<GoneSet> sets;  // each is named once, by the call that removes its last row
};
// Removes at most `limit` chunks of hidden sets, and as many sets, oldest first. Nothing of either:
// there is no more.
Result<Forgotten> forget_gone(Transaction& transaction, std::size_t limit);

Status set_attributes(Transaction& transaction, const FileKey& key,
                      const std::map<std::string, Attribute>& attributes);

// Sets that became searchable after `after`, in that order; the index catches up with these.
struct SearchableSet {
  std::int64_t seq = 0;
  std::int64_t set = 0;
};
Result<std::vector<SearchableSet>> searchable_after(Session& session, const StoreKey& key,
                                                    std::int64_t after,
                                                    std::size_t limit = SIZE_MAX / 2);
// The `seq` of the last one; 0 when there is none.
Result<std::int64_t> last_searchable(Session& session, const StoreKey& key);
// Calls visit(chunk, vector) for each chunk of the set that has a vector, in order.
using VisitVector = std::function<void(std::int64_t chunk, std::span<const float> vector)>;
Status each_vector(Session& session, std::int64_t set, const VisitVector& visit);
// What an index keeps of a chunk. Views live until the next.
struct IndexedChunk {
  std::int64_t chunk = 0;
  std::string_view heading, body;
  std::span<const float> vector;  // empty when it has none
};
// Up to `limit` chunks of the set from that position on, in order: the n-th has position n.
struct SomeOfSet {
  std::int64_t set = 0;
  std::size_t from = 0, limit = 0;
};
using VisitIndexed = std::function<void(const IndexedChunk&)>;
Status each_indexed(Session& session, const SomeOfSet& some, const VisitIndexed& visit);
// The searchable sets whose file fits.
Result<std::vector<std::int64_t>> sets_that_fit(Session& session, const StoreKey& key,
                                                const AttributeFilter& filter);

struct Chunk {
  std::int64_t chunk = 0;
  std::string file;
  std::int64_t page = 0;
  std::string heading;
  std::string body;
};
// Nothing when it is not searchable in this store now.
Result<std::optional<Chunk>> fetch(Session& session, const StoreKey& key, std::int64_t chunk);
// All of a file's searchable chunks, in order, from `position` on.
Result<std::vector<Chunk>> of_file(Session& session, const FileKey& key, std::int64_t position,
                                   std::size_t limit);

}  // namespace store::chunks
