#include "engine/tokenizer/symbols.h"

namespace engine::tokenizer {

Symbol SymbolTable::find(std::string_view text) const {
  if (const TokenId token = vocabulary_->find(text); token != kNoToken) return token;
  const auto found = extra_.find(std::string(text));
  return found == extra_.end() ? kNone : found->second;
}

Symbol SymbolTable::add(std::string_view text) {
  if (const Symbol known = find(text); known != kNone) return known;
  const Symbol symbol = end();
  extra_.emplace(text, symbol);
  extra_texts_.emplace_back(text);
  return symbol;
}

std::string_view SymbolTable::text(Symbol symbol) const {
  if (is_token(symbol)) return (*vocabulary_)[symbol].text;
  return extra_texts_[static_cast<std::size_t>(symbol) - vocabulary_->size()];
}

}  // namespace engine::tokenizer
