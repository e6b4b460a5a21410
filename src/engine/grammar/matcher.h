// Follows one generation through a grammar: which tokens may come next, and what comes for certain.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
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

  // Whether an end is still in reach after a token of the mask. Costs a bounded search where masks
  // cannot tell; once an end has been found, a way there is always permitted.
  bool permits(TokenId token);
  // Sets the bits of the tokens that follow a known way to an end, looking for one if none is
  // known; false when none is found.
  bool mask_way_out(std::span<std::uint32_t> bits);

  // The generation may stop here.
  bool can_end() const;
  // Nothing may come but the end.
  bool is_over() const;
  // Sets exactly the bits of the tokens that may come next, end tokens included. bits: [n_words].
  void mask(std::span<std::uint32_t> bits);
  // The text that must come next whatever is chosen, up to `bytes_max`; empty where the generation
  // may stop.
  std::string forced_bytes(std::size_t bytes_max = 256);
  // A short text that completes the generation from here, or leads to where control tokens must
  // come; empty when a bounded search finds none.
  std::optional<std::string> completion(
      std::size_t bytes_max, std::chrono::nanoseconds time_max = limits::grammar_search_time_max);
  // Whether the last search for a completion saw everything there is.
  bool search_was_complete() const { return search_was_complete_; }
  // Whether a completion is needed as a proof that there is an end at all.
  bool needs_proof();
  // Of the forced text, or else the one control token that must come. Of a text, the tokens whose
  // bytes no longer token could replace: `encode` is the tokenizer's own encoding of a text.
  template <class Encode>
  std::vector<TokenId> forced_tokens(Encode&& encode) {
    const std::string text = forced_bytes();
    if (text.empty()) return forced_control();
    std::vector<TokenId> tokens = encode(text);
    drop_unsettled(text, tokens);
    return tokens;
  }

 private:
  bool needs_proof_locked();
  void find_way_out_here();
  bool leads_out(const WayOut* former);
  bool advance(std::string_view bytes);
  void remember();
  void compact();
  std::vector<TokenId> forced_control() const;
  void drop_unsettled(const std::string& text, std::vector<TokenId>& tokens);

  void mask_each(std::span<std::uint32_t> bits);
  void mask_text(const Cursor& cursor, std::span<std::uint32_t> bits);
  void mask_key(const Cursor& cursor, std::span<std::uint32_t> bits);
  // False when a walk is better; nothing is set then.
  bool mask_scan(const Cursor& cursor, std::span<std::uint32_t> bits);
  // Sets the bits of the tokens that leave the text or key at the cursor. `endable`: which exits'
  // contents the language has as a whole text; null when all.
  void leave_text(const Cursor& cursor, const Vocabulary::Exits& exits,
                  const std::vector<bool>* endable, std::span<std::uint32_t> bits);
  void leave_key(const Cursor& cursor, const Vocabulary::Exits& exits,
                 const std::vector<bool>* endable, std::span<std::uint32_t> bits);
  void leave_alike(Cursor cursor, const Vocabulary::Exits& exits, const std::vector<bool>* endable,
                   std::span<std::uint32_t> bits);
  void leave_by_verdict(const Cursor& cursor, const Vocabulary::Exits& exits,
                        const std::vector<bool>* endable, std::span<std::uint32_t> bits);
  void leave_by_content(const Cursor& cursor, const Vocabulary::Exits& exits,
                        const Vocabulary::Exits::Group& group, std::span<std::uint32_t> bits);
  // Marks the suffixes that may follow the cursor, which has just left a text.
  void mark_suffixes(const Cursor& after);
  bool marked(std::uint32_t suffix) const { return marks_[suffix] == mark_; }
  // Whether a text or key that has just been opened lets everything in.
  bool opens_freely(const Cursor& cursor);
  // Sets the bits of the tokens that the cursors in stack_ can take: all of them, or those below a
  // node of the trie.
  void walk(std::span<std::uint32_t> bits);
  void walk_below(std::uint32_t node, std::span<std::uint32_t> bits);
  void walk_children(std::uint32_t first, std::uint32_t last, const std::uint16_t* wide,
                     std::size_t begin, std::span<std::uint32_t> bits);
  bool inside_anything(const Cursor& cursor);
  void walk_text(std::uint32_t first, std::uint32_t last, std::size_t begin,
                 std::span<std::uint32_t> bits);
  void visit(std::uint32_t node, std::size_t begin, std::size_t end, std::span<std::uint32_t> bits);

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
  std::optional<WayOut> way_out_;  // from here, if known
  struct Tried {
    TokenId token;
    std::optional<WayOut> way_out;
  };
  std::optional<Tried> tried_;     // the token that was permitted last
  std::size_t attempts_here_ = 0;  // spent on searches from tokens at this position
  bool looked_here_ = false;       // for a way out of here
  bool search_was_complete_ = false;
  // Scratch of mask(): cursors of a walk by depth; those of walks through suffixes, with the levels
  // they are on and the suffixes found, as a stamp.
  struct Level {
    std::uint32_t end;
    std::uint32_t first;  // of its cursors on the stack
    std::size_t arena;
  };
  std::size_t work_max_ = SIZE_MAX;
  std::vector<Cursor> stack_, suffix_stack_;
  std::vector<Level> suffix_levels_;
  std::vector<std::uint32_t> marks_;
  std::uint32_t mark_ = 0;
  std::vector<std::uint32_t> scratch_;
};

}  // namespace engine::grammar
