// Embeddings on the engine: all inputs of a request at once, so that they share steps; equal inputs
// once.
#pragma once

#include <vector>

#include "base/async.h"
#include "engine/token.h"
#include "inference/backend.h"
#include "inference/local/loaded_model.h"

namespace inference::local {

// The tokens of every input, within the model's context and the request's bound. CPU-bound.
Result<std::vector<std::vector<engine::TokenId>>> encode_inputs(const LoadedModel& model,
                                                                const EmbedRequest& request);

// `adapter`: empty for the model itself.
base::awaitable<Result<Embeddings>> embed_all(const LoadedModel& model, const EmbedRequest& request,
                                              std::string adapter,
                                              std::vector<std::vector<engine::TokenId>> inputs);

}  // namespace inference::local
