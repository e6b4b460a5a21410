// The meaning of generated text, piece by piece.
#pragma once

#include <string>
#include <variant>

namespace inference::output {

struct ReasoningPiece {
  std::string text;
  bool operator==(const ReasoningPiece&) const = default;
};
struct TextPiece {
  std::string text;
  bool operator==(const TextPiece&) const = default;
};
// A call begins. `id` is the model's own, empty where the family has none; ids of ours are given
// later.
struct CallBegin {
  int index = 0;  // of the call within the turn: 0, 1, 2...
  std::string id;
  std::string name;
  bool custom = false;
  bool operator==(const CallBegin&) const = default;
};
// Part of the arguments: valid JSON when joined, for custom tools the free text they take.
struct CallPiece {
  int index = 0;
  std::string arguments;
  bool operator==(const CallPiece&) const = default;
};
struct CallEnd {
  int index = 0;
  bool operator==(const CallEnd&) const = default;
};

using Delta = std::variant<ReasoningPiece, TextPiece, CallBegin, CallPiece, CallEnd>;

}  // namespace inference::output
