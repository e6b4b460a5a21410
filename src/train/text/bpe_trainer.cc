#include "train/text/bpe_trainer.h"

#include <algorithm>
#include <vector>

#include "train/text/merge_state.h"
#include "train/text/pretokenize.h"

namespace train {

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
  std::vector<CountedWord> words;
  words.reserve(sorted.size());
  for (const auto& [text, count] : sorted) {
    CountedWord word{.tokens = {}, .count = count};
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
