#include "engine/grammar/runner.h"

#include <algorithm>

namespace engine::grammar {
namespace {

constexpr std::size_t kCursorsMax = 128;    // of an ambiguous grammar; more are dropped
constexpr std::size_t kReachedMax = 4'000;  // places looked at in one step
constexpr std::size_t kReachedFew = 32;     // that are faster to compare one by one
constexpr std::uint16_t kCallDepthMax = 2'000;

}  // namespace

void Runner::begin(RuleId start, std::vector<Cursor>& out) {
  begin_step(out.size());
  reach(rules_.start(start), 0, out);
}

void Runner::add(const Cursor& cursor, std::vector<Cursor>& out) {
  if (out.size() - floor_ >= kCursorsMax) return;
  if (std::find(out.begin() + static_cast<std::ptrdiff_t>(floor_), out.end(), cursor) ==
      out.end()) {
    out.push_back(cursor);
  }
}

FrameId Runner::call(FrameId parent, PlaceId to) {
  // A call in last position needs no frame of its own.
  if (parent != 0 && rules_.is_end(to) && rules_.edges(to).empty()) return parent;
  const std::uint64_t key = std::uint64_t{parent} << 32 | to;
  if (calls_.size() < kReachedFew) {
    for (const auto& [known, frame] : calls_) {
      if (known == key) return frame;
    }
  } else {
    if (calls_index_.empty()) calls_index_.insert(calls_.begin(), calls_.end());
    if (const auto known = calls_index_.find(key); known != calls_index_.end()) {
      return known->second;
    }
  }
  Frame frame{.parent = parent, .kind = FrameKind::Call};
  frame.shape = to;
  frame.depth = static_cast<std::uint16_t>(parent == 0 ? 1 : arena_.at(parent).depth + 1);
  const FrameId id = arena_.push(frame);
  calls_.emplace_back(key, id);
  if (!calls_index_.empty()) calls_index_.emplace(key, id);
  return id;
}

void Runner::begin_step(std::size_t floor) {
  floor_ = floor;
  reached_.clear();
  if (!reached_index_.empty()) reached_index_.clear();
  calls_.clear();
  if (!calls_index_.empty()) calls_index_.clear();
}

// Whether this step has not been there yet.
bool Runner::reach_first(std::uint64_t place_and_frame) {
  if (reached_.size() < kReachedFew) {
    if (std::ranges::find(reached_, place_and_frame) != reached_.end()) return false;
    reached_.push_back(place_and_frame);
    return true;
  }
  if (reached_index_.empty()) reached_index_.insert(reached_.begin(), reached_.end());
  if (!reached_index_.insert(place_and_frame).second) return false;
  reached_.push_back(place_and_frame);
  return true;
}

void Runner::reach(PlaceId place, FrameId frame, std::vector<Cursor>& out) {
  if (frame != 0 && arena_.at(frame).depth > kCallDepthMax) return;
  if (reached_.size() >= kReachedMax) return;
  ++work_;
  if (!reach_first(std::uint64_t{place} << 32 | frame)) return;
  if (rules_.is_end(place)) {
    if (frame == 0) {
      add({.mode = Mode::Ended}, out);
    } else {
      const Frame caller = arena_.at(frame);
      reach(caller.shape, caller.parent, out);
    }
  }
  for (const Rules::Edge& edge : rules_.edges(place)) {
    switch (edge.read) {
      case Rules::Read::Nothing: reach(edge.to, frame, out); break;
      case Rules::Read::Rule: reach(rules_.start(edge.what), call(frame, edge.to), out); break;
      case Rules::Read::Token:
        add({.frame = frame, .mode = Mode::Token, .state = edge.what, .lo = edge.to}, out);
        break;
      case Rules::Read::Value: {
        Cursor cursor{.frame = call(frame, edge.to), .mode = Mode::Value};
        cursor.machine = tables_.shapes.goal(edge.what);
        add(cursor, out);
        break;
      }
      case Rules::Read::Text: {
        const LanguageId language =
            tables_.languages.language({.required = edge.what, .watched = {}});
        const StateId start = tables_.languages.start(language);
        if (start == kDead) break;
        if (tables_.languages.accepting(language, start)) reach(edge.to, frame, out);
        Cursor cursor{.frame = frame, .mode = Mode::Scan};
        cursor.machine = language;
        cursor.state = start;
        cursor.lo = edge.to;
        add(cursor, out);
        break;
      }
    }
  }
}

// Adds a cursor that has moved, and what may follow if its value or terminal is over.
void Runner::settle(const Cursor& cursor, std::vector<Cursor>& out) {
  if (cursor.mode != Mode::Ended) add(cursor, out);
  follow(cursor, out);
}

void Runner::follow(Cursor cursor, std::vector<Cursor>& out) {
  switch (cursor.mode) {
    case Mode::Scan:
      if (tables_.languages.accepting(cursor.machine, cursor.state)) {
        reach(cursor.lo, cursor.frame, out);
      }
      return;
    case Mode::Number:
      if (arena_.at(cursor.frame).kind != FrameKind::Call || !machine_.end_number(cursor)) return;
      [[fallthrough]];
    case Mode::Ended: {
      if (cursor.frame == 0) return;
      const Frame caller = arena_.at(cursor.frame);
      reach(caller.shape, caller.parent, out);
      return;
    }
    default: return;
  }
}

bool Runner::step(std::vector<Cursor>& cursors, std::size_t first, std::size_t last,
                  std::uint8_t byte) {
  floor_ = cursors.size();
  // One value, somewhere inside it: the common case needs none of the bookkeeping below.
  if (last - first == 1 && cursors[first].mode < Mode::Ended) {
    Cursor cursor = cursors[first];
    if (!machine_.step(cursor, byte)) return false;
    if (cursor.mode != Mode::Ended && cursor.mode != Mode::Number) {
      cursors.push_back(cursor);
      return true;
    }
    begin_step(floor_);
    settle(cursor, cursors);
    return cursors.size() > floor_;
  }
  begin_step(floor_);
  work_ += last - first;
  for (std::size_t i = first; i < last; ++i) {
    Cursor cursor = cursors[i];
    if (cursor.mode == Mode::Scan) {
      cursor.state = tables_.languages.step(cursor.machine, cursor.state, byte);
      if (cursor.state != kDead) settle(cursor, cursors);
    } else if (cursor.mode < Mode::Ended && machine_.step(cursor, byte)) {
      settle(cursor, cursors);
    }
  }
  return cursors.size() > floor_;
}

bool Runner::reads_after(const Cursor& scan) {
  std::vector<Cursor> after;
  begin_step(0);
  reach(scan.lo, scan.frame, after);
  return std::ranges::any_of(after, [](const Cursor& cursor) {
    return cursor.mode != Mode::Ended && cursor.mode != Mode::Token;
  });
}

bool Runner::step_token(std::vector<Cursor>& cursors, std::size_t first, std::size_t last,
                        std::uint32_t token) {
  begin_step(cursors.size());
  for (std::size_t i = first; i < last; ++i) {
    const Cursor cursor = cursors[i];
    if (cursor.mode == Mode::Token && cursor.state == token)
      reach(cursor.lo, cursor.frame, cursors);
  }
  return cursors.size() > floor_;
}

}  // namespace engine::grammar
