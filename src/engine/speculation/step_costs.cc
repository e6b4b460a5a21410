#include "engine/speculation/step_costs.h"

#include <algorithm>

namespace engine {
namespace {

// Of a row more where nothing is known, as a share of the step: a little below what is usual.
constexpr double kHopedCostOfRow = 0.08;
// A neighbour on the machine makes single steps many times as long; one must not decide anything.
constexpr double kOutlier = 2;
// Faster is believed sooner: what disturbs a step only ever makes it longer.
constexpr double kWeightSlower = 0.2, kWeightFaster = 0.5;
// What was measured long ago may be different now: it is believed to be cheaper with every step
// that did not measure it, until it is tried again. Halves in some 700 steps.
constexpr double kForgetting = 0.999;

}  // namespace

void StepCosts::observe(int rows, double ns) {
  if (rows < 1 || rows > kRowsMax || !(ns > 0)) return;
  for (double& other : ns_) other *= kForgetting;
  double& known = ns_[static_cast<std::size_t>(rows)];
  if (known == 0) {
    const double expected = estimate(rows);
    known = expected == 0 ? ns : std::min(ns, kOutlier * expected);
    return;
  }
  const double weight = ns < known ? kWeightFaster : kWeightSlower;
  known += weight * (std::min(ns, kOutlier * known) - known);
}

// As between the last two that were observed, if that is more than what is hoped for.
double StepCosts::cost_of_row_after(int rows) const {
  const double high = ns_[static_cast<std::size_t>(rows)];
  const double hoped = kHopedCostOfRow * high;
  int before = rows - 1;
  while (before > 0 && ns_[static_cast<std::size_t>(before)] == 0) --before;
  if (before == 0) return hoped;
  return std::max(hoped, (high - ns_[static_cast<std::size_t>(before)]) / (rows - before));
}

double StepCosts::estimate(int rows) const {
  rows = std::clamp(rows, 1, kRowsMax);
  int below = rows, above = rows;
  while (below > 0 && ns_[static_cast<std::size_t>(below)] == 0) --below;
  while (above <= kRowsMax && ns_[static_cast<std::size_t>(above)] == 0) ++above;
  if (below == 0) return above > kRowsMax ? 0 : ns_[static_cast<std::size_t>(above)];
  const double low = ns_[static_cast<std::size_t>(below)];
  if (below == rows) return low;
  if (above > kRowsMax) return low + (rows - below) * cost_of_row_after(below);
  const double high = ns_[static_cast<std::size_t>(above)];
  return low + (high - low) * (rows - below) / (above - below);
}

}  // namespace engine
