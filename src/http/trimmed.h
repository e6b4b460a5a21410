// Text as header fields hold it.
#pragma once

#include <string_view>

namespace http {

// Without the blanks at either end.
inline std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace http
