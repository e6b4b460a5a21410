// Lists: how many items, which of them match, and whether they differ.
#include <algorithm>

#include "engine/grammar/machine.h"

namespace engine::grammar {
namespace {

// Matches are counted in 32 bits per rule, two to a word.
std::uint32_t matches(const std::uint64_t* words, std::uint32_t rule) {
  return static_cast<std::uint32_t>(words[rule >> 1] >> (rule & 1 ? 32 : 0));
}

void count_match(std::uint64_t* words, std::uint32_t rule) {
  words[rule >> 1] += std::uint64_t{1} << (rule & 1 ? 32 : 0);
}

}  // namespace

bool Machine::begin_item(Cursor& cursor) {
  const Frame& frame = arena_.at(cursor.frame);
  ShapeId shape = frame.shape;
  const std::uint32_t count = frame.count;
  if (shapes_.shape(shape).count_bounded) {
    std::vector<Shapes::Known> overfull;
    for (const std::uint32_t rule : shapes_.shape(shape).open) {
      if (count >= shapes_.list_rule(shape, rule).count_max) overfull.push_back({rule, false});
    }
    if (!overfull.empty()) shape = shapes_.assume(shape, overfull);
    if (shape == kNone) return false;
  }
  const ChildId child = shapes_.item_child(shape, count);
  if (!shapes_.child(child).possible) return false;
  cursor.frame = arena_.clone(cursor.frame);
  Frame& changed = arena_.at(cursor.frame);
  changed.shape = shape;
  changed.child = child;
  ++changed.count;
  cursor.mode = Mode::Value;
  cursor.spaces = 0;
  cursor.machine = shapes_.child(child).goal;
  return true;
}

// The frame is a fresh copy that may be changed.
bool Machine::end_item(FrameId id, std::uint64_t digest) {
  const Child& child = shapes_.child(arena_.at(id).child);
  for (const auto& [rule, slot] : child.contains) {
    if (slot == kNone || verdicts_[slot]) count_match(arena_.words(id), rule);
  }
  const ShapeId shape = arena_.at(id).shape;
  std::vector<Shapes::Known> failed;
  const bool repeated = shapes_.shape(shape).unique && arena_.linked(arena_.at(id).digests, digest);
  for (const std::uint32_t rule : shapes_.shape(shape).open) {
    const ListRule& list = shapes_.list_rule(shape, rule);
    if ((list.unique && repeated) ||
        (list.counts() && matches(arena_.words(id), rule) > list.contains_max)) {
      failed.push_back({rule, false});
    }
  }
  if (!failed.empty()) {
    const ShapeId next = shapes_.assume(shape, failed);
    if (next == kNone) return false;
    arena_.at(id).shape = next;
  }
  if (shapes_.shape(shape).unique) {
    const std::uint32_t digests = arena_.link(digest, arena_.at(id).digests);
    arena_.at(id).digests = digests;
  }
  return true;
}

bool Machine::close_list(Cursor& cursor) {
  const Frame frame = arena_.at(cursor.frame);
  const Shape& shape = shapes_.shape(frame.shape);
  std::vector<bool> truth;
  for (const std::uint32_t rule : shape.open) {
    const ListRule& list = shapes_.list_rule(frame.shape, rule);
    bool holds = frame.count >= list.count_min && frame.count <= list.count_max;
    if (list.counts()) {
      const std::uint32_t n = matches(arena_.words(cursor.frame), rule);
      holds &= n >= list.contains_min && n <= list.contains_max;
    }
    truth.push_back(holds);
  }
  if (!shapes_.decide(frame.shape, truth, verdicts_)) return false;
  cursor.frame = frame.parent;
  return end_value(cursor, frame.digest);
}

}  // namespace engine::grammar
