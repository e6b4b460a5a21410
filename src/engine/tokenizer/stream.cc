#include "engine/tokenizer/stream.h"

#include <utility>

#include "base/encoding.h"

namespace engine {

std::string TokenStream::push(TokenId id) {
  const bool known = tokenizer_.vocabulary().has(id);
  if (known && (special_visible_ || !tokenizer_.is_special(id))) pending_ += tokenizer_.piece(id);
  const std::size_t complete = base::utf8_complete_prefix(pending_);
  std::string out = pending_.substr(0, complete);
  pending_.erase(0, complete);
  return out;
}

std::string TokenStream::finish() {
  return std::exchange(pending_, {});
}

}  // namespace engine
