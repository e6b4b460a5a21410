#include "api/common/fingerprint.h"

#include <cstdint>

#include <fmt/format.h>

#include "base/version.h"

namespace api {

std::string fingerprint(std::string_view model) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const std::string_view text : {model, std::string_view(base::kVersion)}) {
    for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
  }
  return fmt::format("fp_{:010x}", hash >> 24);
}

}  // namespace api
