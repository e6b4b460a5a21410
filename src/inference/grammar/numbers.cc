#include "inference/grammar/numbers.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <vector>

namespace inference::grammar {
namespace {

using engine::grammar::ByteSet;
using engine::grammar::kEpsilon;
using engine::grammar::kNothing;
using engine::grammar::kUnbounded;
using engine::grammar::TermId;
using engine::grammar::Terms;

// So many digits are let in on either side of the point: enough for every double and 64-bit
// integer, and an end for a model that loops.
constexpr std::uint32_t kDigitsMax = 40;
constexpr std::size_t kRemaindersMax = 20'000;

// Small steps that read well below.
class Spelling {
 public:
  explicit Spelling(Terms& terms) : terms_(terms) {}

  TermId digits(char first, char last) {
    if (first > last) return kNothing;
    return terms_.bytes(
        ByteSet::range(static_cast<unsigned char>(first), static_cast<unsigned char>(last)));
  }
  TermId digit() { return digits('0', '9'); }
  TermId some(std::uint32_t count_max = kDigitsMax) { return terms_.repeat(digit(), 0, count_max); }
  TermId text(std::string_view text) { return terms_.literal(text); }
  TermId then(TermId a, TermId b) { return terms_.concat(a, b); }
  TermId then(TermId a, TermId b, TermId c) { return then(a, then(b, c)); }
  TermId either(TermId a, TermId b) {
    const std::array options{a, b};
    return terms_.alternatives(options);
  }
  TermId maybe(TermId a) { return terms_.optional(a); }
  TermId zeros() { return terms_.repeat(text("0"), 0, kDigitsMax); }

  TermId whole() { return either(text("0"), then(digits('1', '9'), some(kDigitsMax - 1))); }
  TermId fraction() { return then(text("."), digit(), some()); }
  TermId exponent() {
    const TermId sign = maybe(either(text("+"), text("-")));
    return then(either(text("e"), text("E")), sign, terms_.repeat(digit(), 1, 2));
  }
  TermId unsigned_plain() { return then(whole(), maybe(fraction())); }
  TermId unsigned_any() { return then(unsigned_plain(), maybe(exponent())); }
  TermId nonzero_any() {
    const TermId small = then(text("0."), zeros(), then(digits('1', '9'), some()));
    const TermId large = then(digits('1', '9'), some(kDigitsMax - 1), maybe(fraction()));
    return then(either(small, large), maybe(exponent()));
  }
  TermId zero_any() {
    return then(text("0"), maybe(then(text("."), text("0"), zeros())), maybe(exponent()));
  }

  // Unsigned plain spellings above (or below) whole.fraction; `equal`: or equal to it.
  TermId compared(const Decimal& limit, bool above, bool equal) {
    const std::string& w = limit.whole;
    const auto n = static_cast<std::uint32_t>(w.size());
    TermId term = kNothing;
    if (above) {
      term = then(digits('1', '9'), terms_.repeat(digit(), n, kDigitsMax), maybe(fraction()));
    } else if (n > 1) {
      const TermId shorter =
          either(text("0"), then(digits('1', '9'), terms_.repeat(digit(), 0, n - 2)));
      term = then(shorter, maybe(fraction()));
    }
    for (std::uint32_t i = 0; i < n; ++i) {
      const char low = i == 0 && n > 1 ? '1' : '0';
      const TermId other = above ? digits(static_cast<char>(w[i] + 1), '9')
                                 : digits(low, static_cast<char>(w[i] - 1));
      const TermId rest = then(terms_.repeat(digit(), n - i - 1, n - i - 1), maybe(fraction()));
      term = either(term, then(text(w.substr(0, i)), other, rest));
    }
    return either(term, then(text(w), compared_fraction(limit.fraction, above, equal)));
  }

 private:
  TermId compared_fraction(const std::string& f, bool above, bool equal) {
    TermId digits_term = kNothing;  // after the point
    for (std::size_t i = 0; i < f.size(); ++i) {
      const TermId other = above ? digits(static_cast<char>(f[i] + 1), '9')
                                 : digits('0', static_cast<char>(f[i] - 1));
      digits_term = either(digits_term, then(text(f.substr(0, i)), other, some()));
      // Fewer digits are less than all of them.
      if (!above && i > 0) digits_term = either(digits_term, text(f.substr(0, i)));
    }
    if (above) {
      digits_term = either(digits_term, then(text(f), zeros(), then(digits('1', '9'), some())));
    }
    if (equal) {
      const TermId same = then(text(f), f.empty() ? then(text("0"), zeros()) : zeros());
      digits_term = either(digits_term, same);
    }
    TermId term = then(text("."), digits_term);
    const bool bare = f.empty() ? equal : !above;  // no fraction at all
    return bare ? either(kEpsilon, term) : term;
  }

  Terms& terms_;
};

}  // namespace

std::optional<Decimal> decimal(const json::Value& number) {
  std::array<char, 64> buffer{};
  const auto print = [&](auto value) {
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    return std::string(buffer.data(), end);
  };
  std::string text;
  if (number.is_int64()) text = print(number.get_int64());
  if (number.is_uint64()) text = print(number.get_uint64());
  if (number.is_double()) {
    if (!std::isfinite(number.get_double())) return std::nullopt;
    text = print(number.get_double());
  }
  Decimal result;
  if (text.starts_with('-')) {
    result.negative = true;
    text.erase(0, 1);
  }
  int exponent = 0;
  if (const auto e = text.find_first_of("eE"); e != std::string::npos) {
    exponent = std::stoi(text.substr(e + 1));
    text.resize(e);
  }
  const auto point = text.find('.');
  std::string digits = text, after;
  if (point != std::string::npos) {
    digits = text.substr(0, point);
    after = text.substr(point + 1);
  }
  for (; exponent > 0; --exponent) {
    digits += after.empty() ? '0' : after[0];
    if (!after.empty()) after.erase(0, 1);
  }
  for (; exponent < 0; ++exponent) {
    after.insert(after.begin(), digits.empty() ? '0' : digits.back());
    if (!digits.empty()) digits.pop_back();
  }
  digits.erase(0, digits.find_first_not_of('0'));
  after.erase(after.find_last_not_of('0') + 1);
  result.whole = digits.empty() ? "0" : digits;
  result.fraction = after;
  if (result.zero()) result.negative = false;
  return result;
}

TermId number_syntax(Terms& terms) {
  Spelling s(terms);
  return s.then(s.maybe(s.text("-")), s.unsigned_any());
}

TermId integer_spelling(Terms& terms) {
  Spelling s(terms);
  return s.then(s.maybe(s.text("-")), s.whole());
}

TermId equal_to(Terms& terms, const json::Value& number) {
  const auto value = decimal(number);
  if (!value) return kNothing;
  Spelling s(terms);
  const TermId sign = value->negative ? s.text("-")
                      : value->zero() ? s.maybe(s.text("-"))
                                      : kEpsilon;
  TermId term = s.text(value->whole);
  if (value->fraction.empty()) {
    term = s.then(term, s.maybe(s.then(s.text("."), s.text("0"), s.zeros())));
  } else {
    term = s.then(term, s.text("." + value->fraction), s.zeros());
  }
  TermId any = s.then(sign, term);
  // Very large and very small ones are also written with an exponent.
  if (number.is_double()) {
    std::array<char, 64> buffer{};
    const auto end =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), number.get_double()).ptr;
    any = s.either(any, s.text(std::string_view(buffer.data(), end)));
  }
  return any;
}

TermId bounded(Terms& terms, const Decimal& limit, Bound bound) {
  Spelling s(terms);
  const bool equal = bound == Bound::AtLeast || bound == Bound::AtMost;
  const bool lower = bound == Bound::AtLeast || bound == Bound::Above;
  // Below: magnitudes on the limit's own side of zero are compared, the other side is all in or
  // out.
  const bool inner = limit.negative == lower;  // towards zero from the limit, and beyond it
  const TermId minus = s.text("-");
  const TermId positive = s.nonzero_any(), negative = s.then(minus, s.nonzero_any());
  const TermId zero = s.then(s.maybe(minus), s.zero_any());
  if (limit.zero()) {
    const TermId side = lower ? positive : negative;
    return equal ? s.either(side, zero) : side;
  }
  const TermId sign = limit.negative ? minus : kEpsilon;
  const TermId near = s.then(sign, s.compared(limit, /*above=*/!inner, equal));
  if (!inner) return near;
  return s.either(s.either(near, zero), limit.negative ? positive : negative);
}

std::optional<TermId> multiple_of(Terms& terms, const Decimal& divisor) {
  if (divisor.zero() || divisor.negative) return std::nullopt;
  const std::string digits =
      (divisor.whole == "0" ? std::string() : divisor.whole) + divisor.fraction;
  const auto first = digits.find_first_not_of('0');
  if (digits.size() - first > 9) return std::nullopt;
  std::uint64_t modulus = std::stoull(digits.substr(first));
  const std::size_t places = divisor.fraction.size();
  // Tens are zeros at the end.
  std::uint32_t n_tens = 0;
  for (; places == 0 && modulus % 10 == 0; modulus /= 10) ++n_tens;
  if (modulus * (places + 2) > kRemaindersMax) return std::nullopt;

  // A state per remainder of what has been read, times 10^places / modulus, and per digits after
  // the point; one more layer for zeros after all of them. `power[i]` makes up for digits not
  // written.
  std::vector<std::uint64_t> power(places + 1, 1 % modulus);
  for (std::size_t i = 1; i <= places; ++i) power[i] = power[i - 1] * 10 % modulus;
  using engine::grammar::Automaton;
  Automaton automaton;
  automaton.states.resize(modulus * (places + 2));
  const auto state = [&](std::size_t layer, std::uint64_t remainder) {
    return static_cast<std::uint32_t>(layer * modulus + remainder);
  };
  for (std::uint64_t r = 0; r < modulus; ++r) {
    for (std::size_t layer = 0; layer <= places + 1; ++layer) {
      auto& node = automaton.states[state(layer, r)];
      const std::size_t n_after = layer == 0 ? 0 : layer - 1;
      node.accepting = r * power[places - n_after] % modulus == 0;
      if (layer == 0 && n_tens == 0 && (places > 0 || r == 0))
        node.edges.push_back({'.', '.', state(1, r)});
      if (layer == places + 1) {
        if (r == 0) node.edges.push_back({'0', '0', state(layer, r)});
        continue;
      }
      for (std::uint8_t d = 0; d < 10; ++d) {
        const auto c = static_cast<std::uint8_t>('0' + d);
        node.edges.push_back({c, c, state(layer == 0 ? 0 : layer + 1, (r * 10 + d) % modulus)});
      }
    }
  }
  Spelling s(terms);
  TermId multiple = terms.automaton(std::move(automaton));
  if (n_tens > 0) {
    const TermId tens = s.then(multiple, terms.repeat(s.text("0"), n_tens, n_tens));
    const TermId point = s.then(s.text("."), s.text("0"), s.zeros());
    multiple = s.then(s.either(s.text("0"), tens), s.maybe(point));
  }
  return s.then(s.maybe(s.text("-")), multiple);
}

}  // namespace inference::grammar
