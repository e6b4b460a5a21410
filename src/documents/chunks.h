// Documents into chunks: pieces of text of bounded size that are searched and cited. Cuts are made
// at headings where a piece is long enough, else between paragraphs and sentences.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits/document.h"
#include "documents/document.h"

namespace documents {

struct Chunk {
  int page = 0;         // where it begins; 0 when the format has no pages
  std::string heading;  // it stands under this one where it begins
  std::string text;
  int tokens = 0;
};

struct ChunkRules {
  int tokens_max = limits::chunk_tokens_default;
  // How many tokens of the one before a chunk repeats, at most: whole sentences. None across a
  // heading. At most half of `tokens_max`.
  int overlap_tokens = limits::chunk_overlap_tokens_default;
};

// In the document's order. The same document and rules give the same chunks.
std::vector<Chunk> cut(const Document& document, const ChunkRules& rules);

// About how many tokens a byte-pair vocabulary of 100,000 makes of the text, without having one.
std::int64_t estimate_tokens(std::string_view text);

}  // namespace documents
