// The log probability shape of legacy completions: parallel arrays over the tokens of a text.
#pragma once

#include <string>
#include <vector>

#include "base/json/value.h"
#include "inference/event.h"

namespace api::completions {

// {tokens, token_logprobs, top_logprobs, text_offset}; `offset` is the character at which the first
// token stands. `first_is_prompt_start`: the first token has nothing before it, so its log
// probability is null.
json::Object legacy_logprobs(const std::vector<inference::TokenLogprob>& tokens, std::size_t offset,
                             bool first_is_prompt_start);

}  // namespace api::completions
