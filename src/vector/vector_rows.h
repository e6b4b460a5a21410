// The vectors of a store in memory, for finding the nearest. Every one is compared, by two bits of
// each number (rough.h); the likeliest again by a byte of each, which moves a cosine by less than a
// thousandth. Knows places, no rows of the database.
#pragma once

#include <span>
#include <vector>

#include "vector/huge_pages.h"
#include "vector/places.h"
#include "vector/rough.h"
#include "vector/snapshot.h"

namespace vector {

// Owned by Index, under its lock: searching from many threads, adding from one.
class VectorRows {
 public:
  explicit VectorRows(std::size_t dimensions) : dimensions_(dimensions), centre_(dimensions) {}

  // [places, dimensions], of length 1. Places rise.
  void add(std::span<const Place> places, std::span<const float> vectors);

  // The nearest by cosine among the allowed places, best first. Time: proportional to these, a
  // quarter of a byte for each number.
  std::vector<Match> find(std::span<const float> query, std::size_t limit, Ranges allowed) const;

  std::size_t dimensions() const { return dimensions_; }
  std::size_t size() const { return places_.size(); }
  std::size_t bytes() const;  // of memory, about

  void save(SnapshotWriter& out) const;
  Status load(SnapshotReader& in);

 private:
  template <class T>
  using Array = std::vector<T, HugePages<T>>;
  // Its arrays never move once it is full: adding costs the same however many there are.
  struct Segment {
    Array<std::int8_t> numbers;  // [rows, dimensions], turned
    std::vector<float> scales;   // [rows]
    Array<std::uint8_t> codes;   // [blocks, rough_block_bytes] of what differs from centre_
    std::vector<float> factors;  // [blocks, kRoughBlock], as `offsets`
    std::vector<float> offsets;
  };
  std::vector<float> row_of(const Segment& segment, std::size_t row) const;
  void write_code(Segment& segment, std::size_t row) const;
  void find_centre();
  void find_likely(const RoughQuery& query, std::size_t begin, std::size_t end, Best& likely) const;
  bool holds_together() const;

  const std::size_t dimensions_;
  std::vector<float> centre_;  // the mean of the first rows, once there are enough; else 0
  std::vector<Place> places_;  // of each row
  std::vector<Segment> segments_;
};

}  // namespace vector
