// Brings text of many hands to one simple form, so that a small model need not learn the variants.
#pragma once

#include <string>
#include <string_view>

namespace train {

// ASCII quotes, dashes and dots for their typographic forms, single spaces; line ends are kept when
// `keep_lines`.
std::string tidy(std::string_view text, bool keep_lines = false);

// tidy, and as a careful writer would: a capital first, "I" for "i", a mark at the end.
std::string sentence(std::string_view text);

// `text` with every `from` replaced.
std::string replaced(std::string text, std::string_view from, std::string_view to);

// Whether all bytes are ASCII.
bool is_ascii(std::string_view text);

}  // namespace train
