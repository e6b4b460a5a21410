// Follows one generation through a grammar: which tokens may come next, and what comes for certain.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/grammar/grammar.h"
#include "engine/grammar/runner.h"

namespace engine::grammar {

// A value: copies go their own ways. One thread at a time; matchers of one grammar may run on
// different threads. A refused byte or token leaves the position as it was.
class Matcher {
 public:
  Matcher(std::shared_ptr<const Grammar> grammar, std::shared_ptr<const Vocabulary> vocabulary);
  Matcher(const Matcher& other);
  Matcher& operator=(const Matcher& other);
  Matcher(Matcher&& other) noexcept = delete;
  ~Matcher() = default;

  bool accept(TokenId token);
  bool accept_bytes(std::string_view bytes);
  // Undoes the last n calls of accept or accept_bytes that succeeded; n <= rollback_max().
  void rollback(std::size_t n);
  std::size_t rollback_max() const { return history_.size(); }

  // The generation may stop here.
  bool can_end() const;
  // Nothing may come but the end.
  bool is_over() const;
  // Sets exactly the bits of the tokens that may come next, end tokens included. bits: [n_words].
  void mask(std::span<std::uint32_t> bits);
  // The text that must come next whatever is chosen, up to `bytes_max`; empty where the generation
  // may stop.
  std::string forced_bytes(std::size_t bytes_max = 256);
  // Of the forced text, the tokens whose bytes no longer token could replace: `encode` is the
  // tokenizer's own encoding of a text.
  template <class Encode>
  std::vector<TokenId> forced_tokens(Encode&& encode) {
    const std::string text = forced_bytes();
    if (text.empty()) return {};
    std::vector<TokenId> tokens = encode(text);
    drop_unsettled(text, tokens);
    return tokens;
  }

 private:
  bool advance(std::string_view bytes);
  void remember();
  void compact();
  void drop_unsettled(const std::string& text, std::vector<TokenId>& tokens);

  void mask_text(const Cursor& cursor, std::span<std::uint32_t> bits);
  void mask_key(const Cursor& cursor, std::span<std::uint32_t> bits);
  void mask_scan(const Cursor& cursor, std::span<std::uint32_t> bits);
  void mask_exits_one_by_one(const Cursor& cursor, const std::vector<bool>& exits,
                             std::span<std::uint32_t> bits);
  void mark_suffixes(const Cursor& after);
  // Walks the trie nodes [first, last) with cursors_[base, ...) of the scratch stack.
  void walk(std::uint32_t first, std::uint32_t last, std::span<std::uint32_t> bits);

  std::shared_ptr<const Grammar> grammar_;
  std::shared_ptr<const Vocabulary> vocabulary_;
  Arena arena_;
  Runner runner_;
  std::vector<Cursor> cursors_;
  struct Past {
    std::vector<Cursor> cursors;
  };
  std::vector<Past> history_;
  std::size_t compacted_bytes_ = 0;
  // Scratch of mask(): cursors of a walk by depth, and suffix nodes that may follow a text.
  struct Level {
    std::uint32_t end;
    std::uint32_t first;  // of its cursors in stack_
    std::size_t arena;
  };
  std::vector<Cursor> stack_;
  std::vector<Level> levels_;
  std::vector<std::uint32_t> suffixes_;
  std::vector<std::uint32_t> scratch_;
};

}  // namespace engine::grammar
