// How many guesses of every stream are worth verifying in the next step.
#pragma once

#include <vector>

#include "engine/speculation/step_costs.h"

namespace engine {

// The chances of a stream's guesses, each if those before it are right.
using DraftChances = std::vector<double>;

// Guesses per stream, such that the step is expected to give the most tokens per time: `rows` rows,
// one for every stream, are computed anyway. At most `drafts_max` guesses in all.
std::vector<std::size_t> choose_drafts(int rows, const std::vector<DraftChances>& streams,
                                       const StepCosts& costs, int drafts_max);

// How likely the guesses of a draft model are right for one stream. A guess that was wrong costs
// trust; while none is made it comes back, so that the model is asked again at some time.
class DraftTrust {
 public:
  double chance() const { return chance_; }
  void verified(std::size_t guesses, std::size_t right);
  void rested();

 private:
  double chance_ = 0.7;
};

// How many tokens a draft model should guess for each of so many streams (`chances`): `rows` rows
// are computed anyway, and guessing once for all of them takes `ns_per_guess`, 0 when not known.
int choose_model_drafts(int rows, const std::vector<double>& chances, const StepCosts& costs,
                        double ns_per_guess, int guesses_max);

}  // namespace engine
