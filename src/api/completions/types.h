// The wire form of POST /v1/completions. Source: OpenAI API reference, "Create completion".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/common/logit_bias.h"
#include "api/common/prompts.h"
#include "api/common/stop.h"
#include "base/json/field.h"
#include "base/limits/request.h"

namespace api::completions {

struct StreamOptions {
  std::optional<bool> include_usage, include_obfuscation;
  static constexpr auto json_fields() {
    return std::tuple{json::field("include_usage", &StreamOptions::include_usage),
                      json::field("include_obfuscation", &StreamOptions::include_obfuscation)};
  }
  static constexpr bool json_closed = true;
};

struct CreateRequest {
  std::string model;
  std::optional<Prompts> prompt;  // absent: the model starts a new document
  std::optional<std::int64_t> best_of;
  std::optional<bool> echo;
  std::optional<double> frequency_penalty;
  std::optional<LogitBias> logit_bias;
  std::optional<std::int32_t> logprobs;
  std::optional<std::int64_t> max_tokens, n;
  std::optional<double> presence_penalty;
  std::optional<std::int64_t> seed;
  std::optional<Stop> stop;
  std::optional<bool> stream;
  std::optional<StreamOptions> stream_options;
  std::optional<std::string> suffix;
  std::optional<double> temperature, top_p;
  std::optional<std::string> user;

  static constexpr auto json_fields() {
    using R = CreateRequest;
    return std::tuple{
        json::field("model", &R::model).length_min(1),
        json::field("prompt", &R::prompt),
        json::field("best_of", &R::best_of).min(0).max(20),
        json::field("echo", &R::echo),
        json::field("frequency_penalty", &R::frequency_penalty).min(-2).max(2),
        json::field("logit_bias", &R::logit_bias),
        json::field("logprobs", &R::logprobs).min(0).max(5),
        json::field("max_tokens", &R::max_tokens).min(0),
        json::field("n", &R::n).min(1).max(limits::chat_choices_max),
        json::field("presence_penalty", &R::presence_penalty).min(-2).max(2),
        json::field("seed", &R::seed),
        json::field("stop", &R::stop),
        json::field("stream", &R::stream),
        json::field("stream_options", &R::stream_options),
        json::field("suffix", &R::suffix),
        json::field("temperature", &R::temperature).min(0).max(2),
        json::field("top_p", &R::top_p).min(0).max(1),
        json::field("user", &R::user),
    };
  }
  static constexpr bool json_closed = true;
};

}  // namespace api::completions
