// What the parts of an index share: places of chunks, ranges of them, and the best of many scores.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace vector {

// A chunk by its place in an index, from 0.
using Place = std::uint32_t;

// From `begin` to before `end`. Those that a search may return rise and do not overlap.
struct Range {
  Place begin = 0;
  Place end = 0;
};
using Ranges = std::span<const Range>;

struct Match {
  Place place = 0;
  float score = 0;
};

// The best of what was seen so far; of equal scores the earlier place.
class Best {
 public:
  explicit Best(std::size_t limit) : limit_(limit) {}

  // Places that rise need only be added with a score above this.
  float least() const {
    return heap_.size() < limit_ ? -std::numeric_limits<float>::infinity() : heap_.front().score;
  }
  void add(Match match) {
    if (heap_.size() == limit_) {
      if (limit_ == 0 || !is_better(match, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), is_better);
      heap_.pop_back();
    }
    heap_.push_back(match);
    std::push_heap(heap_.begin(), heap_.end(), is_better);
  }
  std::span<const Match> in_no_order() const { return heap_; }
  std::vector<Match> in_order() && {
    std::sort_heap(heap_.begin(), heap_.end(), is_better);
    return std::move(heap_);
  }

 private:
  static bool is_better(const Match& a, const Match& b) {
    return a.score != b.score ? a.score > b.score : a.place < b.place;
  }
  const std::size_t limit_;
  std::vector<Match> heap_;  // the worst in front
};

}  // namespace vector
