// The spellings of JSON numbers as terms: the syntax, bounds, multiples. Decimal arithmetic is
// exact.
#pragma once

#include <optional>
#include <string>

#include "base/json/value.h"
#include "engine/grammar/term.h"

namespace inference::grammar {

// A finite decimal: (-1)^negative * 0.digits... kept as integer and fraction digits without useless
// zeros ("0" for an empty integer part).
struct Decimal {
  bool negative = false;
  std::string whole = "0";
  std::string fraction;

  bool zero() const { return whole == "0" && fraction.empty(); }
};

// Absent when the number is not finite or has an absurd exponent.
std::optional<Decimal> decimal(const json::Value& number);

engine::grammar::TermId number_syntax(engine::grammar::Terms& terms);
engine::grammar::TermId integer_spelling(engine::grammar::Terms& terms);
// The ways to write exactly this number.
engine::grammar::TermId equal_to(engine::grammar::Terms& terms, const json::Value& number);

enum class Bound { AtLeast, Above, AtMost, Below };
engine::grammar::TermId bounded(engine::grammar::Terms& terms, const Decimal& limit, Bound bound);

// Absent when the automaton would be too large.
std::optional<engine::grammar::TermId> multiple_of(engine::grammar::Terms& terms,
                                                   const Decimal& divisor);

}  // namespace inference::grammar
