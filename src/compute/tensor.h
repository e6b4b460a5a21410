// Views of f32 arrays in row-major order. They own nothing: whoever allocated the memory keeps it
// alive for as long as the view is used.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <type_traits>

#include "base/check.h"

namespace compute {

// One to four dimensions, outermost first, without gaps: [n_tokens, n_heads, d_head].
template <class T>
class BasicTensor {
 public:
  BasicTensor() = default;

  BasicTensor(T* values, std::initializer_list<std::size_t> shape)
      : values_(values), rank_(shape.size()) {
    CHECK(rank_ >= 1 && rank_ <= shape_.size());
    std::size_t i = 0;
    for (const auto extent : shape) shape_[i++] = extent;
  }

  // A vector.
  BasicTensor(std::span<T> values) : BasicTensor(values.data(), {values.size()}) {}

  // A mutable view may be read.
  operator BasicTensor<const T>() const
    requires(!std::is_const_v<T>)
  {
    BasicTensor<const T> view;
    view.values_ = values_;
    view.shape_ = shape_;
    view.rank_ = rank_;
    return view;
  }

  T* values() const { return values_; }
  std::size_t rank() const { return rank_; }
  std::size_t extent(std::size_t dimension) const { return shape_[dimension]; }

  std::size_t size() const { return shape_[0] * shape_[1] * shape_[2] * shape_[3]; }  // elements
  std::size_t columns() const { return shape_[rank_ - 1]; }                           // innermost
  std::size_t rows() const { return columns() == 0 ? 0 : size() / columns(); }        // the others

  std::span<T> span() const { return {values_, size()}; }
  std::span<T> row(std::size_t index) const { return {values_ + index * columns(), columns()}; }

  // The same elements seen in another shape.
  BasicTensor reshaped(std::initializer_list<std::size_t> shape) const {
    BasicTensor view(values_, shape);
    CHECK(view.size() == size());
    return view;
  }

  // Rows [first, first + count) of the outermost dimension.
  BasicTensor slice(std::size_t first, std::size_t count) const {
    CHECK(first + count <= shape_[0]);
    BasicTensor view = *this;
    if (shape_[0] != 0) view.values_ += first * (size() / shape_[0]);
    view.shape_[0] = count;
    return view;
  }

 private:
  template <class U>
  friend class BasicTensor;

  T* values_ = nullptr;
  std::array<std::size_t, 4> shape_ = {1, 1, 1, 1};
  std::size_t rank_ = 1;
};

using Tensor = BasicTensor<float>;
using ConstTensor = BasicTensor<const float>;

}  // namespace compute
