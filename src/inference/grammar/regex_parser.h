// Regular expressions as trees.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "inference/grammar/code_points.h"
#include "inference/grammar/regex.h"

namespace inference::grammar {

struct RegexNode {
  enum class Kind { Points, Sequence, Choice, Repeat, Start, End, Ahead, NotAhead };
  Kind kind = Kind::Sequence;
  CodePoints points = {};                // Points
  std::vector<RegexNode> children = {};  // Sequence, Choice; one for Repeat and lookaheads
  std::uint32_t count_min = 0;           // Repeat
  std::uint32_t count_max = 0;
  bool asserts = false;  // an anchor or lookahead is in it
  bool starts = false;   // a ^ is in it
};

Result<RegexNode> parse_regex(std::string_view pattern, const RegexOptions& options);

}  // namespace inference::grammar
