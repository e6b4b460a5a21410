#include "compute/weight.h"

#include <numeric>
#include <string>

#include "base/check.h"
#include "compute/quant/dequantize.h"

namespace compute {
namespace {

// The bytes of a matrix of this shape; an error when the shape does not hold together.
Result<std::size_t> matrix_bytes(const WeightSource& source) {
  if (!quant::can_dequantize(source.dtype)) {
    return fail(ErrorCode::Unsupported,
                "tensors of type " + std::string(name(source.dtype)) + " cannot be weights");
  }
  if (source.n_out == 0 || source.n_in == 0) {
    return fail(ErrorCode::CorruptData, "a weight matrix without elements");
  }
  const auto bytes = row_bytes(source.dtype, source.n_in);
  if (!bytes) return fail(bytes.error());
  std::size_t total = 0;
  if (__builtin_mul_overflow(*bytes, source.n_out, &total)) {
    return fail(ErrorCode::CorruptData, "a weight matrix larger than memory");
  }
  return total;
}

}  // namespace

Result<Weight> Weight::load(const WeightSource& source, Pool& pool) {
  const auto expected = matrix_bytes(source);
  if (!expected) return fail(expected.error());
  if (source.bytes.size() != *expected) {
    return fail(ErrorCode::CorruptData, "a weight matrix of " + std::to_string(*expected) +
                                            " bytes has " + std::to_string(source.bytes.size()));
  }
  Weight weight;
  weight.source_ = source;
  if (!source.lookup_only) {
    weight.packed_ =
        PackedMatrix::pack(source.dtype, source.n_out, source.n_in, source.bytes, pool);
  }
  return weight;
}

const PackedMatrix& Weight::packed() const {
  CHECK(packed_.size_bytes() != 0);
  return packed_;
}

void Weight::row(std::size_t index, std::span<float> out) const {
  CHECK(index < n_out() && out.size() == n_in());
  const std::size_t bytes = source_.bytes.size() / n_out();
  quant::dequantize_row(dtype(), source_.bytes.subspan(index * bytes, bytes), out);
}

Result<ExpertWeights> ExpertWeights::load(const WeightSource& source, std::size_t n_experts,
                                          Pool& pool) {
  const auto expected = matrix_bytes(source);
  if (!expected) return fail(expected.error());
  if (n_experts == 0 || source.bytes.size() % n_experts != 0 ||
      source.bytes.size() / n_experts != *expected) {
    return fail(ErrorCode::CorruptData, "expert weights do not have the size of " +
                                            std::to_string(n_experts) + " matrices");
  }
  ExpertWeights stack;
  for (std::size_t i = 0; i < n_experts; ++i) {
    WeightSource one = source;
    one.bytes = source.bytes.subspan(i * *expected, *expected);
    auto weight = Weight::load(one, pool);
    if (!weight) return fail(weight.error());
    stack.experts_.push_back(std::move(*weight));
  }
  return stack;
}

std::size_t ExpertWeights::borrowed_bytes() const {
  return std::transform_reduce(experts_.begin(), experts_.end(), std::size_t{0}, std::plus<>(),
                               [](const Weight& weight) { return weight.borrowed_bytes(); });
}

std::size_t ExpertWeights::owned_bytes() const {
  return std::transform_reduce(experts_.begin(), experts_.end(), std::size_t{0}, std::plus<>(),
                               [](const Weight& weight) { return weight.owned_bytes(); });
}

}  // namespace compute
