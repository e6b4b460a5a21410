// What the model must not have seen: the articles of SQuAD kept for its card and for choosing among
// recipes, wherever else their text may occur.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "train/data/archive.h"

namespace train::embedding {

// A question with the passage that holds its answer, by index.
struct Question {
  std::string text;
  std::size_t passage = 0;
};

struct Retrieval {
  std::vector<std::string> passages;
  std::vector<Question> questions;
};

struct HeldOut {
  Retrieval test;  // for the card, used for nothing else
  Retrieval dev;   // for choosing
  // Of every eight words in a row in the passages.
  std::unordered_set<std::uint64_t> shingles;

  // Whether `text` shares eight words in a row with a held-out passage.
  bool overlaps(std::string_view text) const;
  static bool has_title(std::string_view title);  // SQuAD's spelling, or with spaces
};

Result<HeldOut> read_held_out(const Archives& archives);

}  // namespace train::embedding
