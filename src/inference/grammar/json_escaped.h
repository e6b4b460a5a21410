// Texts as they stand between the quotes of a JSON string.
#pragma once

#include <optional>

#include "engine/grammar/term.h"

namespace inference::grammar {

// The language of the texts of `term`, each with quotes, backslashes and control characters
// escaped in the shortest way. Empty when its automaton has more than a few thousand states.
std::optional<engine::grammar::TermId> json_escaped(engine::grammar::Terms& terms,
                                                    engine::grammar::TermId term);

}  // namespace inference::grammar
