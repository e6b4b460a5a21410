// Whether any value at all satisfies a node: the proof is one that does.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "engine/grammar/machine.h"

namespace engine::grammar {

struct Example {
  std::optional<std::string> text;  // a short value
  bool is_certain = false;          // without a text: there is none
};

Example find_example(Tables& tables, NodeId node, std::size_t attempts_max);

}  // namespace engine::grammar
