#include "engine/grammar/position.h"

#include <algorithm>

#include "engine/grammar/hash.h"

namespace engine::grammar {
namespace {

// The first count from which on counting further changes nothing.
std::uint32_t cap(std::uint32_t count_min, std::uint32_t count_max) {
  return count_max == kUnbounded ? count_min : std::max(count_min, count_max + 1);
}

std::uint64_t digests_of(const Arena& arena, std::uint32_t list) {
  std::uint64_t sum = 0;  // the order in which they came does not matter
  for (; list != 0; list = arena.linked_next(list)) sum += mix(1, arena.linked_digest(list));
  return sum;
}

class Digest {
 public:
  explicit Digest(Runner& runner) : shapes_(runner.machine().shapes()), arena_(runner.arena()) {
    languages_ = &runner.machine().languages();
  }

  std::uint64_t of(FrameId id, bool is_top) {
    std::uint64_t digest = 0;
    for (; id != 0; id = arena_.at(id).parent, is_top = false) digest = add(digest, id, is_top);
    return digest;
  }

 private:
  std::uint64_t add(std::uint64_t digest, FrameId id, bool is_top) {
    const Frame& frame = arena_.at(id);
    digest = mix(mix(digest, static_cast<std::uint64_t>(frame.kind)), frame.shape);
    if (frame.kind == FrameKind::Call) return digest;
    if (!is_top) digest = mix(digest, frame.child);
    const Shape& shape = shapes_.shape(frame.shape);
    if (frame.digesting || shape.unique) digest = mix(digest, frame.digest);
    return frame.kind == FrameKind::Record ? add_record(digest, id, shape)
                                           : add_list(digest, id, shape);
  }

  std::uint64_t add_record(std::uint64_t digest, FrameId id, const Shape& shape) {
    const Frame& frame = arena_.at(id);
    std::uint32_t count = 0;
    for (const std::uint32_t rule : shape.open) {
      const RecordRule& record = shapes_.record_rule(frame.shape, rule);
      count = std::max(count, cap(record.count_min, record.count_max));
    }
    digest = mix(digest, std::min(count, frame.count));
    for (std::size_t i = 0; i < frame.n_words; ++i) digest = mix(digest, arena_.words(id)[i]);
    const bool any_key =
        shape.extras_start != kDead && languages_->universal(shape.extras, shape.extras_start);
    return any_key ? digest : mix(digest, digests_of(arena_, frame.digests));
  }

  std::uint64_t add_list(std::uint64_t digest, FrameId id, const Shape& shape) {
    const Frame& frame = arena_.at(id);
    auto count = static_cast<std::uint32_t>(shapes_.table(frame.shape).prefix_max);
    for (const std::uint32_t rule : shape.open) {
      const ListRule& list = shapes_.list_rule(frame.shape, rule);
      count = std::max(count, cap(list.count_min, list.count_max));
      if (!list.counts()) continue;
      const auto n = static_cast<std::uint32_t>(arena_.words(id)[rule >> 1] >> (rule & 1 ? 32 : 0));
      digest = mix(digest, std::min(n, cap(list.contains_min, list.contains_max)));
    }
    digest = mix(digest, std::min(count, frame.count));
    return shape.unique ? mix(digest, digests_of(arena_, frame.digests)) : digest;
  }

  Shapes& shapes_;
  const Arena& arena_;
  Languages* languages_;
};

}  // namespace

std::optional<std::uint64_t> position_digest(Runner& runner, const std::vector<Cursor>& cursors) {
  if (cursors.size() != 1) return std::nullopt;
  Cursor cursor = cursors[0];
  // A number that may be over, which does not show it: searches write them whole.
  if (cursor.mode == Mode::Number && !runner.machine().end_number(cursor)) return std::nullopt;
  if (cursor.mode != Mode::Separator) return std::nullopt;
  return Digest(runner).of(cursor.frame, /*is_top=*/true);
}

}  // namespace engine::grammar
