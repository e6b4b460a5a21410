// Learns a WordPiece vocabulary: frequent words whole, the rest spelled in pieces. Cuts text into
// words as the engine's tokenizer does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace train::embedding {

// Counts words of text, then learns. One thread.
class WordPieceTrainer {
 public:
  void add(std::string_view text);

  // At most `size` tokens as GGUF files write them (a word's first with U+2581 before it), the most
  // used first, after "[UNK]" and "[PAD]". The same text gives the same tokens.
  std::vector<std::string> learn(std::size_t size) const;

 private:
  std::unordered_map<std::string, std::int64_t> counts_;
};

}  // namespace train::embedding
