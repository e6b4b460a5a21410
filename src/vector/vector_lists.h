// The vectors of a store in memory (FAISS), for finding the nearest: all compared while they are
// few, in lists around centres (IVF) once there are many. Knows places, no rows.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "vector/snapshot.h"
#include "vector/word_lists.h"

namespace faiss {
struct Index;
}  // namespace faiss

namespace vector {

// Owned by Index, under its lock: searching from many threads, adding from one. FAISS's exceptions
// come out of every function.
class VectorLists {
 public:
  // How many of the lists are looked into: the recall that benchmarks state.
  struct Options {
    double probed_share = 1.0 / 24;
    std::size_t probes_min = 24;
  };
  VectorLists(std::size_t dimensions, Options options);
  ~VectorLists();

  // What `train` needs for lists for so many vectors.
  static std::size_t samples_for(std::size_t vectors);
  // Makes lists for so many vectors from a sample of them, [n, dimensions]. Before the first `add`.
  // False, and nothing is done, where the sample is too small.
  bool train(std::span<const float> sample, std::size_t vectors);
  // How many the lists were made for; 0 while there are none.
  std::size_t trained_for() const { return trained_for_; }

  // [places, dimensions], of length 1. Places rise.
  void add(std::span<const Place> places, std::span<const float> vectors);

  // The nearest by cosine, best first. `allowed_share`: how many of all are allowed, about; the
  // fewer, the more lists are looked into. Null when all are.
  std::vector<Match> find(std::span<const float> query, std::size_t limit,
                          const IsAllowed* is_allowed, double allowed_share) const;

  std::size_t dimensions() const { return dimensions_; }
  std::size_t size() const { return places_.size(); }
  std::size_t bytes() const;  // of memory, about

  void save(SnapshotWriter& out) const;
  Status load(SnapshotReader& in);

 private:
  const std::size_t dimensions_;
  const Options options_;
  std::size_t trained_for_ = 0;
  std::vector<Place> places_;  // of each vector
  std::unique_ptr<faiss::Index> index_;
};

}  // namespace vector
