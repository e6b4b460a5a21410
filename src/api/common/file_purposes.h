// What a file may be for, and the rules that come with it, wherever a file is made.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace api {

inline constexpr std::array<std::string_view, 6> kFilePurposes{"fine-tune", "assistants", "batch",
                                                               "user_data", "vision",     "evals"};

// InvalidRequest for a name that the purpose does not allow.
inline Status check_file_name(std::string_view purpose, std::string_view filename) {
  if (purpose == "batch" && !filename.ends_with(".jsonl"))
    return fail(ErrorCode::InvalidRequest, "Invalid file format for Batch API. Must be .jsonl");
  return {};
}

// How long a file of that purpose lives when nobody says; nothing means for ever.
inline std::optional<std::int64_t> default_file_expiry_seconds(std::string_view purpose) {
  if (purpose == "batch") return 30 * 24 * 3600;
  return std::nullopt;
}

}  // namespace api
