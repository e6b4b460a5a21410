#include "train/embedding/word_pieces.h"

#include <algorithm>
#include <utility>

#include "engine/tokenizer/trie.h"
#include "engine/tokenizer/utf8.h"
#include "engine/tokenizer/word_piece.h"
#include "train/text/merge_state.h"

namespace train::embedding {

namespace {

using engine::tokenizer::Trie;
using Counted = std::vector<std::pair<std::string, std::int64_t>>;

constexpr std::string_view kWordStart = "\xE2\x96\x81";  // U+2581
constexpr std::int64_t kWordCountMin = 3;
constexpr std::int64_t kLetterCountMin = 200;  // rarer ones are unknown
constexpr std::size_t kWordBytesMax = 40;

// Byte-pair merges leave many steps on the way to words that are hardly used themselves: so many
// more are learned than kept.
constexpr double kSurplus = 1.4;

std::vector<std::string> letters_of(const std::string& word) {
  std::vector<std::string> letters;
  for (std::size_t i = 0; i < word.size();) {
    const auto point = engine::tokenizer::decode_point(word, i);
    letters.push_back(word.substr(i, point.size));
    i += point.size;
  }
  letters[0].insert(0, kWordStart);
  return letters;
}

// The letters, first ones and others, that are frequent enough.
std::vector<std::string> alphabet_of(const Counted& words) {
  std::unordered_map<std::string, std::int64_t> counts;
  for (const auto& [word, count] : words)
    for (auto& letter : letters_of(word)) counts[letter] += count;
  std::vector<std::string> alphabet;
  for (const auto& [letter, count] : counts) {
    if (count < kLetterCountMin) continue;
    const bool first = letter.starts_with(kWordStart);
    const std::string bare = first ? letter.substr(kWordStart.size()) : letter;
    alphabet.push_back(bare);
    alphabet.push_back(std::string(kWordStart) + bare);
  }
  std::ranges::sort(alphabet);
  const auto repeated = std::ranges::unique(alphabet);
  alphabet.erase(repeated.begin(), repeated.end());
  return alphabet;
}

// Texts of the alphabet and of what byte-pair merging makes of it.
std::vector<std::string> merged_tokens(const Counted& words, std::vector<std::string> tokens,
                                       std::size_t size) {
  std::unordered_map<std::string, int> index;
  for (std::size_t i = 0; i < tokens.size(); ++i) index[tokens[i]] = static_cast<int>(i);
  std::vector<CountedWord> counted;
  for (const auto& [word, count] : words) {
    CountedWord each{.tokens = {}, .count = count};
    for (const auto& letter : letters_of(word)) {
      const auto found = index.find(letter);
      if (found != index.end()) each.tokens.push_back(found->second);
    }
    counted.push_back(std::move(each));
  }
  MergeState state(std::move(counted));
  Merge merge;
  while (tokens.size() < size && state.best(merge)) {
    state.apply(merge, static_cast<int>(tokens.size()));
    tokens.push_back(tokens[std::size_t(merge.left)] + tokens[std::size_t(merge.right)]);
  }
  return tokens;
}

// How often the longest match from the left uses each token.
std::vector<std::int64_t> uses_of(const std::vector<std::string>& tokens, const Counted& words) {
  Trie trie;
  for (std::size_t i = 0; i < tokens.size(); ++i)
    trie.insert(tokens[i], static_cast<std::int32_t>(i));
  std::vector<std::int64_t> uses(tokens.size());
  for (const auto& [word, count] : words) {
    const std::string marked = std::string(kWordStart) + word;
    for (std::size_t at = 0; at < marked.size();) {
      const auto match = trie.longest_prefix(std::string_view(marked).substr(at));
      if (match.size == 0) break;
      uses[std::size_t(match.value)] += count;
      at += match.size;
    }
  }
  return uses;
}

}  // namespace

void WordPieceTrainer::add(std::string_view text) {
  for (auto& word : engine::tokenizer::WordPiece::words_of(text, {})) {
    if (word.size() <= kWordBytesMax) ++counts_[std::move(word)];
  }
}

std::vector<std::string> WordPieceTrainer::learn(std::size_t size) const {
  Counted words;
  for (const auto& [word, count] : counts_)
    if (count >= kWordCountMin) words.emplace_back(word, count);
  std::ranges::sort(words);
  const auto alphabet = alphabet_of(words);
  // Merging can reach one text on two ways, so texts are made unique before they are counted.
  auto tokens = merged_tokens(words, alphabet, static_cast<std::size_t>(double(size) * kSurplus));
  std::ranges::sort(tokens);
  const auto repeated = std::ranges::unique(tokens);
  tokens.erase(repeated.begin(), repeated.end());

  const auto uses = uses_of(tokens, words);
  std::vector<std::pair<std::int64_t, std::string>> ranked;  // letters stay, whatever their use
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool letter = std::ranges::binary_search(alphabet, tokens[i]);
    ranked.emplace_back(-(letter ? std::max<std::int64_t>(uses[i], 1) << 40 : uses[i]), tokens[i]);
  }
  std::ranges::sort(ranked);
  if (ranked.size() + 2 > size) ranked.resize(size - 2);
  std::vector<std::string> learned{"[UNK]", "[PAD]"};
  for (auto& [rank, token] : ranked) learned.push_back(std::move(token));
  return learned;
}

}  // namespace train::embedding
