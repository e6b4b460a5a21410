// Laying text out: padding, wrapping, taking tags away.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inference::jinja {

enum class Alignment { Left, Right, Center };
// str.ljust, rjust and center: filled up to `width` characters.
std::string pad_text(std::string_view text, std::int64_t width, std::string_view fill,
                     Alignment alignment);

struct WrapStyle {
  std::int64_t width = 79;
  bool breaks_long_words = true;
  bool breaks_on_hyphens = true;
};
// Python's textwrap.wrap of one line, white space kept as it is.
std::vector<std::string> wrap_line(std::string_view line, const WrapStyle& style);

// Text without comments and tags, entities resolved, white space runs as one space.
std::string strip_tags(std::string_view text);

}  // namespace inference::jinja
