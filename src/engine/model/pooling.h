// Hidden states of a text's tokens become one vector.
#pragma once

#include <span>
#include <vector>

#include "engine/model/info.h"

namespace engine {

// How states are pooled before the head, if there is one.
inline Pooling pooling_of(const ModelInfo& info, Pooling asked) {
  return asked == Pooling::Rank ? info.rank_pooling : asked;
}

// Takes the states in the order of the tokens, in any number of pieces.
class Pooler {
 public:
  // Not for Pooling::None, which keeps every state, nor for Pooling::Rank.
  Pooler(Pooling pooling, std::size_t d_model) : pooling_(pooling), sum_(d_model) {}

  void add(std::span<const float> state) {
    const bool first = count_++ == 0;
    if (pooling_ == Pooling::Mean) {
      for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] += state[i];
    } else if (first || pooling_ == Pooling::Last) {
      sum_.assign(state.begin(), state.end());
    }
  }
  std::vector<float> result() const {
    std::vector<float> mean = sum_;
    if (pooling_ == Pooling::Mean && count_ > 0) {
      for (float& value : mean) value /= static_cast<float>(count_);
    }
    return mean;
  }

 private:
  Pooling pooling_;
  std::vector<float> sum_;
  std::size_t count_ = 0;
};

}  // namespace engine
