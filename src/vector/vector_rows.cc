#include "vector/vector_rows.h"

#include <bit>
#include <cmath>

#include "vector/rough.h"
#include "vector/turn.h"

namespace vector {
namespace {

constexpr std::size_t kSegmentRows = 32'768;  // 2 MiB of codes at 256 dimensions
constexpr std::size_t kCentreRows = 4'096;    // of which the mean is taken
static_assert(kSegmentRows % kRoughBlock == 0 && kCentreRows <= kSegmentRows);
constexpr float kNumberMax = 127;

// How many are compared exactly. Of a million texts by the built-in model, the ten nearest are
// among the likeliest 200 in 99.9 of 100 cases.
constexpr std::size_t kLikelyMin = 200, kLikelyPerResult = 4;

// Four sums, each in a fixed order: the same on every machine.
float product(std::span<const float> query, const std::int8_t* row) {
  float sums[4] = {};
  for (std::size_t i = 0; i < query.size(); ++i) sums[i % 4] += query[i] * row[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

void VectorRows::add(std::span<const Place> places, std::span<const float> vectors) {
  std::vector<float> turned(dimensions_);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::size_t row = size() % kSegmentRows;
    if (row == 0) segments_.emplace_back();
    auto& segment = segments_.back();
    std::ranges::copy(vectors.subspan(i * dimensions_, dimensions_), turned.begin());
    turn(turned);
    float highest = 0;
    for (const float x : turned) highest = std::max(highest, std::abs(x));
    const float scale = highest > 0 ? highest / kNumberMax : 1;
    for (const float x : turned)
      segment.numbers.push_back(static_cast<std::int8_t>(std::lround(x / scale)));
    segment.scales.push_back(scale);
    if (row % kRoughBlock == 0) {
      segment.codes.resize(segment.codes.size() + rough_block_bytes(dimensions_));
      segment.factors.resize(segment.factors.size() + kRoughBlock);
      segment.offsets.resize(segment.factors.size());
    }
    write_code(segment, row);
    places_.push_back(places[i]);
    if (size() == kCentreRows) find_centre();
  }
}

std::vector<float> VectorRows::row_of(const Segment& segment, std::size_t row) const {
  std::vector<float> out(dimensions_);
  for (std::size_t i = 0; i < dimensions_; ++i)
    out[i] = segment.numbers[row * dimensions_ + i] * segment.scales[row];
  return out;
}

void VectorRows::write_code(Segment& segment, std::size_t row) const {
  const std::size_t bytes = rough_block_bytes(dimensions_);
  const auto [factor, offset] =
      write_rough(row_of(segment, row), centre_, {&segment.codes[row / kRoughBlock * bytes], bytes},
                  row % kRoughBlock);
  segment.factors[row] = factor;
  segment.offsets[row] = offset;
}

// What all vectors of a model share says nothing about which are near: the codes are of the rest.
void VectorRows::find_centre() {
  auto& segment = segments_.front();
  for (std::size_t row = 0; row < kCentreRows; ++row) {
    const auto vector = row_of(segment, row);
    for (std::size_t i = 0; i < dimensions_; ++i) centre_[i] += vector[i] / kCentreRows;
  }
  for (std::size_t row = 0; row < kCentreRows; ++row) write_code(segment, row);
}

std::vector<Match> VectorRows::find(std::span<const float> query, std::size_t limit,
                                    Ranges allowed) const {
  std::vector<float> turned(query.begin(), query.end());
  turn(turned);
  const RoughQuery rough(turned, centre_);
  Best likely(std::max(kLikelyMin, kLikelyPerResult * limit));
  const auto row_at = [&](Place place) {
    return static_cast<std::size_t>(std::ranges::lower_bound(places_, place) - places_.begin());
  };
  for (const auto& range : allowed)
    find_likely(rough, row_at(range.begin), row_at(range.end), likely);
  Best best(limit);
  for (const auto& match : likely.in_no_order()) {
    const auto& segment = segments_[match.place / kSegmentRows];
    const std::size_t row = match.place % kSegmentRows;
    best.add({places_[match.place],
              product(turned, &segment.numbers[row * dimensions_]) * segment.scales[row]});
  }
  return std::move(best).in_order();
}

// Rows from `begin` to before `end`. Of the first and the last block, some may be outside.
void VectorRows::find_likely(const RoughQuery& query, std::size_t begin, std::size_t end,
                             Best& likely) const {
  static const RoughScorer score = rough_scorers().front();
  const std::size_t bytes = rough_block_bytes(dimensions_);
  float scores[kRoughBlock];
  for (std::size_t block = begin / kRoughBlock; block * kRoughBlock < end; ++block) {
    const auto& segment = segments_[block * kRoughBlock / kSegmentRows];
    const std::size_t in_segment = block % (kSegmentRows / kRoughBlock);
    const RoughBlock codes{.codes = &segment.codes[in_segment * bytes],
                           .factors = &segment.factors[in_segment * kRoughBlock],
                           .offsets = &segment.offsets[in_segment * kRoughBlock]};
    unsigned above = score(query, codes, likely.least(), scores);
    for (; above != 0; above &= above - 1) {
      const auto lane = static_cast<std::size_t>(std::countr_zero(above));
      const std::size_t row = block * kRoughBlock + lane;
      if (row >= begin && row < end) likely.add({static_cast<Place>(row), scores[lane]});
    }
  }
}

std::size_t VectorRows::bytes() const {
  return size() * (dimensions_ + sizeof(Place) + 3 * sizeof(float)) +
         size() / kRoughBlock * rough_block_bytes(dimensions_);
}

void VectorRows::save(SnapshotWriter& out) const {
  out.numbers(centre_);
  out.numbers(places_);
  for (const auto& segment : segments_) {
    out.numbers(segment.numbers);
    out.numbers(segment.scales);
    out.numbers(segment.codes);
    out.numbers(segment.factors);
    out.numbers(segment.offsets);
  }
}

Status VectorRows::load(SnapshotReader& in) {
  in.numbers(centre_);
  in.numbers(places_);
  segments_.resize((size() + kSegmentRows - 1) / kSegmentRows);
  for (auto& segment : segments_) {
    in.numbers(segment.numbers);
    in.numbers(segment.scales);
    in.numbers(segment.codes);
    in.numbers(segment.factors);
    in.numbers(segment.offsets);
  }
  if (!holds_together()) return in.damaged();
  return in.status();
}

bool VectorRows::holds_together() const {
  std::size_t left = size();
  for (const auto& segment : segments_) {
    const std::size_t rows = std::min(left, kSegmentRows);
    const std::size_t blocks = (rows + kRoughBlock - 1) / kRoughBlock;
    if (segment.numbers.size() != rows * dimensions_ || segment.scales.size() != rows ||
        segment.codes.size() != blocks * rough_block_bytes(dimensions_) ||
        segment.factors.size() != blocks * kRoughBlock ||
        segment.offsets.size() != blocks * kRoughBlock)
      return false;
    left -= rows;
  }
  return centre_.size() == dimensions_;
}

}  // namespace vector
