// The vectors of one store in memory, for finding the nearest. A cache of rows: it can be dropped
// at any time and is made again from them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "store/db/database.h"
#include "store/repo/chunks.h"

namespace vector {

struct Neighbour {
  std::int64_t chunk = 0;
  float similarity = 0;  // cosine
};

struct IndexOptions {
  std::size_t flat_max = 20'000;  // up to here every vector is compared
  // How many lists are looked into, of those there are: the recall that benchmarks state.
  double probed_share = 1.0 / 24;
  std::size_t probes_min = 24;
};

// Any thread; searches run side by side. Owned by Indexes.
// Invariant: what it returns was searchable when the search began, or was hidden a moment ago;
// callers read the rows, which know.
class Index {
 public:
  Index(store::Database& database, store::chunks::StoreKey key, IndexOptions options = {});
  ~Index();

  // The `limit` nearest to `query` (of length 1), best first; only of these sets, when given. Reads
  // what was added since the last search. Blocks. Empty when the query's dimensions are not those
  // of the store's vectors.
  Result<std::vector<Neighbour>> search(std::span<const float> query, std::size_t limit,
                                        const std::optional<std::vector<std::int64_t>>& sets);
  // These sets are no longer returned. Their vectors leave when the index is made anew.
  void forget(std::span<const std::int64_t> sets);

  // True when it has grown or lost so much that it should be made anew from the rows.
  bool is_worn() const;
  std::size_t size() const;   // vectors
  std::size_t bytes() const;  // of memory, about
  // Reads all rows now instead of at the first search. Blocks.
  Status load();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vector
