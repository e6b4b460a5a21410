// GPT-2's way of writing any byte as one printable character, in which byte-level vocabularies are
// written: bytes that print stand for themselves, the others are U+0100 and up in their order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace engine::tokenizer {

char32_t letter_of(std::uint8_t byte);
// nullopt for characters that stand for no byte.
std::optional<std::uint8_t> byte_of(char32_t letter);

// The bytes that a text in this alphabet stands for; nullopt when a character is none of it.
std::optional<std::string> decode_letters(std::string_view text);

}  // namespace engine::tokenizer
