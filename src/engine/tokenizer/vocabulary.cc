#include "engine/tokenizer/vocabulary.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "base/limits/tokenizer.h"

namespace engine::tokenizer {
namespace {

constexpr const char* kTokens = "tokenizer.ggml.tokens";
constexpr const char* kScores = "tokenizer.ggml.scores";
constexpr const char* kTypes = "tokenizer.ggml.token_type";

std::uint16_t attributes_of(std::int32_t type) {
  switch (type) {
    case 1: return kNormal;
    case 2: return kUnknown;
    case 3: return kControl;
    case 4: return kUserDefined;
    case 5: return kUnused;
    case 6: return kByte;
    default: return 0;
  }
}

Result<std::vector<float>> read_scores(const gguf::File& file) {
  const gguf::Value* value = file.value(kScores);
  if (value == nullptr) return std::vector<float>();
  if (const auto integers = gguf::convert<std::vector<std::int32_t>>(*value)) {
    return std::vector<float>(integers->begin(), integers->end());
  }
  return file.require<std::vector<float>>(kScores);
}

std::unexpected<Error> corrupt(std::string message) {
  return fail(ErrorCode::CorruptData, std::move(message));
}

}  // namespace

Result<Vocabulary> Vocabulary::load(const gguf::File& file, const Defaults& defaults) {
  Vocabulary vocabulary;
  if (auto ok = vocabulary.read_tokens(file); !ok) return fail(std::move(ok.error()));
  if (auto ok = vocabulary.read_special(file, defaults); !ok) return fail(std::move(ok.error()));
  vocabulary.find_special_by_text();
  vocabulary.mark_unused();
  vocabulary.find_end_of_generation();
  vocabulary.adjust_end_of_generation();
  vocabulary.set_strip_attributes(file);
  return vocabulary;
}

Status Vocabulary::read_tokens(const gguf::File& file) {
  const auto texts = file.require<std::span<const std::string_view>>(kTokens);
  if (!texts) return fail(texts.error());
  const auto scores = read_scores(file);
  if (!scores) return fail(scores.error());
  const auto types = file.find_or<std::vector<std::int32_t>>(kTypes, {});
  if (!types) return fail(types.error());
  const std::size_t n = texts->size();
  if (n == 0) return corrupt("the vocabulary is empty");
  if (n > limits::vocabulary_tokens_max) {
    return corrupt(fmt::format("the vocabulary has {} tokens, at most {} are supported", n,
                               limits::vocabulary_tokens_max));
  }
  if ((!scores->empty() && scores->size() < n) || (!types->empty() && types->size() < n)) {
    return corrupt(
        fmt::format("{} tokens, but {} scores and {} types", n, scores->size(), types->size()));
  }
  std::vector<std::size_t> ends;
  ends.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    // Files made for padded vocabularies have empty texts; each needs one that is its own.
    if ((*texts)[i].empty()) {
      arena_ += fmt::format("[EMPTY_{}]", i);
    } else {
      arena_ += (*texts)[i];
    }
    ends.push_back(arena_.size());
  }
  // The texts point into the arena, whose buffer must not be a small string's own: it moves.
  arena_.reserve(64);
  tokens_.resize(n);
  by_text_.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t start = i == 0 ? 0 : ends[i - 1];
    TokenEntry& token = tokens_[i];
    token.text = std::string_view(arena_).substr(start, ends[i] - start);
    if (token.text.size() > limits::token_bytes_max) {
      return corrupt(fmt::format("token {} has {} bytes, at most {} are supported", i,
                                 token.text.size(), limits::token_bytes_max));
    }
    if (!scores->empty()) token.score = (*scores)[i];
    if (std::isnan(token.score)) return corrupt(fmt::format("the score of token {} is NaN", i));
    if (!types->empty()) token.attributes = attributes_of((*types)[i]);
    const auto [known, added] = by_text_.emplace(token.text, static_cast<TokenId>(i));
    if (!added) {
      return corrupt(fmt::format("tokens {} and {} have the same text", known->second, i));
    }
    token_bytes_max_ = std::max(token_bytes_max_, token.text.size());
  }
  return {};
}

Status Vocabulary::read_special(const gguf::File& file, const Defaults& defaults) {
  special_ = defaults.special;
  const std::pair<const char*, TokenId*> keys[] = {
      {"bos_token_id", &special_.bos},
      {"eos_token_id", &special_.eos},
      {"eot_token_id", &special_.eot},
      {"eom_token_id", &special_.eom},
      {"unknown_token_id", &special_.unknown},
      {"seperator_token_id", &special_.separator},  // the format's own spelling
      {"padding_token_id", &special_.padding},
      {"mask_token_id", &special_.mask},
      {"fim_pre_token_id", &special_.fim_prefix},
      {"fim_suf_token_id", &special_.fim_suffix},
      {"fim_mid_token_id", &special_.fim_middle},
      {"fim_pad_token_id", &special_.fim_padding},
      {"fim_rep_token_id", &special_.fim_repository},
      {"fim_sep_token_id", &special_.fim_file},
      {"prefix_token_id", &special_.fim_prefix},  // older names
      {"suffix_token_id", &special_.fim_suffix},
      {"middle_token_id", &special_.fim_middle},
  };
  for (const auto& [name, id] : keys) {
    if (!has(*id)) *id = kNoToken;
    const auto found = file.find<std::int64_t>(fmt::format("tokenizer.ggml.{}", name));
    if (!found) return fail(found.error());
    // An id outside the vocabulary means "none" to those who write it, so the default stays.
    if (*found && **found >= 0 && **found < static_cast<std::int64_t>(tokens_.size())) {
      *id = static_cast<TokenId>(**found);
    }
  }
  const auto add_bos = file.find_or<bool>("tokenizer.ggml.add_bos_token", defaults.add_bos);
  const auto add_eos = file.find_or<bool>("tokenizer.ggml.add_eos_token", defaults.add_eos);
  if (!add_bos || !add_eos) return fail(!add_bos ? add_bos.error() : add_eos.error());
  add_bos_ = (*add_bos || defaults.always_bos) && special_.bos != kNoToken;
  add_eos_ = *add_eos && special_.eos != kNoToken;
  return {};
}

TokenId Vocabulary::find(std::string_view text) const {
  const auto found = by_text_.find(text);
  return found == by_text_.end() ? kNoToken : found->second;
}

bool Vocabulary::ends_generation(TokenId id) const {
  return std::ranges::binary_search(end_of_generation_, id);
}

}  // namespace engine::tokenizer
