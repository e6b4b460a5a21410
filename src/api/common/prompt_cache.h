// `prompt_cache_options`, as chats and responses take it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "base/json/field.h"

namespace api {

struct PromptCacheOptions {
  std::optional<std::string> mode, ttl;
  static constexpr std::array<std::string_view, 2> kModes{"implicit", "explicit"};
  static constexpr std::array<std::string_view, 1> kTtls{"30m"};
  static constexpr auto json_fields() {
    return std::tuple{json::field("mode", &PromptCacheOptions::mode).one_of(kModes),
                      json::field("ttl", &PromptCacheOptions::ttl).one_of(kTtls)};
  }
  static constexpr bool json_closed = true;
};

}  // namespace api
