#include "engine/sampling/params.h"

#include <fmt/format.h>

#include <cmath>

namespace engine {
namespace {

Status in_range(const char* name, float value, float low, float high) {
  if (std::isfinite(value) && value >= low && value <= high) return {};
  return fail(
      ErrorCode::InvalidRequest,
      fmt::format("{} is out of range: {}. It must be between {} and {}.", name, value, low, high),
      name);
}

}  // namespace

Status validate(const SamplingParams& params, std::size_t n_vocab) {
  // Upper bounds beyond the API's own are only there to keep the arithmetic finite.
  const struct {
    const char* name;
    float value, low, high;
  } fields[] = {
      {"temperature", params.temperature, 0, 100},
      {"top_p", params.top_p, 0, 1},
      {"min_p", params.min_p, 0, 1},
      {"repetition_penalty", params.repetition_penalty, 0.01f, 100},
      {"presence_penalty", params.presence_penalty, -100, 100},
      {"frequency_penalty", params.frequency_penalty, -100, 100},
  };
  for (const auto& field : fields) {
    auto status = in_range(field.name, field.value, field.low, field.high);
    if (!status) return status;
  }
  if (params.top_k < 0) {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("top_k must not be negative: {}.", params.top_k), "top_k");
  }
  for (const auto& bias : params.logit_bias) {
    if (bias.token < 0 || static_cast<std::size_t>(bias.token) >= n_vocab) {
      return fail(ErrorCode::InvalidRequest,
                  fmt::format("logit_bias names token {}, but the vocabulary has {} tokens.",
                              bias.token, n_vocab),
                  "logit_bias");
    }
    auto status = in_range("logit_bias", bias.bias, -1000, 1000);
    if (!status) return status;
  }
  return {};
}

}  // namespace engine
