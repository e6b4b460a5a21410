// One store's chunks in memory, for finding the nearest and those with some words. A cache of rows:
// it can be dropped at any time and is made again from them, or from a snapshot and what came
// after it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "store/db/database.h"
#include "store/repo/chunks.h"
#include "vector/ranking.h"
#include "vector/snapshot.h"
#include "vector/terms.h"

namespace vector {

struct IndexOptions {
  const std::atomic<bool>* stopping = nullptr;  // true: what is reading rows gives up
};

// Any thread; searches run side by side. Owned by Indexes.
// Invariant: what it returns was searchable when it was last refreshed, or was hidden a moment ago;
// callers read the rows, which know.
class Index {
 public:
  Index(store::Database& database, const Terms& terms, store::chunks::StoreKey key,
        IndexOptions options = {});
  ~Index();

  // Runs load(*this) at the first call, before that returns, and never again.
  void begin_with(const std::function<void(Index&)>& load);
  // Reads what became searchable since the last time. Blocks; searches go on meanwhile.
  Status refresh();
  // The same in turns of some files: true when there may be more.
  Result<bool> read_some();

  using Sets = std::optional<std::vector<std::int64_t>>;
  // The `limit` nearest to `query` (of length 1) by cosine, best first; only of these sets, when
  // given. Blocks. Empty when the query's dimensions are not those of the store's vectors.
  Result<std::vector<Found>> near(std::span<const float> query, std::size_t limit,
                                  const Sets& sets) const;
  // Those with any of these words, by BM25, in the same way.
  std::vector<Found> with_words(std::span<const Term> words, std::size_t limit,
                                const Sets& sets) const;
  // These sets are no longer returned. Their chunks leave when the index is made anew.
  void forget(std::span<const std::int64_t> sets);

  // These wait for nothing. They are as of the last piece that was read.
  // True when it has lost so much that it should be made anew from the rows.
  bool is_worn() const;
  std::size_t size() const;   // chunks
  std::size_t bytes() const;  // of memory, about

  // Searches go on meanwhile; what is new is read afterwards.
  Status save(SnapshotWriter& out) const;
  // Into an index that is empty: `sha256` is that of the whole snapshot. After an error it is as
  // empty as before.
  Status load(SnapshotReader& in, const std::string& sha256);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vector
