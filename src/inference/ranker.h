// Ranker: whatever can say how well a text answers a question by reading both together.
#pragma once

#include <string>
#include <vector>

#include "base/async.h"
#include "base/error.h"
#include "base/ids.h"

namespace inference {

struct RankRequest {
  std::string model;
  std::string query;
  std::vector<std::string> texts;
  base::ProjectId project;
};

// Any thread.
class Ranker {
 public:
  virtual ~Ranker() = default;
  // A score from 0 to 1 for each text, in their order; texts are cut to what the model reads.
  // NotFound: nobody has the model. Unsupported: it does not rank.
  virtual base::awaitable<Result<std::vector<double>>> rank(RankRequest request) = 0;
};

}  // namespace inference
