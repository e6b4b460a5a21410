// Words as search compares them: without case, accents and English endings.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace vector {

// A word's stem, by its hash: two words that share one (one chance in 2^64) are found together.
using Term = std::uint64_t;

// SQLite's full-text tokenizer, without a table: Unicode letters and digits, no accents, Porter's
// stems. Lifetime: owned by Indexes. Any thread.
class Terms {
 public:
  Terms();
  ~Terms();

  // In their order, repeated as they are.
  std::vector<Term> of(std::string_view text) const;

 private:
  struct Tokenizers;
  std::unique_ptr<Tokenizers> tokenizers_;
};

}  // namespace vector
