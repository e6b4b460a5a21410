// What a text must not be for nothing to repeat: its record's keys, or an item of a list that
// compares them, be that the text itself or some value that it ends.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/grammar/cursor.h"
#include "engine/grammar/frame.h"
#include "engine/grammar/hash.h"
#include "engine/grammar/shape.h"

namespace engine::grammar {

// A list of digests, gathered once to be asked often.
class UsedKeys {
 public:
  UsedKeys(const Arena& arena, std::uint32_t list) {
    for (; list != 0; list = arena.linked_next(list)) digests_.push_back(arena.linked_digest(list));
    std::ranges::sort(digests_);
  }
  bool empty() const { return digests_.empty(); }
  bool has(std::uint64_t digest) const { return std::ranges::binary_search(digests_, digest); }

 private:
  std::vector<std::uint64_t> digests_;
};

// Of a text at the cursor, by the digest that it would have as a whole. Follows how a machine makes
// the digests of values from those of their parts.
class Repeats {
 public:
  Repeats(const Arena& arena, const Shapes& shapes, const Cursor& cursor) {
    if (cursor.mode != Mode::Text) return;
    for (FrameId id = cursor.frame; id != 0; id = arena.at(id).parent) {
      const Frame& frame = arena.at(id);
      if (frame.kind == FrameKind::Call) break;
      const bool is_list = frame.kind == FrameKind::List;
      const bool compares = is_list && shapes.shape(frame.shape).unique;
      levels_.push_back(
          {is_list, frame.digest, frame.key_digest, UsedKeys(arena, compares ? frame.digests : 0)});
      if (!frame.digesting) break;
    }
    while (!levels_.empty() && levels_.back().items.empty()) levels_.pop_back();
  }
  bool empty() const { return levels_.empty(); }
  bool has(std::uint64_t digest) const {
    for (const Level& level : levels_) {
      if (level.items.has(digest)) return true;
      digest =
          level.is_list ? mix(level.digest, digest) : level.digest + mix(level.key_digest, digest);
    }
    return false;
  }

 private:
  struct Level {
    bool is_list;
    std::uint64_t digest, key_digest;
    UsedKeys items;
  };
  std::vector<Level> levels_;  // from the innermost value out
};

}  // namespace engine::grammar
