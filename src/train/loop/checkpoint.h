// A training run on disk, complete enough to go on as if it had not stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "train/model/shape.h"

namespace train {

struct Checkpoint {
  Shape shape;
  std::int64_t step = 0;    // steps done
  std::int64_t tokens = 0;  // tokens seen
  std::vector<std::uint64_t> dealt;
  std::vector<float> weights;
  std::vector<float> average;    // running mean of the weights: what is exported
  std::vector<float> optimizer;  // Optimizer::state()

  // Written beside and renamed, so that a kill leaves the old file or the new one.
  Status save(const std::filesystem::path& file) const;
  static Result<Checkpoint> load(const std::filesystem::path& file);
};

}  // namespace train
