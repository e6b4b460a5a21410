// How the next token is chosen. Ranges are the API's and are checked at the edge.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace inference {

struct SamplingParams {
  double temperature = 1.0;  // 0 means the most likely token, always
  double top_p = 1.0;
  double min_p = 0.0;
  std::int32_t top_k = 0;  // 0 means all
  double presence_penalty = 0.0;
  double frequency_penalty = 0.0;
  double repetition_penalty = 1.0;
  std::vector<std::pair<std::int32_t, float>> logit_bias;  // token id, added to its logit
  std::optional<std::int64_t> seed;                        // absent: drawn from the system
  std::optional<std::int64_t> tokens_max;                  // absent: up to the end of the context
  std::vector<std::string> stop;  // the output ends before the first of these
  bool ignore_end = false;        // keep generating past end-of-text (benchmarks)
  std::optional<std::int32_t>
      top_logprobs;  // present: report log probabilities, and so many rivals
};

}  // namespace inference
