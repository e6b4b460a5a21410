#include "inference/grammar/regex.h"

#include <array>
#include <optional>

#include "base/limits/grammar.h"
#include "inference/grammar/regex_parser.h"

namespace inference::grammar {
namespace {

using engine::grammar::kAnything;
using engine::grammar::kEpsilon;
using engine::grammar::kNothing;
using engine::grammar::TermId;
using engine::grammar::Terms;

// Turns trees into terms. Parts without anchors and lookaheads translate by themselves; the others
// with what follows them up to the end of the text, since that is what they make demands on.
class Translator {
 public:
  explicit Translator(Terms& terms) : terms_(terms) {}

  const std::optional<Error>& error() const { return error_; }

  TermId plain(const RegexNode& node) {
    switch (node.kind) {
      case RegexNode::Kind::Points: return node.points.term(terms_);
      case RegexNode::Kind::End: return kNothing;  // asked for within a repetition that goes on
      case RegexNode::Kind::Repeat:
        return terms_.repeat(plain(node.children[0]), node.count_min, node.count_max);
      case RegexNode::Kind::Choice: {
        std::vector<TermId> options;
        for (const RegexNode& child : node.children) options.push_back(plain(child));
        return terms_.alternatives(options);
      }
      default: {
        TermId term = kEpsilon;
        for (std::size_t i = node.children.size(); i-- > 0;) {
          term = terms_.concat(plain(node.children[i]), term);
        }
        return term;
      }
    }
  }

  // node and then `rest`; `at_start`: nothing of the text comes before.
  TermId followed(const RegexNode& node, TermId rest, bool at_start) {
    if (!node.asserts) return terms_.concat(plain(node), rest);
    switch (node.kind) {
      case RegexNode::Kind::Start: return at_start ? rest : kNothing;
      case RegexNode::Kind::End: return terms_.nullable(rest) ? kEpsilon : kNothing;
      case RegexNode::Kind::Ahead:
      case RegexNode::Kind::NotAhead: {
        TermId ahead = followed(node.children[0], kAnything, at_start);
        if (node.kind == RegexNode::Kind::NotAhead) ahead = terms_.complement(ahead);
        const std::array both{ahead, rest};
        return terms_.intersection(both);
      }
      case RegexNode::Kind::Choice: {
        std::vector<TermId> options;
        for (const RegexNode& child : node.children) {
          options.push_back(followed(child, rest, at_start));
        }
        return terms_.alternatives(options);
      }
      case RegexNode::Kind::Repeat: return repeated(node, rest, at_start);
      default: return sequence(node, 0, rest, at_start);
    }
  }

 private:
  TermId sequence(const RegexNode& node, std::size_t index, TermId rest, bool at_start) {
    // From the back as long as it does not matter where the text starts.
    bool starts_later = false;
    for (std::size_t i = index + 1; i < node.children.size(); ++i) {
      starts_later |= node.children[i].starts;
    }
    if (index == node.children.size()) return rest;
    if (!starts_later || !at_start) {
      for (std::size_t i = node.children.size(); i-- > index + 1;) {
        rest = followed(node.children[i], rest, false);
      }
      return followed(node.children[index], rest, at_start);
    }
    // A later ^ holds if everything before it is empty.
    const RegexNode& first = node.children[index];
    if (consumes_nothing(first)) {
      return followed(first, sequence(node, index + 1, rest, true), true);
    }
    const TermId later = sequence(node, index + 1, rest, false);
    if (!may_be_empty(first)) return followed(first, later, true);
    TermId something = kNothing;
    if (first.asserts) {
      something = followed(first, later, true);
    } else {
      const std::array parts{plain(first), terms_.concat(terms_.any_code_point(), kAnything)};
      something = terms_.concat(terms_.intersection(parts), later);
    }
    const std::array options{something, sequence(node, index + 1, rest, true)};
    return terms_.alternatives(options);
  }

  static bool consumes_nothing(const RegexNode& node) {
    return node.kind == RegexNode::Kind::Start || node.kind == RegexNode::Kind::End ||
           node.kind == RegexNode::Kind::Ahead || node.kind == RegexNode::Kind::NotAhead;
  }

  static bool only_ends(const RegexNode& node) {
    if (node.kind == RegexNode::Kind::Start || node.kind == RegexNode::Kind::Ahead ||
        node.kind == RegexNode::Kind::NotAhead) {
      return false;
    }
    for (const RegexNode& child : node.children) {
      if (!only_ends(child)) return false;
    }
    return true;
  }

  static bool may_be_empty(const RegexNode& node) {
    switch (node.kind) {
      case RegexNode::Kind::Points: return false;
      case RegexNode::Kind::Repeat: return node.count_min == 0 || may_be_empty(node.children[0]);
      case RegexNode::Kind::Sequence:
        for (const RegexNode& child : node.children) {
          if (!may_be_empty(child)) return false;
        }
        return true;
      case RegexNode::Kind::Choice:
        for (const RegexNode& child : node.children) {
          if (may_be_empty(child)) return true;
        }
        return false;
      default: return true;
    }
  }

  TermId repeated(const RegexNode& node, TermId rest, bool at_start) {
    if (node.count_max > limits::regex_asserting_repeats_max && only_ends(node.children[0])) {
      // Only the last round can stand at the end of the text; the ones before it do not.
      const TermId round = plain(node.children[0]);
      const auto fewer = [](std::uint32_t n) {
        return n == 0 || n == engine::grammar::kUnbounded ? n : n - 1;
      };
      const std::array options{
          terms_.concat(terms_.repeat(round, node.count_min, node.count_max), rest),
          terms_.concat(terms_.repeat(round, fewer(node.count_min), fewer(node.count_max)),
                        followed(node.children[0], rest, false))};
      return terms_.alternatives(options);
    }
    if (node.count_max > limits::regex_asserting_repeats_max) {
      error_ = Error{ErrorCode::Unsupported, "anchors and lookaheads in a repetition"};
      return kNothing;
    }
    TermId term = kNothing;
    for (std::uint32_t n = node.count_max + 1; n-- > node.count_min;) {
      TermId run = rest;
      for (std::uint32_t i = n; i-- > 0;) {
        run = followed(node.children[0], run, at_start && i == 0);
      }
      const std::array options{term, run};
      term = terms_.alternatives(options);
    }
    return term;
  }

  Terms& terms_;
  std::optional<Error> error_;
};

}  // namespace

Result<TermId> regex_term(Terms& terms, std::string_view pattern, RegexOptions options) {
  auto tree = parse_regex(pattern, options);
  if (!tree) return fail(std::move(tree.error()));
  Translator translator(terms);
  TermId term = kNothing;
  if (options.whole) {
    term = translator.followed(*tree, kEpsilon, true);
  } else {
    // At the start of the text, or after something; the second alone when no ^ makes a difference.
    const TermId later = translator.followed(*tree, kAnything, false);
    if (!tree->starts) {
      term = terms.concat(kAnything, later);
    } else {
      const std::array options_{
          translator.followed(*tree, kAnything, true),
          terms.concat(terms.any_code_point(), terms.concat(kAnything, later))};
      term = terms.alternatives(options_);
    }
  }
  if (translator.error()) return fail(*translator.error());
  return term;
}

}  // namespace inference::grammar
