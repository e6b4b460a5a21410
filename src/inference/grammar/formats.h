// The formats of JSON Schema that are asserted, as regular expressions after their RFCs.
#pragma once

#include <optional>
#include <string_view>

namespace inference::grammar {

// The expression that a whole text of this format matches; absent for unknown formats, which are
// annotations. Names are case-sensitive, as the standard has them.
std::optional<std::string_view> format_pattern(std::string_view format);

}  // namespace inference::grammar
