// What a request's format and tools demand of the output, compiled for a model: made per request,
// asked per token.
#pragma once

#include <functional>
#include <memory>

#include "base/error.h"
#include "engine/constraint.h"
#include "inference/backend.h"
#include "inference/local/loaded_model.h"
#include "inference/local/prompt.h"

namespace inference::local {

// Makes one constraint per choice; empty when the output is free. `prompt` tells what of the turn
// has begun and what room is left. Blocking, CPU-bound: for `pools.work`. InvalidRequest names what
// in a schema cannot be enforced.
using MakeConstraint = std::function<std::unique_ptr<engine::TokenConstraint>(int choice)>;
Result<MakeConstraint> compile_constraint(const LoadedModel& model, const GenerateRequest& request,
                                          const Prompt& prompt);

}  // namespace inference::local
