// Finds a short text that completes a generation: what is written when its tokens run out, and the
// proof that a position is no dead end.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/limits/grammar.h"
#include "engine/grammar/runner.h"
#include "engine/grammar/texts.h"

namespace engine::grammar {

// From a position to the end, or to where only control tokens may follow.
struct WayOut {
  // A place between two values that the text leads through, and how much of the text is left there.
  struct Pass {
    std::uint64_t position;  // its digest
    std::size_t bytes_left;
  };
  std::string text;
  std::vector<Pass> passes;  // the farthest from the end first

  // What is left of it after these bytes; empty when they lead elsewhere.
  std::optional<WayOut> after(std::string_view bytes) const;
};

// Borrows the runner. A depth-first search that tries the closest way out first and never looks
// twice at places that allow the same; not the shortest text there is, but nearly.
class Closing {
 public:
  explicit Closing(Runner& runner) : runner_(runner) {}

  struct Limits {
    std::size_t bytes, attempts;
    std::size_t work = 1'000'000;  // derivatives of languages; about 0.2 us each
    std::chrono::nanoseconds time = limits::grammar_search_time_max;  // of this thread's CPU
  };
  // Empty when none is found within the limits. A `former` way out, of a place nearby, may be
  // joined.
  std::optional<WayOut> find(const std::vector<Cursor>& from, const Limits& limits,
                             const WayOut* former = nullptr);
  // Of the last find: everything there is was looked at.
  bool was_complete() const { return was_complete_; }
  std::size_t attempts() const { return attempts_; }

 private:
  struct Level {
    std::vector<Cursor> cursors;
    std::vector<std::string> moves;
    std::size_t next = 0;
    std::size_t text_size = 0;
    std::size_t arena = 0;
    std::optional<std::uint64_t> position;
  };

  // One search among texts that are not too long and values that are not nested too deeply.
  struct Bounds {
    std::size_t bytes, depth, attempts;
  };
  std::optional<WayOut> search(const std::vector<Cursor>& from, const Bounds& bounds,
                               const WayOut* former);
  std::optional<WayOut> join(const std::vector<Level>& path, const std::string& text,
                             const WayOut& former);
  static WayOut way_out(const std::vector<Level>& path, const std::string& text);
  std::size_t depth(const std::vector<Cursor>& cursors) const;
  bool is_over(const std::vector<Cursor>& cursors) const;
  std::vector<std::string> moves(const std::vector<Cursor>& cursors);
  void add_moves(const Cursor& cursor, std::vector<std::string>& moves);
  void add_value(const Cursor& cursor, std::vector<std::string>& moves);
  void add_items(const Cursor& cursor, std::vector<std::string>& moves);
  void add_key(const Cursor& cursor, std::vector<std::string>& moves);
  void add_texts(const Cursor& cursor, bool is_quoted, std::vector<std::string>& moves);
  std::size_t work_left();
  bool is_late();
  // How many of the first texts of a language are taken already, in a place where they must differ.
  struct Taken {
    std::size_t n = 0;
    std::size_t n_more = 0;  // worth trying beyond those; zero where texts need not differ
  };
  Taken taken(const Cursor& cursor) const;
  // Adds texts that are worth trying after those.
  void add_some(LanguageId language, StateId state, WantedTexts wanted, const Taken& taken,
                bool is_quoted, std::vector<std::string>& moves);
  const std::vector<std::string>& texts(LanguageId language, StateId state, WantedTexts wanted);
  bool take(const std::vector<Cursor>& from, std::string_view move, std::vector<Cursor>& to);

  Runner& runner_;
  std::vector<std::uint32_t> keys_;  // scratch of add_key
  bool is_first_ = false;            // the moves are those from where the search begins
  bool was_complete_ = false;
  std::size_t attempts_ = 0;
  std::size_t work_end_ = 0;  // of the languages
  std::chrono::nanoseconds deadline_{};
  std::uint32_t until_look_ = 0;                         // at the clock
  std::unordered_map<std::uint64_t, std::size_t> seen_;  // positions, and the shortest way there
  std::map<std::array<std::uint32_t, 5>, ShortTexts> texts_;  // found before
};

}  // namespace engine::grammar
