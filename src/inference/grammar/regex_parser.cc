#include "inference/grammar/regex_parser.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/limits/grammar.h"

namespace inference::grammar {
namespace {

constexpr int kQuantifiersMax = 16;  // of one atom, one upon the other

const CodePoints kDigits{{'0', '9'}};
const CodePoints kWord{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
const CodePoints kSpace{{9, 13},          {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680},
                        {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F},
                        {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
const CodePoints kLineEnds{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};

// A recursive descent; errors are kept and end it.
class Parser {
 public:
  Parser(std::string_view pattern, const RegexOptions& options)
      : pattern_(pattern), options_(options) {}

  Result<RegexNode> parse() {
    if (pattern_.size() > limits::regex_bytes_max) {
      return fail(ErrorCode::TooLarge,
                  fmt::format("pattern is too long: {} bytes, at most {} are supported",
                              pattern_.size(), limits::regex_bytes_max));
    }
    RegexNode node = choice();
    if (!error_ && at_ < pattern_.size()) refuse("unmatched )");
    if (error_) return fail(*error_);
    return node;
  }

 private:
  void refuse(std::string_view what, ErrorCode code = ErrorCode::InvalidRequest) {
    if (!error_) error_ = Error{code, fmt::format("{} at offset {}", what, at_)};
    at_ = pattern_.size();
  }
  void unsupported(std::string_view what) { refuse(what, ErrorCode::Unsupported); }
  bool more() const { return at_ < pattern_.size(); }
  char peek() const { return more() ? pattern_[at_] : '\0'; }
  bool take(std::string_view text) {
    if (!pattern_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }

  RegexNode choice() {
    if (++depth_ > limits::grammar_groups_depth_max) {
      refuse("groups are nested too deeply", ErrorCode::TooLarge);
      return {};
    }
    RegexNode node = sequence();
    if (peek() == '|') {
      RegexNode alternatives{.kind = RegexNode::Kind::Choice};
      append(alternatives, std::move(node));
      while (take("|")) append(alternatives, sequence());
      node = std::move(alternatives);
    }
    --depth_;
    return node;
  }

  RegexNode sequence() {
    RegexNode node{.kind = RegexNode::Kind::Sequence};
    while (more() && peek() != '|' && peek() != ')') append(node, quantified());
    return node;
  }

  static void append(RegexNode& parent, RegexNode child) {
    parent.asserts |= child.asserts;
    parent.starts |= child.starts;
    parent.children.push_back(std::move(child));
  }

  RegexNode quantified() {
    RegexNode node = atom();
    for (int n = 0; more(); ++n) {
      std::uint32_t lo = 0, hi = engine::grammar::kUnbounded;
      if (take("*")) {
      } else if (take("+")) {
        lo = 1;
      } else if (take("?")) {
        hi = 1;
      } else if (peek() != '{' || !counts(lo, hi)) {
        break;
      }
      take("?");  // laziness changes which match is found, not whether there is one
      RegexNode repeat{.kind = RegexNode::Kind::Repeat, .count_min = lo, .count_max = hi};
      append(repeat, std::move(node));
      node = std::move(repeat);
      if (n == kQuantifiersMax) refuse("too many quantifiers", ErrorCode::TooLarge);
    }
    return node;
  }

  // {m}, {m,} or {m,n}; anything else is a literal brace.
  bool counts(std::uint32_t& lo, std::uint32_t& hi) {
    const std::size_t start = at_++;
    const auto number = [&](std::uint32_t& out) {
      std::uint64_t value = 0;
      const std::size_t first = at_;
      for (; more() && peek() >= '0' && peek() <= '9'; ++at_) {
        value = std::min<std::uint64_t>(value * 10 + static_cast<std::uint64_t>(peek() - '0'),
                                        limits::regex_count_max + 1ull);
      }
      out = static_cast<std::uint32_t>(value);
      return at_ > first;
    };
    bool valid = number(lo);
    hi = lo;
    if (valid && take(",")) {
      if (!number(hi)) hi = engine::grammar::kUnbounded;
    }
    valid = valid && take("}");
    if (!valid) {
      at_ = start;
      return false;
    }
    if (lo > limits::regex_count_max ||
        (hi != engine::grammar::kUnbounded && hi > limits::regex_count_max)) {
      refuse("count is too large", ErrorCode::TooLarge);
    } else if (lo > hi) {
      refuse("counts are out of order");
    }
    return true;
  }

  RegexNode points(CodePoints set) {
    if (options_.ignore_case) set.ignore_case();
    return {.kind = RegexNode::Kind::Points, .points = std::move(set)};
  }

  RegexNode atom() {
    switch (peek()) {
      case '(': return group();
      case '[': return points(character_class());
      case '.':
        ++at_;
        return {.kind = RegexNode::Kind::Points,
                .points = options_.dot_all ? CodePoints{{0, 0x10FFFF}} : kLineEnds.inverted()};
      case '^': ++at_; return {.kind = RegexNode::Kind::Start, .asserts = true, .starts = true};
      case '$': ++at_; return {.kind = RegexNode::Kind::End, .asserts = true};
      case '*':
      case '+':
      case '?': refuse("nothing to repeat"); return {};
      case '\\': return escape();
      default: {
        const std::uint32_t point = literal();
        return points({{point, point}});
      }
    }
  }

  RegexNode group() {
    RegexNode node;
    ++at_;
    if (take("?=") || take("?!")) {
      node.kind = pattern_[at_ - 1] == '=' ? RegexNode::Kind::Ahead : RegexNode::Kind::NotAhead;
      append(node, choice());
      node.asserts = true;
    } else if (take("?<=") || take("?<!")) {
      unsupported("lookbehind is not supported");
    } else if (take("?<") || take("?P<")) {
      while (more() && peek() != '>') ++at_;
      if (!take(">")) refuse("group name is not closed");
      node = choice();
    } else if (take("?:")) {
      node = choice();
    } else if (take("?")) {
      unsupported("this kind of group is not supported");
    } else {
      node = choice();
    }
    if (!take(")")) refuse("group is not closed");
    return node;
  }

  std::uint32_t literal() {
    const auto lead = static_cast<unsigned char>(pattern_[at_++]);
    if (lead < 0x80) return lead;
    const std::size_t n_after = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    std::uint32_t point = lead & (0x3Fu >> n_after);
    for (std::size_t i = 0; i < n_after && more(); ++i) {
      point = point << 6 | (static_cast<unsigned char>(pattern_[at_++]) & 0x3Fu);
    }
    return std::min(point, 0x10FFFFu);
  }

  std::uint32_t hex(std::size_t n_digits) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < n_digits; ++i) {
      const char c = peek();
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) {
        refuse("a hexadecimal digit is missing");
        return 0;
      }
      value = value << 4 | static_cast<std::uint32_t>(digit);
      ++at_;
    }
    return value;
  }

  // After a backslash: a class, or the one code point it stands for.
  CodePoints escaped(bool in_class) {
    const char c = peek();
    if (!more()) {
      refuse("pattern ends in a backslash");
      return {};
    }
    if (static_cast<unsigned char>(c) >= 0x80) {
      const std::uint32_t point = literal();
      return {{point, point}};
    }
    ++at_;
    const auto one = [](std::uint32_t point) { return CodePoints{{point, point}}; };
    switch (c) {
      case 'd': return kDigits;
      case 'D': return kDigits.inverted();
      case 'w': return kWord;
      case 'W': return kWord.inverted();
      case 's': return kSpace;
      case 'S': return kSpace.inverted();
      case 'n': return one('\n');
      case 'r': return one('\r');
      case 't': return one('\t');
      case 'f': return one('\f');
      case 'v': return one('\v');
      case 'a': return one(7);
      case 'e': return one(27);
      case '0': return one(0);
      case 'x': return one(hex(2));
      case 'u': return one(unicode_escape());
      case 'c': return one(more() ? static_cast<std::uint32_t>(pattern_[at_++]) & 31 : 0);
      case 'p':
      case 'P': return property(c == 'P');
      case 'b':
        if (in_class) return one('\b');
        unsupported("word boundaries are not supported");
        return {};
      case 'B': unsupported("word boundaries are not supported"); return {};
      case 'k': unsupported("backreferences are not supported"); return {};
      default:
        if (c >= '1' && c <= '9') unsupported("backreferences are not supported");
        return one(static_cast<unsigned char>(c));
    }
  }

  std::uint32_t unicode_escape() {
    if (take("{")) {
      std::uint32_t value = 0;
      while (more() && peek() != '}' && value <= 0x10FFFF) value = value << 4 | hex(1);
      if (!take("}") || value > 0x10FFFF) refuse("no such code point");
      return value;
    }
    const std::uint32_t high = hex(4);
    if (high >= 0xD800 && high < 0xDC00 && pattern_.substr(at_).starts_with("\\u")) {
      at_ += 2;
      const std::uint32_t low = hex(4);
      return 0x10000 + ((high - 0xD800) << 10) + ((low - 0xDC00) & 0x3FF);
    }
    return high;
  }

  CodePoints property(bool inverted) {
    CodePoints set;
    const std::size_t end = pattern_.find('}', at_);
    if (peek() != '{' || end == std::string_view::npos ||
        !with_property(pattern_.substr(at_ + 1, end - at_ - 1), set)) {
      unsupported("this character property is not known");
      return {};
    }
    at_ = end + 1;
    return inverted ? set.inverted() : set;
  }

  RegexNode escape() {
    ++at_;
    if (take("A")) return {.kind = RegexNode::Kind::Start, .asserts = true, .starts = true};
    if (take("Z") || take("z")) return {.kind = RegexNode::Kind::End, .asserts = true};
    return points(escaped(false));
  }

  CodePoints character_class() {
    ++at_;
    const bool inverted = take("^");
    CodePoints set;
    while (more() && peek() != ']') {
      CodePoints first = class_atom();
      const auto low = first.normalised();
      const bool single = low.size() == 1 && low[0].first == low[0].second;
      if (peek() == '-' && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']') {
        const std::size_t dash = at_++;
        const auto high = class_atom().normalised();
        if (single && high.size() == 1 && high[0].first == high[0].second) {
          if (high[0].first < low[0].first) refuse("range is out of order");
          set.add(low[0].first, high[0].first);
          continue;
        }
        at_ = dash;  // a class beside a dash: both stand for themselves
      }
      set.add(first);
    }
    if (!take("]")) refuse("character class is not closed");
    if (options_.ignore_case && inverted) set.ignore_case();
    return inverted ? set.inverted() : set;
  }

  CodePoints class_atom() {
    if (take("\\")) return escaped(true);
    const std::uint32_t point = literal();
    return {{point, point}};
  }

  std::string_view pattern_;
  RegexOptions options_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<RegexNode> parse_regex(std::string_view pattern, const RegexOptions& options) {
  return Parser(pattern, options).parse();
}

}  // namespace inference::grammar
