// Records: keys in any order, each once; what is required, counted and closed.
#include <algorithm>
#include <bit>

#include "engine/grammar/hash.h"
#include "engine/grammar/machine.h"

namespace engine::grammar {
namespace {

constexpr std::uint64_t kKeySeed = 0x6B6579;

bool bit(const std::uint64_t* words, std::uint32_t index) {
  return words[index >> 6] >> (index & 63) & 1;
}

}  // namespace

bool Machine::begin_key(Cursor& cursor) {
  const Shape& shape = shapes_.shape(arena_.at(cursor.frame).shape);
  cursor.mode = Mode::InKey;
  cursor.lex = Lex::Plain;
  cursor.lo = 0;
  cursor.hi = static_cast<std::uint32_t>(shapes_.table(arena_.at(cursor.frame).shape).keys.size());
  cursor.depth = 0;
  cursor.machine = shape.extras;
  cursor.state = room_for_key(cursor.frame, kNone) ? shape.extras_start : kDead;
  cursor.digest = kKeySeed;
  return true;
}

bool Machine::required_seen(FrameId frame, std::uint32_t rule) const {
  const std::uint64_t* seen = arena_.words(frame);
  return std::ranges::all_of(shapes_.table(arena_.at(frame).shape).required[rule],
                             [&](std::uint32_t key) { return bit(seen, key); });
}

// Whether one more key leaves room for those that are required and missing. `key` is kNone for one
// that is not declared.
bool Machine::room_for_key(FrameId id, std::uint32_t key) {
  const Frame& frame = arena_.at(id);
  const Shape& shape = shapes_.shape(frame.shape);
  if (!shape.count_bounded) return true;
  const std::uint64_t* seen = arena_.words(id);
  for (const std::uint32_t rule : shape.strict) {
    const std::uint32_t count_max = shapes_.record_rule(frame.shape, rule).count_max;
    if (count_max == kUnbounded) continue;
    std::uint64_t needed = std::uint64_t{frame.count} + 1;
    for (const std::uint32_t required : shapes_.table(frame.shape).required[rule]) {
      needed += !bit(seen, required) && required != key;
    }
    if (needed > count_max) return false;
  }
  return true;
}

// Where keys come in order: no later one is there yet, and no required one is left out before it.
bool Machine::in_order(FrameId id, std::uint32_t key) const {
  const ShapeId shape = arena_.at(id).shape;
  const std::uint32_t ordered = shapes_.shape(shape).ordered;
  if (ordered == kNone) return true;
  const RecordRule& rule = shapes_.record_rule(shape, ordered);
  const Table& table = shapes_.table(shape);
  // With one rule its keys are those of the table.
  if (rule.keys.size() != table.keys.size()) return true;
  if (!table.by_order.empty() && table.required[ordered].size() == rule.keys.size()) {
    const KeyRange turn = keys_in_turn(id, {key, key + 1});
    return turn.lo < turn.hi;
  }
  const std::uint64_t* seen = arena_.words(id);
  for (std::uint32_t other = 0; other < rule.keys.size(); ++other) {
    const bool before = rule.keys[other].order < rule.keys[key].order;
    if (before ? rule.keys[other].required && !bit(seen, other) : bit(seen, other)) return false;
  }
  return true;
}

KeyRange Machine::keys_in_turn(FrameId id, KeyRange keys) const {
  const ShapeId shape = arena_.at(id).shape;
  const std::uint32_t ordered = shapes_.shape(shape).ordered;
  if (ordered == kNone) return keys;
  const Table& table = shapes_.table(shape);
  if (table.by_order.empty() || table.required[ordered].size() != table.keys.size()) return keys;
  std::size_t n_seen = 0;
  const std::uint64_t* words = arena_.words(id);
  for (std::size_t word = 0; word < table.n_words(); ++word)
    n_seen += static_cast<std::size_t>(std::popcount(words[word]));
  if (n_seen == table.by_order.size()) return {keys.hi, keys.hi};
  const std::uint32_t next = table.by_order[n_seen];
  return {std::max(keys.lo, next), std::max(keys.lo, std::min(keys.hi, next + 1))};
}

bool Machine::key_open(FrameId frame, std::uint32_t key) {
  if (bit(arena_.words(frame), key) || !room_for_key(frame, key)) return false;
  if (!in_order(frame, key)) return false;
  const ShapeId shape = arena_.at(frame).shape;
  if (!shapes_.child(shapes_.key_child(shape, key)).possible) return false;
  if (!shapes_.shape(shape).decidable) return true;
  // The key itself may decide a rule the wrong way: try it on a copy.
  const std::size_t mark = arena_.mark();
  const FrameId with_key = arena_.clone(frame);
  ++arena_.at(with_key).count;
  arena_.words(with_key)[key >> 6] |= std::uint64_t{1} << (key & 63);
  const bool open = settle(with_key, true);
  arena_.release(mark);
  return open;
}

bool Machine::any_key_open(FrameId frame, std::uint32_t lo, std::uint32_t hi) {
  const KeyRange range = keys_in_turn(frame, {lo, hi});
  for (std::uint32_t key = range.lo; key < range.hi; ++key) {
    if (key_open(frame, key)) return true;
  }
  return false;
}

bool Machine::another_key(FrameId id) {
  const ShapeId shape = arena_.at(id).shape;
  if (shapes_.shape(shape).extras_start != kDead && room_for_key(id, kNone)) return true;
  return any_key_open(id, 0, static_cast<std::uint32_t>(shapes_.table(shape).keys.size()));
}

std::uint64_t Machine::key_digest(const Cursor& cursor, std::string_view content) const {
  std::uint64_t digest = cursor.digest;
  for (const char c : content) digest = mix(digest, static_cast<std::uint8_t>(c));
  return digest;
}

bool Machine::feed_key(Cursor& cursor, std::uint8_t decoded) {
  cursor.digest = mix(cursor.digest, decoded);
  if (cursor.state != kDead) {
    cursor.state = languages_.step(cursor.machine, cursor.state, decoded);
  }
  if (cursor.lo < cursor.hi) {
    const auto& keys = shapes_.table(arena_.at(cursor.frame).shape).keys;
    const auto byte_at = [&](std::string_view key) {
      return cursor.depth < key.size()
                 ? static_cast<int>(static_cast<std::uint8_t>(key[cursor.depth]))
                 : -1;
    };
    const auto first = keys.begin() + cursor.lo, last = keys.begin() + cursor.hi;
    const auto range =
        std::ranges::equal_range(first, last, static_cast<int>(decoded), {}, byte_at);
    cursor.lo = static_cast<std::uint32_t>(range.begin() - keys.begin());
    cursor.hi = static_cast<std::uint32_t>(range.end() - keys.begin());
    ++cursor.depth;
  }
  return cursor.state != kDead || any_key_open(cursor.frame, cursor.lo, cursor.hi);
}

bool Machine::end_key(Cursor& cursor) {
  const ShapeId shape = arena_.at(cursor.frame).shape;
  const auto& keys = shapes_.table(shape).keys;
  const bool declared = cursor.lo < cursor.hi && keys[cursor.lo].size() == cursor.depth;
  ChildId child = kNone;
  if (declared) {
    if (!key_open(cursor.frame, cursor.lo)) return false;
    child = shapes_.key_child(shape, cursor.lo);
  } else {
    if (cursor.state == kDead || !languages_.accepting(cursor.machine, cursor.state)) return false;
    if (arena_.linked(arena_.at(cursor.frame).digests, cursor.digest)) return false;
    Verdicts patterns;
    for (std::size_t i = 0; i < languages_.n_watched(cursor.machine); ++i) {
      patterns.push_back(languages_.watched(cursor.machine, cursor.state, i));
    }
    child = shapes_.extra_child(shape, patterns);
    if (!shapes_.child(child).possible) return false;
  }
  const std::uint32_t digests =
      declared ? 0 : arena_.link(cursor.digest, arena_.at(cursor.frame).digests);
  cursor.frame = arena_.clone(cursor.frame);
  Frame& frame = arena_.at(cursor.frame);
  ++frame.count;
  frame.child = child;
  frame.key_digest = cursor.digest;
  if (declared) {
    arena_.words(cursor.frame)[cursor.lo >> 6] |= std::uint64_t{1} << (cursor.lo & 63);
  } else {
    frame.digests = digests;
  }
  cursor.mode = Mode::Colon;
  cursor.spaces = 0;
  return !shapes_.shape(shape).decidable || settle(cursor.frame, true);
}

// Replaces the rules whose truth is now certain; false when the requirement cannot be met any more.
// At a key its value is still open, so only rules that ask nothing of values can be certain.
bool Machine::settle(FrameId id, bool at_key) {
  const ShapeId shape = arena_.at(id).shape;
  if (!shapes_.shape(shape).decidable) return true;
  const Table& table = shapes_.table(shape);
  const std::uint32_t count = arena_.at(id).count;
  const std::uint64_t* seen = arena_.words(id);
  std::vector<Shapes::Known> known;
  for (const std::uint32_t rule : shapes_.shape(shape).open) {
    const RecordRule& record = shapes_.record_rule(shape, rule);
    if (count > record.count_max) {
      known.push_back({rule, false});
      continue;
    }
    if (record.count_max != kUnbounded || record.additional != kAlways ||
        !record.patterns.empty() || record.names != kAnything || count < record.count_min) {
      continue;
    }
    const bool decided = std::ranges::all_of(record.keys, [&](const RecordRule::Key& key) {
      const bool free = !key.declared || key.value == kAlways;
      if (free && !key.required) return true;
      if (at_key && !free) return false;
      const auto at = std::ranges::lower_bound(table.keys, std::string_view(key.name));
      return bit(seen, static_cast<std::uint32_t>(at - table.keys.begin()));
    });
    if (decided) known.push_back({rule, true});
  }
  if (known.empty()) return true;
  const ShapeId next = shapes_.assume(shape, known);
  if (next == kNone) return false;
  // The child that is being written keeps its meaning: it is named by itself, not by the shape.
  arena_.at(id).shape = next;
  return true;
}

bool Machine::close_record(Cursor& cursor) {
  const Frame frame = arena_.at(cursor.frame);
  const Shape& shape = shapes_.shape(frame.shape);
  std::vector<bool> truth;
  for (const std::uint32_t rule : shape.open) {
    const RecordRule& record = shapes_.record_rule(frame.shape, rule);
    truth.push_back(frame.count >= record.count_min && frame.count <= record.count_max &&
                    required_seen(cursor.frame, rule));
  }
  if (!shapes_.decide(frame.shape, truth, verdicts_)) return false;
  cursor.frame = frame.parent;
  return end_value(cursor, frame.digest);
}

}  // namespace engine::grammar
