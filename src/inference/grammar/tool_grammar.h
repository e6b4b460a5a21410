// Grammars of what a model may write when it can call tools: free text, markers, calls, values. A
// format is a tree of parts; each family's own syntax is written as such a tree.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/json/value.h"
#include "inference/grammar/json_schema.h"
#include "inference/grammar/text_grammars.h"
#include "inference/tool.h"

namespace inference::grammar {

struct Part;

// Which field of the request an error is about.
struct ErrorPaths {
  std::string schema = {};  // of the schema: what cannot be enforced is named below it
  std::string strict = {};  // for violations of the strict subset; empty: the schema's own
  std::string strict_code = "invalid_json_schema";
};

struct Text {  // exactly this
  std::string text;
};
struct SpecialToken {  // a token of the vocabulary that no text spells
  std::uint32_t token;
};
struct JsonValue {
  json::Value schema = true;
  bool strict = false;
  bool schema_order = false;  // properties come in the order in which the schema names them
  std::string subject = {};   // for errors: "function 'NAME'"
  ErrorPaths paths = {};
};
struct Pattern {  // a whole regular expression
  std::string pattern;
};
// Any UTF-8 text in which none of these begins, and then `then`, in one piece.
struct FreeText {
  std::vector<std::string> stops;
  std::string then = {};
  std::string except = {};  // a regular expression of whole texts (without `then`) that it is not
};
// The plain text of a string that a schema describes, as the tags of some families hold it: without
// quotes and escapes, and without `stop` in it; then `then`.
struct PlainString {
  json::Value schema;
  std::string stop;
  std::string then = {};
  ErrorPaths paths = {};
};
// A whole text in a user's grammar; `quoted`: as the inside of a JSON string.
struct GrammarText {
  GrammarFormat format;
  bool quoted = false;
  std::string param = {};  // for errors
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
  std::vector<Part> separator;  // none or one
};

struct Shared {  // a part that several places have: compiled once
  std::shared_ptr<const Part> part;
};

struct Part {
  std::variant<Text, SpecialToken, JsonValue, Pattern, FreeText, PlainString, GrammarText, Sequence,
               Choice, Repeat, Shared>
      what;
};

// All values share the spacing, and the time and size that one grammar may take.
Result<CompiledGrammar> compile_parts(const Part& part,
                                      Whitespace whitespace = Whitespace::Flexible);

}  // namespace inference::grammar
