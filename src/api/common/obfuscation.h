// Padding that evens out the sizes of streamed events, so that an observer of encrypted traffic
// learns little from them. On by default; `stream_options.include_obfuscation: false` turns it off.
#pragma once

#include <string>

#include "base/random.h"

namespace api {

// Random letters and digits, 1 to 16 of them: they bring a payload of `payload_bytes` to a multiple
// of 16.
inline std::string obfuscation(base::Random& random, std::size_t payload_bytes) {
  return random.base62(16 - payload_bytes % 16);
}

}  // namespace api
