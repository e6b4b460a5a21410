// What one step computes: rows of several sequences, and which of them are wanted back.
#pragma once

#include <atomic>
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
  // Once this is true the model need not go on: nobody uses what it returns. Null: it must.
  const std::atomic<bool>* given_up = nullptr;

  std::size_t rows() const { return tokens.size(); }
  void clear() {
    tokens.clear();
    positions.clear();
    sequences.clear();
    output_rows.clear();
    given_up = nullptr;
  }
  // Appends `part` of a sequence that starts at `position`.
  void add(std::span<const TokenId> part, SequenceRows rows) {
    rows.first_row = static_cast<int>(tokens.size());
    rows.count = static_cast<int>(part.size());
    for (int i = 0; i < rows.count; ++i) positions.push_back(rows.position + i);
    tokens.insert(tokens.end(), part.begin(), part.end());
    sequences.push_back(rows);
  }
  // A batch of the output rows alone, for what a row needs no other rows for: the rows of one of
  // its sequences need not follow each other in position.
  Batch outputs() const {
    Batch part;
    std::size_t next = 0;
    for (auto rows : sequences) {
      const int end = rows.first_row + rows.count;
      rows.first_row = static_cast<int>(part.tokens.size());
      for (; next < output_rows.size() && output_rows[next] < end; ++next) {
        const auto t = static_cast<std::size_t>(output_rows[next]);
        part.output_rows.push_back(static_cast<int>(part.tokens.size()));
        part.tokens.push_back(tokens[t]);
        part.positions.push_back(positions[t]);
      }
      rows.count = static_cast<int>(part.tokens.size()) - rows.first_row;
      if (rows.count > 0) part.sequences.push_back(rows);
    }
    return part;
  }
};

}  // namespace engine
