// Numbers for the strings that merging deals with: tokens keep their ids, strings that are no token
// get numbers behind those.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/tokenizer/merge.h"
#include "engine/tokenizer/vocabulary.h"

namespace engine::tokenizer {

class SymbolTable {
 public:
  explicit SymbolTable(const Vocabulary& vocabulary) : vocabulary_(&vocabulary) {}

  static constexpr Symbol kNone = -1;
  // kNone for strings nobody added.
  Symbol find(std::string_view text) const;
  Symbol add(std::string_view text);

  bool is_token(Symbol symbol) const {
    return static_cast<std::size_t>(symbol) < vocabulary_->size();
  }
  std::string_view text(Symbol symbol) const;
  // One past the last number.
  Symbol end() const { return static_cast<Symbol>(vocabulary_->size() + extra_texts_.size()); }

 private:
  const Vocabulary* vocabulary_;
  std::unordered_map<std::string, Symbol> extra_;
  std::vector<std::string> extra_texts_;
};

}  // namespace engine::tokenizer
