#include "engine/tokenizer/charsmap.h"

#include <cstring>

namespace engine::tokenizer {
namespace {

// A unit packs: bits 0-7 the byte that leads to it, bit 8 whether a sequence ends here, bit 9 that
// the offset is in units of 256, bits 10-30 the offset to its children (by exclusive or). A value
// unit has bit 31 set and the position of the replacement in the others.
constexpr std::uint32_t kValue = 1U << 31;
bool ends_here(std::uint32_t unit) {
  return ((unit >> 8) & 1) != 0;
}
std::uint32_t label(std::uint32_t unit) {
  return unit & (kValue | 0xFF);
}
std::uint32_t offset(std::uint32_t unit) {
  return (unit >> 10) << ((unit & (1U << 9)) >> 6);
}

}  // namespace

Result<CharsMap> CharsMap::parse(std::span<const std::uint8_t> blob) {
  std::uint32_t table_bytes = 0;
  if (blob.size() < sizeof table_bytes) {
    return fail(ErrorCode::CorruptData, "the precompiled charsmap is too short");
  }
  std::memcpy(&table_bytes, blob.data(), sizeof table_bytes);
  const auto rest = blob.subspan(sizeof table_bytes);
  if (table_bytes % sizeof(std::uint32_t) != 0 || table_bytes >= rest.size()) {
    return fail(ErrorCode::CorruptData, "the precompiled charsmap's table does not fit into it");
  }
  CharsMap map;
  map.units_.resize(table_bytes / sizeof(std::uint32_t));
  std::memcpy(map.units_.data(), rest.data(), table_bytes);
  map.replacements_.assign(rest.begin() + table_bytes, rest.end());
  return map;
}

std::optional<CharsMap::Replacement> CharsMap::find(std::string_view text) const {
  if (units_.empty()) return std::nullopt;
  std::optional<Replacement> best;
  std::uint32_t node = offset(units_[0]);
  for (std::size_t i = 0; i < text.size() && text[i] != '\0'; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    node ^= byte;
    if (node >= units_.size() || label(units_[node]) != byte) break;
    const bool ends = ends_here(units_[node]);
    node ^= offset(units_[node]);
    if (!ends) continue;
    if (node >= units_.size()) break;
    const std::size_t start = units_[node] & ~kValue;
    const std::size_t end = replacements_.find('\0', start);
    if (start >= replacements_.size() || end == std::string::npos) break;
    best = {i + 1, std::string_view(replacements_).substr(start, end - start)};
  }
  return best;
}

}  // namespace engine::tokenizer
