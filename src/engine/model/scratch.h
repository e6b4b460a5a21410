// Memory for the activations of one step: handed out front to back, taken back all at once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <vector>

#include "compute/matmul.h"
#include "compute/tensor.h"

namespace engine {

// Owned by a model; one thread. Memory stays allocated from step to step.
class Scratch {
 public:
  // Uninitialised.
  compute::Tensor take(std::initializer_list<std::size_t> shape) {
    std::size_t size = 1;
    for (const auto extent : shape) size *= extent;
    return {take_floats(size), shape};
  }
  float* take_floats(std::size_t size) {
    size = (size + 15) / 16 * 16;  // keeps tensors on cache lines
    while (true) {
      if (block_ == blocks_.size()) blocks_.emplace_back(std::max(size, kBlockFloats) + 16);
      auto& block = blocks_[block_];
      const auto skew = reinterpret_cast<std::uintptr_t>(block.data()) % 64;
      const std::size_t begin = used_ == 0 ? (64 - skew) % 64 / sizeof(float) : used_;
      if (begin + size <= block.size()) {
        used_ = begin + size;
        return block.data() + begin;
      }
      ++block_;
      used_ = 0;
    }
  }

  // x as a matrix product wants it, see MatmulInput. The form it is brought into stays allocated.
  compute::MatmulInput& take_input(compute::ConstTensor x) {
    if (inputs_used_ == inputs_.size()) inputs_.emplace_back();
    auto& input = inputs_[inputs_used_++];
    input.set(x);
    return input;
  }

  // Gives back what was taken during its life.
  class Scope {
   public:
    explicit Scope(Scratch& scratch)
        : scratch_(scratch),
          block_(scratch.block_),
          used_(scratch.used_),
          inputs_used_(scratch.inputs_used_) {}
    ~Scope() {
      scratch_.block_ = block_;
      scratch_.used_ = used_;
      scratch_.inputs_used_ = inputs_used_;
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Scratch& scratch_;
    std::size_t block_, used_, inputs_used_;
  };

 private:
  static constexpr std::size_t kBlockFloats = 1 << 20;
  std::deque<std::vector<float>> blocks_;
  std::size_t block_ = 0;  // the one in use
  std::size_t used_ = 0;   // floats of it
  std::deque<compute::MatmulInput> inputs_;
  std::size_t inputs_used_ = 0;
};

}  // namespace engine
