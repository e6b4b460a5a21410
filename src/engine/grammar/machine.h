// Runs a value machine byte by byte: brackets, keys, separators, texts with their escapes, numbers.
// There is one position, never a set of them: what is ambiguous is in the formulas (shape.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/grammar/cursor.h"
#include "engine/grammar/shape.h"

namespace engine::grammar {

// How many whitespace bytes in a row are let in. None is ever required.
struct Spacing {
  std::uint8_t after_separator_max = 0;  // after , and :
  std::uint8_t elsewhere_max = 0;        // around brackets and before , and :
  bool only_space = true;                // no tab or newline
};
inline constexpr Spacing kCompact{};
inline constexpr Spacing kSpaced{.after_separator_max = 1};
inline constexpr Spacing kFlexible{
    .after_separator_max = 40, .elsewhere_max = 40, .only_space = false};

// The lazily grown tables of one grammar.
struct Tables {
  Tables(std::size_t terms_max, std::size_t nodes_max)
      : terms(terms_max), nodes(nodes_max), languages(terms) {}

  // Nodes::has_dead_ends of the nodes that were there when this was first asked.
  bool has_dead_ends() {
    if (!dead_ends_) dead_ends_ = nodes.has_dead_ends();
    return *dead_ends_;
  }

  Terms terms;
  Nodes nodes;
  Languages languages;
  Shapes shapes{terms, nodes, languages};

 private:
  std::optional<bool> dead_ends_;
};

// Neighbours in the sorted keys of a table.
struct KeyRange {
  std::uint32_t lo, hi;
};

// Borrows the tables and the arena. Single-threaded.
class Machine {
 public:
  Machine(Tables& tables, Arena& arena, Spacing spacing)
      : terms_(tables.terms),
        languages_(tables.languages),
        shapes_(tables.shapes),
        arena_(arena),
        spacing_(spacing) {}

  // Moves the cursor over one byte; false, with the cursor in no particular state, when no value
  // goes on like that.
  bool step(Cursor& cursor, std::uint8_t byte);
  // The bytes worth trying at the cursor; others are refused for certain.
  static const ByteSet& candidates(const Cursor& cursor);
  // The value at the cursor may be over here: numbers do not show it themselves. Ends it if so.
  bool end_number(Cursor& cursor);

  // Ends the text at the cursor as if it were complete; only for goals that watch nothing.
  bool leave_text(Cursor& cursor);
  // The digest of a key that goes on with `content`, plain characters, from the cursor.
  std::uint64_t key_digest(const Cursor& cursor, std::string_view content) const;
  // Whether the text at the cursor can be ended, as far as a bounded search can tell.
  bool can_end_text(const Cursor& cursor);
  // Those of the keys whose turn it may be: at most one, where all are required and come in order.
  KeyRange keys_in_turn(FrameId frame, KeyRange keys) const;
  // Whether what follows a text does not depend on which text it was.
  bool indifferent(const Cursor& cursor) const;

  Shapes& shapes() { return shapes_; }
  Languages& languages() { return languages_; }
  Arena& arena() { return arena_; }
  const Spacing& spacing() const { return spacing_; }

 private:
  bool space(Cursor& cursor, std::uint8_t byte, std::uint8_t limit) const;
  bool begin_value(Cursor& cursor, std::uint8_t byte);
  bool open(Cursor& cursor, FrameKind kind, ShapeId shape);
  bool literal(Cursor& cursor, std::uint8_t byte);
  bool number(Cursor& cursor, std::uint8_t byte);
  bool compared(const Cursor& cursor) const;
  bool end_text(Cursor& cursor);
  bool end_value(Cursor& cursor, std::uint64_t digest);
  bool after_value(Cursor& cursor, std::uint8_t byte);

  // text_step.cc
  bool text(Cursor& cursor, std::uint8_t byte);
  bool escape(Cursor& cursor, std::uint8_t byte);
  bool hex(Cursor& cursor, std::uint8_t byte);
  bool feed(Cursor& cursor, std::uint8_t decoded);
  bool feed_point(Cursor& cursor, std::uint32_t point);
  bool feeds_any(const Cursor& cursor, std::uint32_t first, std::uint32_t last);
  bool feeds_encoded(const Cursor& cursor, std::uint32_t first, std::uint32_t last);
  bool ends_after_any(const Cursor& cursor, std::uint32_t first, std::uint32_t last);
  bool feeds_surrogate(const Cursor& cursor, std::uint32_t first, std::uint32_t last);

  // record_step.cc
  bool begin_key(Cursor& cursor);
  bool key_open(FrameId frame, std::uint32_t key);
  bool in_order(FrameId frame, std::uint32_t key) const;
  bool any_key_open(FrameId frame, std::uint32_t lo, std::uint32_t hi);
  bool another_key(FrameId frame);
  bool room_for_key(FrameId frame, std::uint32_t key);
  bool feed_key(Cursor& cursor, std::uint8_t decoded);
  bool end_key(Cursor& cursor);
  bool close_record(Cursor& cursor);
  bool settle(FrameId frame, bool at_key);
  bool required_seen(FrameId frame, std::uint32_t rule) const;

  // list_step.cc
  bool begin_item(Cursor& cursor);
  bool end_item(FrameId frame, std::uint64_t digest);
  bool close_list(Cursor& cursor);

  Terms& terms_;
  Languages& languages_;
  Shapes& shapes_;
  Arena& arena_;
  Spacing spacing_;
  Verdicts verdicts_;  // of the value that has just ended
};

}  // namespace engine::grammar
