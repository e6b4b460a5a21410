// Sets of literal texts as automata.
#pragma once

#include <string_view>
#include <vector>

#include "engine/grammar/term.h"

namespace inference::grammar {

// The language of exactly these texts; kNothing where they are too many.
engine::grammar::TermId any_literal(engine::grammar::Terms& terms,
                                    std::vector<std::string_view> texts);

}  // namespace inference::grammar
