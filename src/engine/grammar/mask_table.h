// Masks of the tokens that stay inside a text of some language from one of its states, kept by
// state within a byte bound.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/grammar/machine.h"
#include "engine/grammar/vocabulary.h"

namespace engine::grammar {

// Places where a text may end that are worth listing: beyond, a plain walk is cheaper.
inline constexpr std::size_t kEndsMax = 400;

struct TextMask {
  std::vector<std::uint32_t> inside;  // tokens that end inside the text
  // Quoted texts: by exit of the vocabulary, whether its prefix is a whole text.
  std::vector<bool> exits;
  // Other texts: trie nodes where the text may end and tokens go on; at most kEndsMax + 1.
  std::vector<std::uint32_t> ends;
};

// Owned by one Grammar for one vocabulary; not synchronised.
class MaskTable {
 public:
  MaskTable(Tables& tables, const Vocabulary& vocabulary, std::size_t bytes_max);

  // `quoted`: the text ends at a quote and is escaped; the state must be between characters then.
  // Valid until the next call.
  const TextMask& mask(LanguageId language, StateId state, bool quoted);

  std::size_t bytes() const { return entries_.size() * entry_bytes_; }

 private:
  // Groups of bytes on which a text can go on for so many characters, whatever they are.
  struct Safe {
    Groups groups = 0;
    std::uint32_t points = 0;  // 0: no such set
    Groups failed = 0;         // those without which it may be more characters
  };
  struct Entry {
    std::uint64_t key;
    TextMask mask;
  };
  struct Covers {
    std::vector<Groups> sets;  // whole words: groups, and how long a token may be
    Groups first = 0;          // all groups that may come next
  };

  void build(LanguageId language, StateId state, bool quoted, TextMask& mask);
  // Three walks that add to the mask what the covers have not. Of unquoted texts:
  void walk(LanguageId language, StateId state, TextMask& mask);
  // Of quoted ones, over the plain and the odd tokens; `deny`: the mask has them all, take away.
  void walk_plain(LanguageId language, StateId state, const Covers& covers, bool deny,
                  TextMask& mask);
  void walk_odd(std::uint32_t first, std::uint32_t last, LanguageId language, StateId state,
                TextMask& mask);
  void walk_escape(std::uint32_t node, LanguageId language, StateId state, TextMask& mask);
  Groups passable(LanguageId language, StateId state, std::vector<StateId>& next, Groups wanted);
  bool step_group(LanguageId language, StateId state, std::size_t group,
                  std::vector<StateId>& next);
  Safe longest(LanguageId language, StateId state, Groups candidates);
  Covers find_covers(LanguageId language, StateId state, Groups candidates);

  Languages& languages_;
  const Vocabulary& vocabulary_;
  Arena arena_;      // stays empty: texts are walked outside of any value
  Machine machine_;  // for escapes
  std::size_t entry_bytes_;
  std::size_t entries_max_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<std::uint64_t, std::list<Entry>::iterator> index_;
};

}  // namespace engine::grammar
