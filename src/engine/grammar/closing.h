// Finds a short text that completes a generation: what is written when its tokens run out.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/grammar/runner.h"

namespace engine::grammar {

// Borrows the runner. A depth-first search that tries the closest way out first, so that it hardly
// ever goes back; not the shortest text there is, but nearly.
class Closing {
 public:
  explicit Closing(Runner& runner) : runner_(runner) {}

  // From the cursors to the end, or to where only control tokens may follow. Empty when none is
  // found within so many bytes and attempts.
  std::optional<std::string> find(const std::vector<Cursor>& from, std::size_t bytes_max,
                                  std::size_t attempts_max);

 private:
  struct Level {
    std::vector<Cursor> cursors;
    std::vector<std::string> moves;
    std::size_t next = 0;
    std::size_t text_size = 0;
    std::size_t arena = 0;
  };

  // One search among texts that are not too long and values that are not nested too deeply.
  struct Bounds {
    std::size_t bytes, depth, attempts;
  };
  std::optional<std::string> search(const std::vector<Cursor>& from, const Bounds& bounds);
  std::size_t depth(const std::vector<Cursor>& cursors) const;
  bool is_over(const std::vector<Cursor>& cursors) const;
  std::vector<std::string> moves(const std::vector<Cursor>& cursors);
  void add_moves(const Cursor& cursor, std::vector<std::string>& moves);
  void add_value(const Cursor& cursor, std::vector<std::string>& moves);
  void add_items(const Cursor& cursor, std::vector<std::string>& moves);
  void add_key(const Cursor& cursor, std::vector<std::string>& moves);
  void add_texts(const Cursor& cursor, bool is_quoted, std::vector<std::string>& moves);
  bool take(const std::vector<Cursor>& from, std::string_view move, std::vector<Cursor>& to);

  Runner& runner_;
  bool is_first_ = false;  // the moves are those from where the search begins
};

}  // namespace engine::grammar
