// Weight matrices as the engine multiplies by them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/error.h"
#include "compute/dtype.h"
#include "compute/packed_matrix.h"
#include "compute/threads.h"

namespace compute {

// Where a matrix lies in a file: `n_out` rows of `n_in` elements, one after the other.
struct WeightSource {
  DType dtype = DType::F32;
  std::size_t n_out = 0;
  std::size_t n_in = 0;
  std::span<const std::byte> bytes;  // n_out rows of row_bytes(dtype, n_in), usually mapped memory
  bool lookup_only = false;          // only row() will be called: an embedding table of its own
};

// One matrix [n_out, n_in] of any weight type. It borrows the bytes it was loaded from, which must
// outlive it, and owns a repacked copy for the kernels; after loading, the borrowed bytes are
// touched only by row(). Immutable once loaded: any number of threads may read it.
class Weight {
 public:
  Weight() = default;  // no matrix: an optional tensor that the file does not have

  // Fails on a type that is no weight type, a row length that its blocks do not divide, or a wrong
  // number of bytes.
  static Result<Weight> load(const WeightSource& source, Pool& pool);

  bool empty() const { return source_.n_out == 0; }
  DType dtype() const { return source_.dtype; }
  std::size_t n_out() const { return source_.n_out; }
  std::size_t n_in() const { return source_.n_in; }

  // Row `index` as f32, exactly as the format defines it. out: [n_in].
  void row(std::size_t index, std::span<float> out) const;

  std::size_t borrowed_bytes() const { return source_.bytes.size(); }
  std::size_t owned_bytes() const { return packed_.size_bytes(); }

  // What the kernels read. Not for a matrix that was loaded with lookup_only.
  const PackedMatrix& packed() const;

 private:
  WeightSource source_;
  PackedMatrix packed_;
};

// The stacked matrices [n_experts, n_out, n_in] of a mixture of experts.
class ExpertWeights {
 public:
  ExpertWeights() = default;

  // `source` describes one expert, but its bytes are those of all, one after the other.
  static Result<ExpertWeights> load(const WeightSource& source, std::size_t n_experts, Pool& pool);

  bool empty() const { return experts_.empty(); }
  std::size_t count() const { return experts_.size(); }
  const Weight& expert(std::size_t index) const { return experts_[index]; }

  std::size_t borrowed_bytes() const;
  std::size_t owned_bytes() const;

 private:
  std::vector<Weight> experts_;
};

}  // namespace compute
