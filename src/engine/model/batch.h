// What one step computes: rows of several sequences, and which of them are wanted back.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/cache/kv_cache.h"
#include "engine/cache/state_pool.h"
#include "engine/token.h"

namespace engine {

inline constexpr int kNoAdapter = -1;

// Consecutive rows of the batch that belong to one sequence.
struct SequenceRows {
  int first_row = 0;
  int count = 0;
  int position = 0;                // of the first row in its sequence
  const KvSequence* kv = nullptr;  // has room for these rows
  int state_slot = 0;
  int adapter = kNoAdapter;
};

struct Batch {
  std::vector<TokenId> tokens;          // [T]
  std::vector<std::int32_t> positions;  // [T]
  std::vector<SequenceRows> sequences;  // in row order, covering all rows
  std::vector<int> output_rows;         // ascending

  std::size_t rows() const { return tokens.size(); }
  void clear() {
    tokens.clear();
    positions.clear();
    sequences.clear();
    output_rows.clear();
  }
  // Appends `part` of a sequence that starts at `position`.
  void add(std::span<const TokenId> part, SequenceRows rows) {
    rows.first_row = static_cast<int>(tokens.size());
    rows.count = static_cast<int>(part.size());
    for (int i = 0; i < rows.count; ++i) positions.push_back(rows.position + i);
    tokens.insert(tokens.end(), part.begin(), part.end());
    sequences.push_back(rows);
  }
};

}  // namespace engine
