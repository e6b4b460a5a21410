// Learns the merges of a byte-level BPE vocabulary from counted words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "train/text/vocabulary.h"

namespace train {

// Counts words of text, then learns. One thread.
class BpeTrainer {
 public:
  // Words with a digit are left out, so digits never merge and every number is spelled digit by
  // digit, which makes arithmetic learnable.
  void add(std::string_view text, std::int64_t times = 1);

  // A vocabulary of `size` tokens, or fewer when no pair occurs twice. The same text gives the same
  // merges in whatever order it came.
  Vocabulary learn(int size) const;

 private:
  std::unordered_map<std::string, std::int64_t> counts_;
};

}  // namespace train
