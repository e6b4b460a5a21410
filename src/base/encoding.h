// Text encodings of bytes: base64, hex, UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace base {

// RFC 4648 section 4, padded.
std::string base64_encode(std::span<const std::byte> bytes);
std::string base64_encode(std::string_view bytes);
// Accepts the standard and the URL-safe alphabet, padded or not; nullopt for anything else.
std::optional<std::string> base64_decode(std::string_view text);

std::string hex_encode(std::string_view bytes);

// The length of the longest prefix of `text` that ends on a character boundary: bytes of an
// unfinished UTF-8 sequence at the end are left out, malformed bytes elsewhere are not judged. For
// streams that must not cut a character.
std::size_t utf8_complete_prefix(std::string_view text);
bool utf8_valid(std::string_view text);
// Each maximal malformed part becomes U+FFFD (Unicode 15, section 3.9, recommended practice).
std::string utf8_repair(std::string_view text);
// Characters (code points) of valid UTF-8.
std::size_t utf8_length(std::string_view text);

}  // namespace base
