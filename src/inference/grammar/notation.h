// What GBNF and Lark have in common once they are parsed: named rules over expressions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "inference/grammar/code_points.h"
#include "inference/grammar/rule_builder.h"
#include "inference/grammar/text_grammars.h"
#include "inference/tool.h"

namespace inference::grammar {

struct Expression {
  enum class Kind { Literal, Points, Regex, Json, Name, Sequence, Choice, Repeat };
  Kind kind = Kind::Sequence;
  std::string text = {};     // Literal, Regex, Json (its text), Name
  bool ignore_case = false;  // Literal, Regex
  bool dot_all = false;      // Regex
  CodePoints points = {};
  std::vector<Expression> children = {};
  std::uint32_t count_min = 0, count_max = 0;
};

Expression repeated(Expression part, std::uint32_t count_min, std::uint32_t count_max);

struct Notation {
  std::string start;
  std::map<std::string, Expression> rules;
  std::vector<std::string> ignored;  // rules that may stand between terminals
};

// Where a parser is in its text; reading skips nothing by itself.
struct TextReader {
  std::string_view text;
  std::size_t at = 0;

  bool more() const { return at < text.size(); }
  char peek(std::size_t ahead = 0) const {
    return at + ahead < text.size() ? text[at + ahead] : '\0';
  }
  bool take(std::string_view expected) {
    if (!text.substr(at).starts_with(expected)) return false;
    at += expected.size();
    return true;
  }
  // Decimal digits, if there are any; capped far above every limit.
  std::optional<std::uint32_t> number();
  std::size_t line() const;
  // One code point, with C-like escapes undone when `escapes`.
  std::uint32_t point(bool escapes);
};

// `what` and the line it is on.
std::unexpected<Error> syntax_error(const TextReader& reader, std::string_view what);
// Text up to the closing quote, after the opening one; escapes undone, as UTF-8.
Result<std::string> quoted_text(TextReader& reader, char quote);
void append_utf8(std::string& out, std::uint32_t point);

Result<Notation> parse_gbnf(std::string_view text);
Result<Notation> parse_lark(std::string_view text);

// A user's grammar as a part of a larger one. `quoted`: its texts as the inside of a JSON string.
Result<Fragment> add_grammar(RuleBuilder& builder, const GrammarFormat& format, bool quoted);

}  // namespace inference::grammar
