// Cuts text into the words that byte pairs never cross, by GPT-2's rule, which GGUF readers know as
// "gpt-2".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace train {

// The pieces in order; together they are `text`. Bytes that are no UTF-8 count as symbols.
std::vector<std::string_view> pretokenize(std::string_view text);

// GPT-2's printable stand-in for each byte, as GGUF stores token texts.
std::string printable_bytes(std::string_view bytes);

}  // namespace train
