// Grammars of what a model may write when it can call tools: free text, markers, calls, values. A
// format is a tree of parts; each family's own syntax is written as such a tree.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/json/value.h"
#include "inference/grammar/text_grammars.h"

namespace inference::grammar {

struct Part;

struct Text {  // exactly this
  std::string text;
};
struct SpecialToken {  // a token of the vocabulary that no text spells
  std::uint32_t token;
};
struct JsonValue {
  json::Value schema = true;
  bool strict = false;
  std::string subject = {};  // for errors: "function 'NAME'"
};
struct Pattern {  // a whole regular expression
  std::string pattern;
};
struct FreeText {  // any UTF-8 text in which none of these begins; the stop itself is not part of
                   // it
  std::vector<std::string> stops;
};
struct Sequence {
  std::vector<Part> parts;
};
struct Choice {
  std::vector<Part> options;
};
struct Repeat {
  std::vector<Part> part;  // exactly one
  std::uint32_t count_min = 0;
  std::uint32_t count_max = engine::grammar::kUnbounded;
  std::vector<Part> separator = {};  // none or one
};

struct Part {
  std::variant<Text, SpecialToken, JsonValue, Pattern, FreeText, Sequence, Choice, Repeat> what;
};

Result<CompiledGrammar> compile_parts(const Part& part, bool strict_order = false);

}  // namespace inference::grammar
