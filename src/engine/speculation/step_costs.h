// What steps of so many rows take on this machine with this model, as measured while it runs.
#pragma once

#include <array>

namespace engine {

// Engine thread only. With few rows a step is bound by reading the weights and a further row is
// nearly free; from some number of rows on, each costs its arithmetic.
class StepCosts {
 public:
  static constexpr int kRowsMax = 64;

  // A step of `rows` rows, no prompts among them, took so long.
  void observe(int rows, double ns);
  // 0 before the first observation. Where nothing was observed it is hopeful, so that it is tried.
  double estimate(int rows) const;

 private:
  double cost_of_row_after(int rows) const;

  std::array<double, kRowsMax + 1> ns_ = {};  // by rows, smoothed; 0: never observed
};

}  // namespace engine
