#include "engine/grammar/machine.h"

#include <string_view>

#include "engine/grammar/hash.h"

namespace engine::grammar {
namespace {

constexpr std::uint16_t kDepthMax = 200;

std::string_view spelling(Kind kind) {
  return kind == Kind::Null ? "null" : kind == Kind::False ? "false" : "true";
}

bool is_space(std::uint8_t byte) {
  return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

}  // namespace

bool Machine::space(Cursor& cursor, std::uint8_t byte, std::uint8_t limit) const {
  if (spacing_.only_space && byte != ' ') return false;
  return cursor.spaces++ < limit;
}

bool Machine::step(Cursor& cursor, std::uint8_t byte) {
  switch (cursor.mode) {
    case Mode::Text:
    case Mode::InKey: return text(cursor, byte);
    case Mode::Number: return number(cursor, byte);
    case Mode::Literal: return literal(cursor, byte);
    case Mode::Value:
      if (is_space(byte)) {
        return cursor.frame != 0 && arena_.at(cursor.frame).kind != FrameKind::Call &&
               space(cursor, byte, spacing_.after_separator_max);
      }
      cursor.spaces = 0;
      return begin_value(cursor, byte);
    case Mode::KeyOrClose:
      if (is_space(byte)) return space(cursor, byte, spacing_.elsewhere_max);
      cursor.spaces = 0;
      if (byte == '}') return close_record(cursor);
      return byte == '"' && another_key(cursor.frame) && begin_key(cursor);
    case Mode::Key:
      if (is_space(byte)) return space(cursor, byte, spacing_.after_separator_max);
      cursor.spaces = 0;
      return byte == '"' && begin_key(cursor);
    case Mode::Colon:
      if (is_space(byte)) return space(cursor, byte, spacing_.elsewhere_max);
      if (byte != ':') return false;
      cursor.spaces = 0;
      cursor.mode = Mode::Value;
      cursor.machine = shapes_.child(arena_.at(cursor.frame).child).goal;
      return true;
    case Mode::ItemOrClose:
      if (is_space(byte)) return space(cursor, byte, spacing_.elsewhere_max);
      cursor.spaces = 0;
      if (byte == ']') return close_list(cursor);
      return begin_item(cursor) && begin_value(cursor, byte);
    case Mode::Separator:
      if (is_space(byte)) return space(cursor, byte, spacing_.elsewhere_max);
      cursor.spaces = 0;
      return after_value(cursor, byte);
    case Mode::Ended:
    case Mode::Scan:
    case Mode::Token: return false;
  }
  return false;
}

const ByteSet& Machine::candidates(const Cursor& cursor) {
  const auto with_spaces = [](std::string_view bytes) {
    ByteSet set;
    for (const char c : bytes) set.add(static_cast<std::uint8_t>(c));
    for (const char c : {' ', '\n', '\t', '\r'}) set.add(static_cast<std::uint8_t>(c));
    return set;
  };
  static const ByteSet any = ByteSet().inverted();
  static const ByteSet value = with_spaces("\"{[tfn-0123456789]");
  static const ByteSet number = with_spaces("0123456789.eE+-,]}");
  static const ByteSet key = with_spaces("\"}"), colon = with_spaces(":"),
                       after = with_spaces(",]}");
  switch (cursor.mode) {
    case Mode::Value:
    case Mode::ItemOrClose: return value;
    case Mode::Number: return number;
    case Mode::KeyOrClose:
    case Mode::Key: return key;
    case Mode::Colon: return colon;
    case Mode::Separator: return after;
    default: return any;
  }
}

bool Machine::begin_value(Cursor& cursor, std::uint8_t byte) {
  const GoalKinds& kinds = shapes_.kinds(cursor.machine);
  const auto may_be = [&](Kind kind) { return (kinds.possible & only(kind)) != 0; };
  switch (byte) {
    case '"':
      if (!may_be(Kind::Text)) return false;
      cursor.mode = Mode::Text;
      cursor.lex = Lex::Plain;
      cursor.machine = kinds.text;
      cursor.state = languages_.start(kinds.text);
      cursor.count = 0;
      cursor.digest = static_cast<std::uint64_t>(Kind::Text);
      return true;
    case '{': return may_be(Kind::Record) && open(cursor, FrameKind::Record, kinds.record);
    case '[': return may_be(Kind::List) && open(cursor, FrameKind::List, kinds.list);
    case 'n':
    case 'f':
    case 't': {
      const Kind kind = byte == 'n' ? Kind::Null : byte == 'f' ? Kind::False : Kind::True;
      if (!may_be(kind)) return false;
      cursor.mode = Mode::Literal;
      cursor.lo = static_cast<std::uint32_t>(kind);
      cursor.state = 1;
      return true;
    }
    default:
      if (!may_be(Kind::Number)) return false;
      cursor.mode = Mode::Number;
      cursor.machine = kinds.number;
      cursor.state = languages_.start(kinds.number);
      cursor.digest = static_cast<std::uint64_t>(Kind::Number);
      cursor.count = 0;
      cursor.depth = 0;
      return number(cursor, byte);
  }
}

bool Machine::open(Cursor& cursor, FrameKind kind, ShapeId shape) {
  Frame frame{.parent = cursor.frame, .kind = kind};
  frame.depth = 1;
  if (cursor.frame != 0) {
    const Frame& outer = arena_.at(cursor.frame);
    frame.digesting = outer.digesting;
    frame.depth = static_cast<std::uint16_t>(outer.depth + 1);
    if (outer.kind == FrameKind::List) frame.digesting |= shapes_.shape(outer.shape).unique;
  }
  if (frame.depth > kDepthMax) return false;
  frame.shape = shape;
  frame.n_words = static_cast<std::uint16_t>(shapes_.table(shape).n_words());
  frame.digest = static_cast<std::uint64_t>(kind) + 1000;
  cursor.frame = arena_.push(frame);
  cursor.mode = kind == FrameKind::Record ? Mode::KeyOrClose : Mode::ItemOrClose;
  return true;
}

bool Machine::literal(Cursor& cursor, std::uint8_t byte) {
  const Kind kind = static_cast<Kind>(cursor.lo);
  const std::string_view text = spelling(kind);
  if (static_cast<std::uint8_t>(text[cursor.state]) != byte) return false;
  if (++cursor.state < text.size()) return true;
  verdicts_ = shapes_.literal_verdicts(cursor.machine, kind);
  return end_value(cursor, static_cast<std::uint64_t>(kind));
}

// The digest of a number leaves out a fraction of zeros: `count` is what to do with a zero (1 after
// the point), `depth` how many zeros wait for a digit that makes them count, plus one for the
// point.
bool Machine::compared(const Cursor& cursor) const {
  if (cursor.frame == 0) return false;
  const Frame& frame = arena_.at(cursor.frame);
  return frame.kind != FrameKind::Call && (frame.digesting || shapes_.shape(frame.shape).unique);
}

bool Machine::number(Cursor& cursor, std::uint8_t byte) {
  // Where values are compared, each number has one digest: it is written without an exponent.
  if ((byte | 0x20) == 'e' && compared(cursor)) return false;
  const StateId next = languages_.step(cursor.machine, cursor.state, byte);
  if (next == kDead) {
    return languages_.accepting(cursor.machine, cursor.state) && end_number(cursor) &&
           cursor.mode != Mode::Ended && step(cursor, byte);
  }
  cursor.state = next;
  if (byte == '.') {
    cursor.count = 1;
    cursor.depth = 1;
  } else if (cursor.count == 1 && byte == '0') {
    ++cursor.depth;
  } else {
    for (; cursor.depth > 0; --cursor.depth) cursor.digest = mix(cursor.digest, '.');
    cursor.digest = mix(cursor.digest, byte);
  }
  return true;
}

bool Machine::end_number(Cursor& cursor) {
  if (cursor.mode != Mode::Number || !languages_.accepting(cursor.machine, cursor.state)) {
    return false;
  }
  verdicts_.clear();
  for (std::size_t i = 0; i < languages_.n_watched(cursor.machine); ++i) {
    verdicts_.push_back(languages_.watched(cursor.machine, cursor.state, i));
  }
  constexpr auto kNumber = static_cast<std::uint64_t>(Kind::Number);
  const bool is_minus_zero = cursor.digest == mix(mix(kNumber, '-'), '0');
  return end_value(cursor, is_minus_zero ? mix(kNumber, '0') : cursor.digest);
}

bool Machine::end_text(Cursor& cursor) {
  if (!languages_.accepting(cursor.machine, cursor.state) ||
      cursor.count < languages_.length_min(cursor.machine)) {
    return false;
  }
  verdicts_.clear();
  for (std::size_t i = 0; i < languages_.n_watched(cursor.machine); ++i) {
    verdicts_.push_back(languages_.watched(cursor.machine, cursor.state, i));
  }
  return end_value(cursor, cursor.digest);
}

bool Machine::leave_text(Cursor& cursor) {
  verdicts_.clear();
  return end_value(cursor, cursor.digest);
}

bool Machine::indifferent(const Cursor& cursor) const {
  if (languages_.n_watched(cursor.machine) > 0) return false;
  if (cursor.frame == 0) return true;
  const Frame& frame = arena_.at(cursor.frame);
  return frame.kind == FrameKind::Call || (!frame.digesting && !shapes_.shape(frame.shape).unique);
}

// The value that ends is the child of the cursor's frame; `verdicts_` are its goal's.
bool Machine::end_value(Cursor& cursor, std::uint64_t digest) {
  if (cursor.frame == 0 || arena_.at(cursor.frame).kind == FrameKind::Call) {
    cursor.mode = Mode::Ended;
    return true;
  }
  cursor.mode = Mode::Separator;
  cursor.spaces = 0;
  const Frame& frame = arena_.at(cursor.frame);
  const Child& child = shapes_.child(frame.child);
  const bool list = frame.kind == FrameKind::List;
  const Shape& shape = shapes_.shape(frame.shape);
  if (child.fates.empty() && child.contains.empty() && !frame.digesting && !shape.unique &&
      !shape.decidable) {
    return true;
  }
  cursor.frame = arena_.clone(cursor.frame);
  std::vector<Shapes::Known> failed;
  for (const auto& [rule, slot] : child.fates) {
    if (slot == kNone || !verdicts_[slot]) failed.push_back({rule, false});
  }
  if (!failed.empty()) {
    const ShapeId next = shapes_.assume(arena_.at(cursor.frame).shape, failed);
    if (next == kNone) return false;
    arena_.at(cursor.frame).shape = next;
  }
  if (list) {
    Frame& changed = arena_.at(cursor.frame);
    changed.digest = mix(changed.digest, digest);
    return end_item(cursor.frame, digest);
  }
  Frame& changed = arena_.at(cursor.frame);
  changed.digest += mix(changed.key_digest, digest);
  return settle(cursor.frame, false);
}

bool Machine::after_value(Cursor& cursor, std::uint8_t byte) {
  const bool record = arena_.at(cursor.frame).kind == FrameKind::Record;
  switch (byte) {
    case '}': return record && close_record(cursor);
    case ']': return !record && close_list(cursor);
    case ',':
      if (!record) return begin_item(cursor);
      cursor.mode = Mode::Key;
      return another_key(cursor.frame);
    default: return false;
  }
}

}  // namespace engine::grammar
