// Row checksums: SQLite does not notice a flipped bit inside a row, so rows with bodies carry one
// and a mismatch is CorruptData (R9).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "base/error.h"

namespace store {

// The first 64 bits of SHA-256 over the parts and their lengths.
std::int64_t checksum(std::initializer_list<std::string_view> parts);

// CorruptData unless the parts have that checksum.
Status verify_checksum(std::int64_t expected, std::initializer_list<std::string_view> parts);

}  // namespace store
