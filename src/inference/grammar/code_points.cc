#include "inference/grammar/code_points.h"

#include <algorithm>
#include <string>

#include <unicode/uset.h>

namespace inference::grammar {

std::vector<std::pair<std::uint32_t, std::uint32_t>> CodePoints::normalised() const {
  auto sorted = ranges_;
  std::ranges::sort(sorted);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> merged;
  for (const auto& [first, last] : sorted) {
    if (!merged.empty() && first <= merged.back().second + 1) {
      merged.back().second = std::max(merged.back().second, last);
    } else {
      merged.emplace_back(first, last);
    }
  }
  return merged;
}

void CodePoints::ignore_case() {
  const auto ranges = ranges_;
  for (const auto& [first, last] : ranges) {
    for (const auto& [from, to] : {std::pair{'a', 'A'}, std::pair{'A', 'a'}}) {
      const auto low = std::max<std::uint32_t>(first, static_cast<std::uint32_t>(from));
      const auto high = std::min<std::uint32_t>(last, static_cast<std::uint32_t>(from) + 25);
      if (low <= high) add(low - from + to, high - from + to);
    }
  }
}

CodePoints CodePoints::inverted() const {
  CodePoints result;
  std::uint32_t next = 0;
  for (const auto& [first, last] : normalised()) {
    if (first > next) result.add(next, first - 1);
    next = last + 1;
  }
  if (next <= 0x10FFFF) result.add(next, 0x10FFFF);
  return result;
}

engine::grammar::TermId CodePoints::term(engine::grammar::Terms& terms) const {
  engine::grammar::ByteSet ascii;
  std::vector<engine::grammar::TermId> options;
  for (const auto& [first, last] : normalised()) {
    if (first < 0x80) ascii.add(first, std::min(last, 0x7Fu));
    if (last >= 0x80) options.push_back(terms.code_points(std::max(first, 0x80u), last));
  }
  options.push_back(terms.bytes(ascii));
  return terms.alternatives(options);
}

bool with_property(std::string_view name, CodePoints& out) {
  if (name.empty() || name.size() > 64) return false;
  std::u16string pattern = u"[\\p{";
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '=' || c == '-' || c == ' ';
    if (!plain) return false;
    pattern += static_cast<char16_t>(c);
  }
  pattern += u"}]";
  UErrorCode error = U_ZERO_ERROR;
  USet* set = uset_openPattern(pattern.data(), static_cast<int32_t>(pattern.size()), &error);
  if (U_FAILURE(error)) return false;
  const int32_t n = uset_getItemCount(set);
  for (int32_t i = 0; i < n; ++i) {
    UChar32 first = 0, last = 0;
    error = U_ZERO_ERROR;
    if (uset_getItem(set, i, &first, &last, nullptr, 0, &error) == 0) {
      out.add(static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last));
    }
  }
  uset_close(set);
  return true;
}

}  // namespace inference::grammar
