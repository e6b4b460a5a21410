// The training loop: documents in, better weights and checkpoints out, a progress line now and
// then.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "train/data/token_file.h"
#include "train/loop/checkpoint.h"
#include "train/loop/mixture.h"
#include "train/loop/optimizer.h"

namespace train {

struct Plan {
  std::int64_t steps = 1'000;
  std::int64_t warmup_steps = 50;
  std::int64_t decay_steps = 400;  // the last ones, in which the rates fall evenly to nothing
  int tokens_per_step = 8'192;
  int tokens_per_batch = 2'048;  // worked on at once by one thread
  int threads = 1;               // changes nothing but the speed
  Rates rates;
  double gradient_length_max = 1.0;
  float light_weight = 0.1f;   // of the tokens that are not the assistant's
  float average_keep = 0.98f;  // per step, of the averaged weights
  std::uint64_t seed = 1;
  std::int64_t save_every = 50;  // steps
};

struct Progress {
  std::int64_t step = 0;
  std::int64_t tokens = 0;
  double loss = 0;  // mean over the last progress interval
  double gradient_length = 0;
  double tokens_per_second = 0;
  double seconds_left = 0;
};

// Learning rates are multiplied by this at a step: up evenly, level, down evenly.
double rate_factor(const Plan& plan, std::int64_t step);

// Goes on from `checkpoint` to plan.steps, calling `report` every ten steps and `save` every
// plan.save_every and at the end. The same plan, seed and kernels give the same weights, resumed or
// not.
Status run(const Plan& plan, const std::vector<Share>& shares, const Kernels& kernels,
           Checkpoint& checkpoint, const std::function<void(const Progress&)>& report,
           const std::function<Status(const Checkpoint&)>& save);

// Mean loss per weighted token over (at most `documents_max` of) a set.
double held_out_loss(const TokenSet& set, std::size_t documents_max, float light_weight,
                     const Checkpoint& checkpoint, const Kernels& kernels);

}  // namespace train
