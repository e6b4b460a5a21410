// Rerankers on the engine: a query and a text are read together and scored.
#pragma once

#include <string>
#include <vector>

#include "base/async.h"
#include "engine/token.h"
#include "inference/local/loaded_model.h"
#include "inference/ranker.h"

namespace inference::local {

// The tokens of each pair, the text cut where the model would not read on. CPU-bound. Unsupported
// for a model that does not rank.
Result<std::vector<std::vector<engine::TokenId>>> encode_pairs(const LoadedModel& model,
                                                               const RankRequest& request);

// 0 to 1 each: the model's own shares, or its one score through the logistic function.
base::awaitable<Result<std::vector<double>>> rank_all(
    const LoadedModel& model, const RankRequest& request,
    std::vector<std::vector<engine::TokenId>> pairs);

}  // namespace inference::local
