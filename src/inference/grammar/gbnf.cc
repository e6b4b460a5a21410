// The notation of llama.cpp's grammars.
#include <optional>

#include "base/limits/grammar.h"
#include "inference/grammar/notation.h"

namespace inference::grammar {
namespace {

bool name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

class GbnfParser {
 public:
  explicit GbnfParser(std::string_view text) : reader_{text} {}

  Result<Notation> parse() {
    Notation notation;
    notation.start = "root";
    skip(true);
    while (reader_.more()) {
      const std::string name = this->name();
      skip(false);
      if (name.empty() || !reader_.take("::=")) return syntax_error(reader_, "expected 'name ::='");
      skip(true);
      auto body = choice(false, 0);
      if (!body) return fail(std::move(body.error()));
      notation.rules[name] = std::move(*body);
      if (reader_.more() && !at_line_end_) return syntax_error(reader_, "unexpected character");
      skip(true);
    }
    return notation;
  }

 private:
  // Blanks and comments; line ends too where a rule cannot end.
  void skip(bool line_ends) {
    at_line_end_ = false;
    while (reader_.more()) {
      const char c = reader_.peek();
      if (c == '#') {
        while (reader_.more() && reader_.peek() != '\n') ++reader_.at;
      } else if (c == '\n' || c == '\r') {
        at_line_end_ = true;
        if (!line_ends) return;
        ++reader_.at;
      } else if (c == ' ' || c == '\t') {
        ++reader_.at;
      } else {
        return;
      }
    }
  }

  std::string name() {
    std::string text;
    while (name_character(reader_.peek())) text += reader_.text[reader_.at++];
    return text;
  }

  Result<Expression> choice(bool grouped, int depth) {
    if (depth > limits::grammar_groups_depth_max)
      return syntax_error(reader_, "groups are nested too deeply");
    Expression options{.kind = Expression::Kind::Choice};
    do {
      skip(true);
      auto sequence = this->sequence(grouped, depth);
      if (!sequence) return sequence;
      options.children.push_back(std::move(*sequence));
    } while (reader_.take("|"));
    if (options.children.size() == 1) return std::move(options.children[0]);
    return options;
  }

  Result<Expression> sequence(bool grouped, int depth) {
    Expression parts;
    while (true) {
      skip(grouped);
      const char c = reader_.peek();
      if (!reader_.more() || c == '|' || c == ')' || (at_line_end_ && !grouped)) break;
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
      return Expression{.kind = Expression::Kind::Literal, .text = std::move(*text)};
    }
    if (reader_.take("[")) return characters();
    if (reader_.take("(")) {
      auto inner = choice(true, depth + 1);
      if (!inner) return inner;
      if (!reader_.take(")")) return syntax_error(reader_, "a group is not closed");
      return inner;
    }
    if (reader_.take(".")) {
      return Expression{.kind = Expression::Kind::Points, .points = {{0, 0x10FFFF}}};
    }
    if (std::string name = this->name(); !name.empty()) {
      return Expression{.kind = Expression::Kind::Name, .text = std::move(name)};
    }
    return syntax_error(reader_, "unexpected character");
  }

  Result<Expression> characters() {
    const bool inverted = reader_.take("^");
    CodePoints set;
    while (reader_.more() && reader_.peek() != ']') {
      const std::uint32_t first = reader_.point(true);
      std::uint32_t last = first;
      if (reader_.peek() == '-' && reader_.peek(1) != ']' && reader_.peek(1) != '\0') {
        ++reader_.at;
        last = reader_.point(true);
      }
      if (last < first) return syntax_error(reader_, "a range is out of order");
      set.add(first, last);
    }
    if (!reader_.take("]")) return syntax_error(reader_, "a set of characters is not closed");
    return Expression{.kind = Expression::Kind::Points, .points = inverted ? set.inverted() : set};
  }

  Result<Expression> quantified(Expression part) {
    while (true) {
      std::uint32_t lo = 0, hi = engine::grammar::kUnbounded;
      if (reader_.take("*")) {
      } else if (reader_.take("+")) {
        lo = 1;
      } else if (reader_.take("?")) {
        hi = 1;
      } else if (reader_.take("{")) {
        const auto first = reader_.number();
        if (!first && reader_.peek() != ',') return syntax_error(reader_, "a count is missing");
        lo = first.value_or(0);
        hi = lo;
        skip(true);
        if (reader_.take(",")) {
          skip(true);
          hi = reader_.number().value_or(engine::grammar::kUnbounded);
        }
        skip(true);
        if (!reader_.take("}") || lo > hi)
          return syntax_error(reader_, "these counts make no sense");
      } else {
        return part;
      }
      part = repeated(std::move(part), lo, hi);
    }
  }

  TextReader reader_;
  bool at_line_end_ = false;
};

}  // namespace

Result<Notation> parse_gbnf(std::string_view text) {
  return GbnfParser(text).parse();
}

Result<CompiledGrammar> compile_gbnf(std::string_view text) {
  return compile_grammar({GrammarFormat::Syntax::Gbnf, std::string(text)});
}

}  // namespace inference::grammar
