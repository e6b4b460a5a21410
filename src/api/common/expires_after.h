// `expires_after`: {anchor: "created_at", seconds}, as JSON and as form fields.
#pragma once

#include <array>
#include <cstdint>

#include "base/json/field.h"
#include "base/limits/file.h"

namespace api {

struct ExpiresAfter {
  std::string anchor;
  std::int64_t seconds = 0;
  static constexpr std::array<std::string_view, 1> kAnchors{"created_at"};
  static constexpr auto json_fields() {
    return std::tuple{json::field("anchor", &ExpiresAfter::anchor).one_of(kAnchors),
                      json::field("seconds", &ExpiresAfter::seconds)
                          .min(limits::file_expiry_seconds_min)
                          .max(limits::file_expiry_seconds_max)};
  }
};

}  // namespace api
