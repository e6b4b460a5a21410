// The wire form of POST /v1/edits, as the API defined it until its removal in 2024.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json/field.h"

namespace api::edits {

struct CreateRequest {
  std::string model, instruction;
  std::optional<std::string> input;
  std::optional<std::int64_t> n;
  std::optional<double> temperature, top_p;

  static constexpr auto json_fields() {
    using R = CreateRequest;
    return std::tuple{json::field("model", &R::model).length_min(1),
                      json::field("instruction", &R::instruction),
                      json::field("input", &R::input),
                      json::field("n", &R::n).min(1).max(20),
                      json::field("temperature", &R::temperature).min(0).max(2),
                      json::field("top_p", &R::top_p).min(0).max(1)};
  }
  static constexpr bool json_closed = true;
};

}  // namespace api::edits
