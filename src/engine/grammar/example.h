// Whether any value at all satisfies a node: the proof is one that does.
#pragma once

#include <cstddef>
#include <chrono>
#include <optional>
#include <string>

#include "engine/grammar/machine.h"

namespace engine::grammar {

struct Example {
  std::optional<std::string> text;  // a short value
  bool is_certain = false;          // without a text: there is none
};

// Spends at most so much of this thread's CPU time.
Example find_example(Tables& tables, NodeId node, std::size_t attempts_max,
                     std::chrono::nanoseconds time_max);

}  // namespace engine::grammar
