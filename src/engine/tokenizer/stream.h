// Turns tokens into text while they arrive, never cutting a character.
#pragma once

#include <string>
#include <string_view>

#include "engine/token.h"
#include "engine/tokenizer/tokenizer.h"

namespace engine {

// One per generated sequence; one thread. Refers to the tokenizer, which must outlive it.
class TokenStream {
 public:
  explicit TokenStream(const Tokenizer& tokenizer, bool special_visible = false)
      : tokenizer_(tokenizer), special_visible_(special_visible) {}

  // The characters that this token completes, possibly none. Bytes that can no longer become a
  // character come out at once, as they are.
  std::string push(TokenId id);
  // What is left: the bytes of an unfinished character.
  std::string finish();
  // Bytes held back.
  std::string_view pending() const { return pending_; }

 private:
  const Tokenizer& tokenizer_;
  bool special_visible_;
  std::string pending_;
};

}  // namespace engine
