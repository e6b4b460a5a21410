#include "vector/vector_lists.h"

#include <faiss/Clustering.h>
#include <faiss/IndexFlat.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "vector/dot.h"

// <omp.h> is not there for every compiler.
extern "C" void omp_set_num_threads(int threads);

namespace vector {
namespace {

using Id = faiss::Index::idx_t;

constexpr std::size_t kSamplesPerList = 40;  // FAISS warns below 39
constexpr std::size_t kListsMin = 16, kListsMax = 8'192;
constexpr int kTrainingRounds = 6;
constexpr float kCodeMax = 127;

std::size_t lists_for(std::size_t vectors) {
  const auto lists = static_cast<std::size_t>(2.0 * std::sqrt(static_cast<double>(vectors)));
  return std::clamp(lists, kListsMin, kListsMax);
}

// Of this thread: searches run side by side already, and adding leaves the other cores to them.
void use_one_core() {
  omp_set_num_threads(1);
}

// The best of what was seen so far.
class Best {
 public:
  explicit Best(std::size_t limit) : limit_(limit) {}

  bool takes(float score) const { return heap_.size() < limit_ || score > heap_.front().score; }
  void add(Match match) {
    if (heap_.size() == limit_) {
      std::pop_heap(heap_.begin(), heap_.end(), is_better);
      heap_.pop_back();
    }
    heap_.push_back(match);
    std::push_heap(heap_.begin(), heap_.end(), is_better);
  }
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

}  // namespace

std::size_t VectorLists::samples_for(std::size_t vectors) {
  return lists_for(vectors) * kSamplesPerList;
}

bool VectorLists::train(std::span<const float> sample, std::size_t vectors) {
  use_one_core();
  const std::size_t lists = lists_for(vectors), n = sample.size() / dimensions_;
  if (n < lists) return false;
  faiss::ClusteringParameters parameters;
  parameters.niter = kTrainingRounds;
  parameters.spherical = true;
  parameters.seed = 1;
  faiss::Clustering clustering(static_cast<int>(dimensions_), static_cast<int>(lists), parameters);
  faiss::IndexFlatIP nearest(static_cast<Id>(dimensions_));
  clustering.train(static_cast<Id>(n), sample.data(), nearest);
  centres_ = std::move(clustering.centroids);
  lists_.assign(lists, {});
  trained_for_ = vectors;
  return true;
}

std::vector<std::size_t> VectorLists::assign(std::span<const float> vectors, std::size_t n) const {
  std::vector<std::size_t> out(n);
  if (centres_.empty()) return out;
  use_one_core();
  faiss::IndexFlatIP nearest(static_cast<Id>(dimensions_));
  nearest.add(static_cast<Id>(lists_.size()), centres_.data());
  std::vector<float> similarities(n);
  std::vector<Id> found(n);
  nearest.search(static_cast<Id>(n), vectors.data(), 1, similarities.data(), found.data());
  std::ranges::transform(found, out.begin(),
                         [](Id id) { return static_cast<std::size_t>(std::max<Id>(id, 0)); });
  return out;
}

VectorLists::Coded VectorLists::coded(std::span<const float> vectors) const {
  const std::size_t n = vectors.size() / dimensions_;
  Coded out{.lists = assign(vectors, n), .codes = {}, .scales = {}};
  out.codes.reserve(n * dimensions_);
  for (std::size_t i = 0; i < n; ++i) {
    const auto vector = vectors.subspan(i * dimensions_, dimensions_);
    float highest = 0;
    for (const float x : vector) highest = std::max(highest, std::abs(x));
    const float scale = highest > 0 ? highest / kCodeMax : 1;
    out.scales.push_back(scale);
    for (const float x : vector)
      out.codes.push_back(static_cast<std::int8_t>(std::lround(x / scale)));
  }
  return out;
}

void VectorLists::add(std::span<const Place> places, const Coded& coded) {
  const std::span codes(coded.codes);
  for (std::size_t i = 0; i < places.size(); ++i) {
    auto& list = lists_[coded.lists[i]];
    const auto row = codes.subspan(i * dimensions_, dimensions_);
    list.places.push_back(places[i]);
    list.scales.push_back(coded.scales[i]);
    list.codes.insert(list.codes.end(), row.begin(), row.end());
  }
  size_ += places.size();
}

// The lists to look into, the nearest first.
std::vector<std::size_t> VectorLists::probes(std::span<const float> query,
                                             double allowed_share) const {
  if (centres_.empty()) return {0};
  std::vector<float> similarities(lists_.size());
  dot_rows(query, centres_.data(), similarities);
  const double share = options_.probed_share / std::max(allowed_share, options_.probed_share);
  const auto wanted =
      static_cast<std::size_t>(std::ceil(static_cast<double>(lists_.size()) * share));
  const std::size_t n =
      std::clamp(wanted, std::min(lists_.size(), options_.probes_min), lists_.size());
  std::vector<std::size_t> order(lists_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(n), std::greater<>(),
                            [&](std::size_t i) { return similarities[i]; });
  order.resize(n);
  return order;
}

std::vector<Match> VectorLists::find(std::span<const float> query, std::size_t limit,
                                     const IsAllowed* is_allowed, double allowed_share) const {
  if (limit == 0) return {};
  Best best(limit);
  std::vector<float> scores;
  for (const std::size_t probe : probes(query, allowed_share)) {
    const auto& list = lists_[probe];
    scores.resize(list.places.size());
    dot_rows(query, list.codes.data(), scores);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const float score = scores[i] * list.scales[i];
      if (best.takes(score) && (!is_allowed || (*is_allowed)(list.places[i])))
        best.add({list.places[i], score});
    }
  }
  return std::move(best).in_order();
}

std::size_t VectorLists::bytes() const {
  return size_ * (dimensions_ + sizeof(Place) + sizeof(float)) + centres_.size() * sizeof(float);
}

void VectorLists::save(SnapshotWriter& out) const {
  out.number(std::uint64_t{trained_for_});
  out.numbers(centres_);
  out.number(std::uint64_t{lists_.size()});
  for (const auto& list : lists_) {
    out.numbers(list.places);
    out.numbers(list.codes);
    out.numbers(list.scales);
  }
}

Status VectorLists::load(SnapshotReader& in) {
  std::uint64_t trained_for = 0, n_lists = 0;
  in.number(trained_for);
  in.numbers(centres_);
  in.number(n_lists);
  if (!in.ok() || n_lists == 0 || n_lists > kListsMax ||
      centres_.size() != (trained_for > 0 ? n_lists * dimensions_ : 0))
    return in.damaged();
  trained_for_ = trained_for;
  lists_.assign(n_lists, {});
  for (auto& list : lists_) {
    in.numbers(list.places);
    in.numbers(list.codes);
    in.numbers(list.scales);
    if (list.scales.size() != list.places.size() ||
        list.codes.size() != list.places.size() * dimensions_)
      return in.damaged();
    size_ += list.places.size();
  }
  return in.status();
}

}  // namespace vector
