// A position inside a value that is being written.
#pragma once

#include <cstdint>

#include "engine/grammar/frame.h"

namespace engine::grammar {

enum class Mode : std::uint8_t {
  Value,       // before a value: `machine` is its goal
  Literal,     // inside null, false, true: `lo` is the kind, `state` how much of it is there
  Number,      // `machine`, `state`: language
  Text,        // `machine`, `state`: language; `count` code points; `lex`
  KeyOrClose,  // after {
  Key,         // after , in a record
  InKey,       // `lo`, `hi`, `depth`: declared keys with this beginning; `machine`, `state`: others
  Colon,       // after a key
  ItemOrClose,  // after [
  Separator,    // after a value: , or the closing bracket
  Ended,        // the value is complete and the frame is no record or list
  Scan,   // inside a terminal of a rule: `machine`, `state`: language; `lo` the place after it
  Token,  // before the special token `state` of a rule; `lo` the place after it
};

// Where a text is within a character or an escape.
enum class Lex : std::uint8_t {
  Plain,
  Tail1,
  Tail2,
  Tail3,  // so many more continuation bytes
  AfterE0,
  AfterED,
  AfterF0,
  AfterF4,
  Escape,  // after a backslash
  Hex,     // within \uXXXX; `escape` has the digits
  LowBackslash,
  LowU,
  LowHex,  // the second half of a surrogate pair
};

struct Cursor {
  FrameId frame = 0;
  Mode mode = Mode::Value;
  Lex lex = Lex::Plain;
  std::uint8_t spaces = 0;  // whitespace bytes in a row
  std::uint8_t n_hex = 0;   // digits of an escape read
  std::uint32_t machine = 0;
  std::uint32_t state = 0;
  std::uint32_t count = 0;
  std::uint32_t lo = 0, hi = 0, depth = 0;
  std::uint32_t escape = 0;  // value of the digits; from bit 16 on the high surrogate
  std::uint64_t digest = 0;

  bool operator==(const Cursor&) const = default;
};

}  // namespace engine::grammar
