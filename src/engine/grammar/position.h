// What a position allows, as a digest: two positions with the same digest can be ended by the same
// texts, as far as a search for an end cares.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/grammar/runner.h"

namespace engine::grammar {

// Only of a position between two values, or at the end of a whole number; empty elsewhere. Counts
// that have reached all their bounds are alike. Not part of it: which undeclared keys are there,
// where any may be.
std::optional<std::uint64_t> position_digest(Runner& runner, const std::vector<Cursor>& cursors);

}  // namespace engine::grammar
