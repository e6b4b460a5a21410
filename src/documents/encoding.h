// Bytes of unknown encoding to UTF-8.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace documents {

// By byte order mark, else as UTF-8, else as UTF-16 where its pattern of zeros shows, else as
// `charset` if given and known, else as Windows-1252. Unsupported for what is no text at all.
Result<std::string> decode_text(std::string_view bytes, std::string_view charset = {});

// From a named character set; what cannot be converted becomes U+FFFD. False when the name is
// unknown.
bool convert_charset(std::string_view bytes, const std::string& charset, std::string& out);

}  // namespace documents
