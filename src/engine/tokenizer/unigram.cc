#include "engine/tokenizer/unigram.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/tokenizer/utf8.h"

namespace engine::tokenizer {
namespace {

// Below the worst token, so that any spelling beats an unknown character.
constexpr float kUnknownPenalty = 10.0F;

struct Best {
  TokenId token;
  std::size_t start;  // of that token
  double score;       // of everything up to its end
};

}  // namespace

Unigram::Unigram(const Vocabulary& vocabulary, Normalizer normalizer)
    : vocabulary_(vocabulary), normalizer_(std::move(normalizer)) {
  float worst = std::numeric_limits<float>::max();
  for (TokenId id = 0; vocabulary.has(id); ++id) {
    const TokenEntry& token = vocabulary[id];
    if (vocabulary.is(id, kNormal)) worst = std::min(worst, token.score);
    if (vocabulary.is(id, kNormal | kUserDefined | kUnused)) tokens_.insert(token.text, id);
    if (vocabulary.is(id, kUserDefined)) user_defined_.insert(token.text, id);
  }
  unknown_score_ = worst - kUnknownPenalty;
}

void Unigram::encode(std::string_view text, bool, std::vector<TokenId>& out) const {
  const std::string input = normalized(text);
  if (input.empty()) return;
  const TokenId unknown = vocabulary_.special().unknown;
  constexpr double kWorst = std::numeric_limits<double>::lowest();
  std::vector<Best> best(input.size() + 1, Best{unknown, 0, kWorst});
  best[0].score = 0;
  const auto offer = [&](std::size_t end, Best challenger) {
    if (challenger.score > best[end].score) best[end] = challenger;
  };
  for (std::size_t at = 0; at < input.size();) {
    const std::size_t size = std::min(claimed_size(input[at]), input.size() - at);
    const double so_far = best[at].score;
    bool spelled = false;  // some token is exactly this character
    Trie::Node node = tokens_.step(Trie::kRoot, input[at]);
    for (std::size_t end = at + 1; node != Trie::kNone; ++end) {
      if (const TokenId token = tokens_.value(node); token != Trie::kNoValue) {
        spelled = spelled || end - at == size;
        // A user-defined token costs nothing, ordinary ones their negative log probability.
        const double score = vocabulary_.is(token, kUserDefined) ? 0.0 : vocabulary_[token].score;
        offer(end, {token, at, so_far + score});
      }
      if (end == input.size()) break;
      node = tokens_.step(node, input[end]);
    }
    if (!spelled) offer(at + size, {unknown, at, so_far + unknown_score_});
    at += size;
  }
  const std::size_t first = out.size();
  bool unknown_before = false;
  for (std::size_t end = input.size(); end > 0; end = best[end].start) {
    const bool is_unknown = best[end].token == unknown;
    // Neighbouring unknown characters are one unknown token.
    if (!(is_unknown && unknown_before) && best[end].token != kNoToken) {
      out.push_back(best[end].token);
    }
    unknown_before = is_unknown;
  }
  std::reverse(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
}

std::string Unigram::normalized(std::string_view text) const {
  std::string out;
  bool prefixed = false;
  bool in_word = false;
  const auto append = [&](std::string_view part) {
    for (const char c : part) {
      if (c == ' ') {
        in_word = false;
        if (!normalizer_.merge_spaces) out.append(kEscapedSpace);
        continue;
      }
      if (!in_word) {
        in_word = true;
        if ((normalizer_.space_prefix && !prefixed) || normalizer_.merge_spaces) {
          out.append(kEscapedSpace);
          prefixed = true;
        }
      }
      out.push_back(c);
    }
  };
  while (!text.empty()) {
    std::size_t size = user_defined_.longest_prefix(text).size;
    if (size > 0) {
      append(text.substr(0, size));
    } else if (const auto replacement = normalizer_.charsmap.find(text)) {
      size = replacement->size;
      append(replacement->with);
    } else {
      const DecodedPoint decoded = decode_point(text, 0);
      size = decoded.size;
      append(decoded.valid ? text.substr(0, size) : "\xEF\xBF\xBD");
    }
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace engine::tokenizer
