// The wire form of POST /v1/embeddings. Source: OpenAI API reference, "Create embeddings".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "api/common/prompts.h"

namespace api::embeddings {

struct CreateRequest {
  std::string model;
  Prompts input;
  std::optional<std::string> encoding_format;
  std::optional<std::int32_t> dimensions;
  std::optional<std::string> user;

  static constexpr std::array<std::string_view, 2> kFormats{"float", "base64"};
  static constexpr auto json_fields() {
    using R = CreateRequest;
    return std::tuple{
        json::field("model", &R::model).length_min(1), json::field("input", &R::input),
        json::field("encoding_format", &R::encoding_format).one_of(kFormats),
        json::field("dimensions", &R::dimensions).min(1), json::field("user", &R::user)};
  }
  static constexpr bool json_closed = true;
};

}  // namespace api::embeddings
