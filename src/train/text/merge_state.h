// Counted words as tokens, with the counts of their neighbouring pairs kept up to date merge by
// merge: what byte-pair learning turns on, whatever the first tokens stand for.
#pragma once

#include <cstdint>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

#include "train/text/vocabulary.h"

namespace train {

struct CountedWord {
  std::vector<int> tokens;
  std::int64_t count = 0;
};

// One thread.
class MergeState {
 public:
  explicit MergeState(std::vector<CountedWord> words);

  // The most frequent pair; ties go to the earlier tokens. False when none occurs twice.
  bool best(Merge& out);
  // From now on the pair is `token`.
  void apply(Merge merge, int token);

 private:
  using Key = std::uint64_t;

  // How often a pair occurs, and in which words (some may have lost it since).
  struct Pair {
    std::int64_t count = 0;
    std::vector<int> words;
  };

  void count_pairs(int index, int sign);

  std::vector<CountedWord> words_;
  std::unordered_map<Key, Pair> pairs_;
  std::priority_queue<std::pair<std::int64_t, Key>> queue_;  // count, inverted key
  std::vector<Key> changed_;
};

}  // namespace train
