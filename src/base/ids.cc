#include "base/ids.h"

#include <fmt/format.h>

namespace base {

std::string IdGenerator::item(std::string_view prefix, std::string_view family_hex16) {
  const auto seconds = static_cast<std::uint32_t>(clock_.unix_seconds());
  return fmt::format("{}_{}00{:08x}{}", prefix, family_hex16, seconds, random_.hex(24));
}

}  // namespace base
