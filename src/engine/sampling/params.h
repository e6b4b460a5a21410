// What a request says about choosing the next token, by the definitions of the OpenAI API.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "engine/token.h"

namespace engine {

struct LogitBias {
  TokenId token = 0;
  float bias = 0;
};

// The defaults leave the model's distribution as it is.
struct SamplingParams {
  float temperature = 1;         // 0 takes the best token
  float top_p = 1;               // smallest set of tokens whose probability reaches this; 1 is off
  int top_k = 0;                 // 0 is off
  float min_p = 0;               // relative to the best token; 0 is off
  float repetition_penalty = 1;  // divides positive logits of tokens in prompt and output; 1 is off
  float presence_penalty = 0;    // subtracted once for every token already generated
  float frequency_penalty = 0;   // subtracted for every time a token was generated
  std::vector<LogitBias> logit_bias = {};
  std::uint64_t seed = 0;
};

// InvalidRequest with the field and the value when a number is out of its range or not finite, or a
// bias names a token that the vocabulary lacks.
Status validate(const SamplingParams& params, std::size_t n_vocab);

}  // namespace engine
