// Lark's notation, as far as grammars without trees need it.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/limits/grammar.h"
#include "inference/grammar/notation.h"

namespace inference::grammar {
namespace {

struct Common {
  std::string_view name, pattern;
};
// The terminals of Lark's common library that grammars import.
constexpr Common kCommon[] = {
    {"DIGIT", "[0-9]"},
    {"HEXDIGIT", "[0-9a-fA-F]"},
    {"INT", "[0-9]+"},
    {"SIGNED_INT", "[+-]?[0-9]+"},
    {"DECIMAL", R"([0-9]+\.[0-9]*|\.[0-9]+)"},
    {"FLOAT", R"([0-9]+[eE][+-]?[0-9]+|(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"},
    {"NUMBER", R"((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"},
    {"SIGNED_NUMBER", R"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"},
    {"ESCAPED_STRING", R"("(?:[^"\\\n]|\\[^\n])*")"},
    {"LETTER", "[a-zA-Z]"},
    {"LCASE_LETTER", "[a-z]"},
    {"UCASE_LETTER", "[A-Z]"},
    {"WORD", "[a-zA-Z]+"},
    {"CNAME", "[_a-zA-Z][_a-zA-Z0-9]*"},
    {"WS_INLINE", "[ \\t]+"},
    {"WS", "[ \\t\\f\\r\\n]+"},
    {"CR", "\\r"},
    {"LF", "\\n"},
    {"NEWLINE", "(?:\\r?\\n)+"},
};

bool name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class LarkParser {
 public:
  explicit LarkParser(std::string_view text) : reader_{text} {}

  Result<Notation> parse() {
    notation_.start = "start";
    for (skip(); reader_.more(); skip()) {
      const Status read = reader_.peek() == '%' ? directive() : rule();
      if (!read) return fail(read.error());
    }
    return std::move(notation_);
  }

 private:
  // Blanks, line ends and comments.
  void skip() {
    while (reader_.more()) {
      const char c = reader_.peek();
      if (c == '#' || (c == '/' && reader_.peek(1) == '/')) {
        while (reader_.more() && reader_.peek() != '\n') ++reader_.at;
      } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        ++reader_.at;
      } else {
        return;
      }
    }
  }
  // Within a rule: a line end counts only when the next line goes on with an alternative.
  void skip_in_rule() {
    while (reader_.more()) {
      const std::size_t before = reader_.at;
      while (reader_.peek() == ' ' || reader_.peek() == '\t' || reader_.peek() == '\r')
        ++reader_.at;
      if (reader_.peek() == '/' && reader_.peek(1) == '/') {
        while (reader_.more() && reader_.peek() != '\n') ++reader_.at;
      }
      if (reader_.peek() != '\n') return;
      const std::size_t line_end = reader_.at;
      skip();
      if (reader_.peek() == '|' || groups_ > 0) return;
      reader_.at = line_end;
      if (before == line_end) return;
    }
  }

  std::string name() {
    std::string text;
    while (name_character(reader_.peek())) text += reader_.text[reader_.at++];
    return text;
  }

  Status directive() {
    if (reader_.take("%import")) {
      skip();
      const std::string library = name();
      if (library != "common" || !reader_.take(".")) {
        return syntax_error(reader_, "only 'common' can be imported from");
      }
      const std::string item = name();
      std::string alias = item;
      skip_in_rule();
      if (reader_.take("->")) {
        skip();
        alias = name();
      }
      const auto* found = std::ranges::find(kCommon, item, &Common::name);
      if (found == std::end(kCommon)) return syntax_error(reader_, "unknown terminal to import");
      if (notation_.rules.contains(alias)) {
        return syntax_error(reader_, fmt::format("'{}' is defined twice", alias.substr(0, 100)));
      }
      notation_.rules[alias] = {.kind = Expression::Kind::Regex,
                                .text = std::string(found->pattern)};
      return {};
    }
    if (reader_.take("%ignore")) {
      skip();
      auto what = choice(0);
      if (!what) return fail(std::move(what.error()));
      const std::string rule = "IGNORED_" + std::to_string(notation_.ignored.size());
      notation_.rules[rule] = std::move(*what);
      notation_.ignored.push_back(rule);
      return {};
    }
    return syntax_error(reader_, "unknown directive");
  }

  Status rule() {
    while (reader_.peek() == '?' || reader_.peek() == '!') ++reader_.at;  // only shape trees
    const std::string name = this->name();
    if (reader_.take(".")) this->name();  // a priority decides between readings, not about texts
    skip();
    if (name.empty() || !reader_.take(":")) return syntax_error(reader_, "expected 'name:'");
    if (notation_.rules.contains(name))
      return syntax_error(reader_, fmt::format("'{}' is defined twice", name.substr(0, 100)));
    auto body = choice(0);
    if (!body) return fail(std::move(body.error()));
    skip_in_rule();
    if (reader_.more() && reader_.peek() != '\n')
      return syntax_error(reader_, "unexpected character");
    notation_.rules[name] = std::move(*body);
    return {};
  }

  Result<Expression> choice(int depth) {
    if (depth > limits::grammar_groups_depth_max)
      return syntax_error(reader_, "groups are nested too deeply");
    Expression options{.kind = Expression::Kind::Choice};
    do {
      auto sequence = this->sequence(depth);
      if (!sequence) return sequence;
      options.children.push_back(std::move(*sequence));
      skip_in_rule();
    } while (reader_.take("|"));
    if (options.children.size() == 1) return std::move(options.children[0]);
    return options;
  }

  Result<Expression> sequence(int depth) {
    Expression parts;
    while (true) {
      skip_in_rule();
      const char c = reader_.peek();
      if (!reader_.more() || c == '|' || c == ')' || c == ']' || c == '\n') break;
      if (reader_.take("->")) {
        skip_in_rule();
        name();
        continue;
      }
      auto part = item(depth);
      if (!part) return part;
      auto repeated = quantified(std::move(*part));
      if (!repeated) return repeated;
      parts.children.push_back(std::move(*repeated));
    }
    return parts;
  }

  Result<Expression> item(int depth) {
    if (reader_.take("\"")) {
      auto text = quoted_text(reader_, '"');
      if (!text) return fail(std::move(text.error()));
      Expression literal{.kind = Expression::Kind::Literal, .text = std::move(*text)};
      if (reader_.peek() == 'i' && !name_character(reader_.peek(1))) {
        ++reader_.at;
        literal.ignore_case = true;
      }
      if (reader_.take("..")) return range(literal.text);
      return literal;
    }
    if (reader_.peek() == '/') return regex();
    if (reader_.take("%json")) return json();
    for (const auto& [open, close] : {std::pair{'(', ')'}, std::pair{'[', ']'}}) {
      if (reader_.peek() != open) continue;
      ++reader_.at;
      ++groups_;
      auto inner = choice(depth + 1);
      if (!inner) return inner;
      --groups_;
      if (!reader_.take(std::string_view(&close, 1)))
        return syntax_error(reader_, "a group is not closed");
      if (open == '(') return inner;
      Expression maybe{.kind = Expression::Kind::Repeat, .count_min = 0, .count_max = 1};
      maybe.children.push_back(std::move(*inner));
      return maybe;
    }
    if (std::string name = this->name(); !name.empty()) {
      if (reader_.peek() == '{') return syntax_error(reader_, "templates are not supported");
      return Expression{.kind = Expression::Kind::Name, .text = std::move(name)};
    }
    return syntax_error(reader_, "unexpected character");
  }

  Result<Expression> range(const std::string& from) {
    if (!reader_.take("\"")) return syntax_error(reader_, "a range ends in a text");
    auto to = quoted_text(reader_, '"');
    if (!to) return fail(std::move(to.error()));
    TextReader low{from}, high{*to};
    if (from.empty() || to->empty()) return syntax_error(reader_, "a range needs characters");
    const std::uint32_t first = low.point(false), last = high.point(false);
    if (low.more() || high.more() || first > last) {
      return syntax_error(reader_, "a range needs two characters in order");
    }
    return Expression{.kind = Expression::Kind::Points, .points = {{first, last}}};
  }

  Result<Expression> regex() {
    ++reader_.at;
    Expression expression{.kind = Expression::Kind::Regex};
    bool in_set = false;
    while (reader_.more() && (reader_.peek() != '/' || in_set) && reader_.peek() != '\n') {
      if (reader_.peek() == '[') in_set = true;
      if (reader_.peek() == ']') in_set = false;
      if (reader_.peek() == '\\' && reader_.peek(1) != '\0') {
        // An escaped slash is a slash for the expression itself.
        if (reader_.peek(1) != '/') expression.text += '\\';
        ++reader_.at;
      }
      expression.text += reader_.text[reader_.at++];
    }
    if (!reader_.take("/")) return syntax_error(reader_, "a regular expression is not closed");
    for (; reader_.peek() >= 'a' && reader_.peek() <= 'z'; ++reader_.at) {
      expression.ignore_case |= reader_.peek() == 'i';
      expression.dot_all |= reader_.peek() == 's';
      // `u` is how all of them are read; the others change what a pattern means.
      if (std::string_view("isu").find(reader_.peek()) == std::string_view::npos)
        return syntax_error(reader_, "only the flags i, s and u of regular expressions are known");
    }
    return expression;
  }

  // The text of a JSON object that follows, by counting its braces outside texts.
  Result<Expression> json() {
    skip();
    const std::size_t begin = reader_.at;
    int depth = 0;
    bool in_text = false;
    do {
      if (!reader_.more()) return syntax_error(reader_, "the schema after %json is not closed");
      const char c = reader_.text[reader_.at++];
      if (in_text) {
        if (c == '\\' && reader_.more()) ++reader_.at;
        in_text = c != '"';
      } else {
        in_text = c == '"';
        depth += c == '{' ? 1 : c == '}' ? -1 : 0;
      }
    } while (depth > 0);
    return Expression{.kind = Expression::Kind::Json,
                      .text = std::string(reader_.text.substr(begin, reader_.at - begin))};
  }

  Result<Expression> quantified(Expression part) {
    while (true) {
      std::uint32_t lo = 0, hi = engine::grammar::kUnbounded;
      if (reader_.take("*")) {
      } else if (reader_.take("+")) {
        lo = 1;
      } else if (reader_.take("?")) {
        hi = 1;
      } else if (reader_.take("~")) {
        skip_in_rule();
        const auto first = reader_.number();
        if (!first) return syntax_error(reader_, "a count is missing");
        lo = hi = *first;
        if (reader_.take("..")) hi = reader_.number().value_or(0);
        if (lo > hi) return syntax_error(reader_, "these counts make no sense");
      } else {
        return part;
      }
      part = repeated(std::move(part), lo, hi);
    }
  }

  TextReader reader_;
  Notation notation_;
  int groups_ = 0;  // open ones: line ends mean nothing inside
};

}  // namespace

Result<Notation> parse_lark(std::string_view text) {
  return LarkParser(text).parse();
}

Result<CompiledGrammar> compile_lark(std::string_view text) {
  return compile_grammar({GrammarFormat::Syntax::Lark, std::string(text)});
}

}  // namespace inference::grammar
