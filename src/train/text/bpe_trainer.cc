#include "train/text/bpe_trainer.h"

#include <algorithm>
#include <queue>
#include <tuple>
#include <vector>

#include "train/text/pretokenize.h"

namespace train {

namespace {

using Key = std::uint64_t;

Key key_of(int left, int right) {
  return (static_cast<Key>(left) << 32) | static_cast<std::uint32_t>(right);
}

struct Word {
  std::vector<int> tokens;
  std::int64_t count = 0;
};

// How often a pair occurs, and in which words (some may have lost it since).
struct Pair {
  std::int64_t count = 0;
  std::vector<int> words;
};

// All words with their pairs, kept up to date merge by merge.
class MergeState {
 public:
  explicit MergeState(std::vector<Word> words) : words_(std::move(words)) {
    for (std::size_t i = 0; i < words_.size(); ++i) count_pairs(static_cast<int>(i), +1);
    for (const auto& [key, pair] : pairs_) queue_.emplace(pair.count, ~key);
  }

  // The most frequent pair; ties go to the earlier tokens. False when none occurs twice.
  bool best(Merge& out) {
    while (!queue_.empty()) {
      const auto [count, inverted] = queue_.top();
      const Key key = ~inverted;
      const auto found = pairs_.find(key);
      if (found != pairs_.end() && found->second.count == count) {
        out = {static_cast<int>(key >> 32), static_cast<int>(key & 0xFFFFFFFFu)};
        return count >= 2;
      }
      queue_.pop();  // an old count
    }
    return false;
  }

  void apply(Merge merge, int token) {
    auto affected = std::move(pairs_[key_of(merge.left, merge.right)].words);
    std::ranges::sort(affected);
    const auto repeated = std::ranges::unique(affected);
    affected.erase(repeated.begin(), repeated.end());
    changed_.clear();
    for (const int index : affected) {
      count_pairs(index, -1);
      replace(words_[std::size_t(index)].tokens, merge, token);
      count_pairs(index, +1);
    }
    pairs_.erase(key_of(merge.left, merge.right));
    for (const Key key : changed_) {
      const auto found = pairs_.find(key);
      if (found != pairs_.end() && found->second.count > 0)
        queue_.emplace(found->second.count, ~key);
    }
  }

 private:
  static void replace(std::vector<int>& tokens, Merge merge, int token) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const bool here =
          i + 1 < tokens.size() && tokens[i] == merge.left && tokens[i + 1] == merge.right;
      tokens[kept++] = here ? token : tokens[i];
      if (here) ++i;
    }
    tokens.resize(kept);
  }

  void count_pairs(int index, int sign) {
    const Word& word = words_[std::size_t(index)];
    for (std::size_t i = 0; i + 1 < word.tokens.size(); ++i) {
      const Key key = key_of(word.tokens[i], word.tokens[i + 1]);
      Pair& pair = pairs_[key];
      pair.count += sign * word.count;
      if (sign > 0) pair.words.push_back(index);
      changed_.push_back(key);
    }
  }

  std::vector<Word> words_;
  std::unordered_map<Key, Pair> pairs_;
  std::priority_queue<std::pair<std::int64_t, Key>> queue_;  // count, inverted key
  std::vector<Key> changed_;
};

}  // namespace

void BpeTrainer::add(std::string_view text, std::int64_t times) {
  for (const std::string_view word : pretokenize(text)) {
    const bool has_digit =
        std::ranges::any_of(word, [](char byte) { return byte >= '0' && byte <= '9'; });
    if (!has_digit) counts_[std::string(word)] += times;
  }
}

Vocabulary BpeTrainer::learn(int size) const {
  std::vector<std::pair<std::string, std::int64_t>> sorted(counts_.begin(), counts_.end());
  std::ranges::sort(sorted);
  std::vector<Word> words;
  words.reserve(sorted.size());
  for (const auto& [text, count] : sorted) {
    Word word{.tokens = {}, .count = count};
    for (const char byte : text)
      word.tokens.push_back(kFirstByte + static_cast<std::uint8_t>(byte));
    words.push_back(std::move(word));
  }
  MergeState state(std::move(words));
  std::vector<Merge> merges;
  Merge merge;
  while (kFirstMerge + static_cast<int>(merges.size()) < size && state.best(merge)) {
    state.apply(merge, kFirstMerge + static_cast<int>(merges.size()));
    merges.push_back(merge);
  }
  return Vocabulary(std::move(merges));
}

}  // namespace train
