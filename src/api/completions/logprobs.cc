#include "api/completions/logprobs.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/encoding.h"

namespace api::completions {
namespace {

// A token that is part of a character is shown by its bytes, as the real API does:
// "bytes:\xe2\x82".
std::string shown(std::string_view token) {
  if (base::utf8_valid(token)) return std::string(token);
  std::string out = "bytes:";
  for (const unsigned char c : token) out += fmt::format("\\x{:02x}", c);
  return out;
}

}  // namespace

json::Object legacy_logprobs(const std::vector<inference::TokenLogprob>& tokens, std::size_t offset,
                             bool first_is_prompt_start) {
  json::Array texts, logprobs, tops, offsets;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto& token = tokens[i];
    texts.emplace_back(shown(token.token));
    offsets.emplace_back(offset);
    offset += base::utf8_length(token.token);
    if (i == 0 && first_is_prompt_start) {
      logprobs.emplace_back(nullptr);
      tops.emplace_back(nullptr);
      continue;
    }
    logprobs.emplace_back(std::max(token.logprob, -9999.0f));
    json::Object top;
    for (const auto& rival : token.top) top[shown(rival.token)] = std::max(rival.logprob, -9999.0f);
    tops.emplace_back(std::move(top));
  }
  return {{"tokens", std::move(texts)},
          {"token_logprobs", std::move(logprobs)},
          {"top_logprobs", std::move(tops)},
          {"text_offset", std::move(offsets)}};
}

}  // namespace api::completions
