#include "train/text/merge_state.h"

#include <algorithm>

namespace train {

namespace {

std::uint64_t key_of(int left, int right) {
  return (static_cast<std::uint64_t>(left) << 32) | static_cast<std::uint32_t>(right);
}

void replace(std::vector<int>& tokens, Merge merge, int token) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool here =
        i + 1 < tokens.size() && tokens[i] == merge.left && tokens[i + 1] == merge.right;
    tokens[kept++] = here ? token : tokens[i];
    if (here) ++i;
  }
  tokens.resize(kept);
}

}  // namespace

MergeState::MergeState(std::vector<CountedWord> words) : words_(std::move(words)) {
  for (std::size_t i = 0; i < words_.size(); ++i) count_pairs(static_cast<int>(i), +1);
  for (const auto& [key, pair] : pairs_) queue_.emplace(pair.count, ~key);
}

bool MergeState::best(Merge& out) {
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

void MergeState::apply(Merge merge, int token) {
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
    if (found != pairs_.end() && found->second.count > 0) queue_.emplace(found->second.count, ~key);
  }
}

void MergeState::count_pairs(int index, int sign) {
  const CountedWord& word = words_[std::size_t(index)];
  for (std::size_t i = 0; i + 1 < word.tokens.size(); ++i) {
    const Key key = key_of(word.tokens[i], word.tokens[i + 1]);
    Pair& pair = pairs_[key];
    pair.count += sign * word.count;
    if (sign > 0) pair.words.push_back(index);
    changed_.push_back(key);
  }
}

}  // namespace train
