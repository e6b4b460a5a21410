// What the blocks of a model see of the step they compute.
#pragma once

#include <span>

#include "compute/rope.h"
#include "compute/threads.h"
#include "engine/model/batch.h"
#include "engine/model/scratch.h"

namespace engine {

struct Step {
  const Batch& batch;
  const KvCache& cache;
  StatePool& states;
  compute::Pool& pool;
  Scratch& scratch;
  std::span<const compute::RopeAngles> angles;  // one per rope of the model
  float norm_epsilon;

  std::size_t rows() const { return batch.rows(); }
};

}  // namespace engine
