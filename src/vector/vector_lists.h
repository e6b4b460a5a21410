// The vectors of a store in memory, for finding the nearest: all compared while they are few, in
// lists around centres (an inverted file; FAISS finds the centres) once there are many. Each number
// is kept as one byte, which moves a cosine by less than a thousandth. Knows places, no rows.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "vector/snapshot.h"
#include "vector/word_lists.h"

namespace vector {

// Owned by Index, under its lock: searching from many threads, adding from one. FAISS's exceptions
// come out of `train` and `coded`.
class VectorLists {
 public:
  // How many of the lists are looked into: the recall that benchmarks state.
  struct Options {
    double probed_share = 0.2;
    std::size_t probes_min = 24;
  };
  VectorLists(std::size_t dimensions, Options options)
      : dimensions_(dimensions), options_(options) {}

  // What `train` needs for lists for so many vectors.
  static std::size_t samples_for(std::size_t vectors);
  // Makes lists for so many vectors from a sample of them, [n, dimensions]. Before the first `add`.
  // False, and nothing is done, where the sample is too small.
  bool train(std::span<const float> sample, std::size_t vectors);
  // How many the lists were made for; 0 while there is one of all.
  std::size_t trained_for() const { return trained_for_; }

  // Vectors as the lists keep them.
  struct Coded {
    std::vector<std::size_t> lists;  // [n]
    std::vector<std::int8_t> codes;  // [n, dimensions]
    std::vector<float> scales;       // of each row of the codes
  };
  // Of [n, dimensions], each of length 1. What takes time in adding; reads only what `train` made,
  // so it needs no lock against searches.
  Coded coded(std::span<const float> vectors) const;
  // Places rise.
  void add(std::span<const Place> places, const Coded& coded);

  // The nearest by cosine, best first. `allowed_share`: how many of all are allowed, about; the
  // fewer, the more lists are looked into. Null when all are.
  std::vector<Match> find(std::span<const float> query, std::size_t limit,
                          const IsAllowed* is_allowed, double allowed_share) const;

  std::size_t dimensions() const { return dimensions_; }
  std::size_t size() const { return size_; }
  std::size_t bytes() const;  // of memory, about

  void save(SnapshotWriter& out) const;
  Status load(SnapshotReader& in);

 private:
  struct List {
    std::vector<Place> places;
    std::vector<std::int8_t> codes;  // [places, dimensions]
    std::vector<float> scales;       // of each row of the codes
  };
  std::vector<std::size_t> assign(std::span<const float> vectors, std::size_t n) const;
  std::vector<std::size_t> probes(std::span<const float> query, double allowed_share) const;

  const std::size_t dimensions_;
  const Options options_;
  std::size_t trained_for_ = 0;
  std::size_t size_ = 0;
  std::vector<float> centres_;  // [lists, dimensions]; empty while there is one list
  std::vector<List> lists_{1};
};

}  // namespace vector
