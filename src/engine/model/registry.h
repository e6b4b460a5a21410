// From a model file to a model.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "compute/gguf/file.h"
#include "compute/threads.h"
#include "engine/model/model.h"
#include "engine/model/spec.h"

namespace engine {

// The description of the model in `file`, for sequences of at most `context_tokens` (0: as
// trained). Unsupported, naming it, for an architecture that is not in the table; CorruptData,
// naming the key, for missing or impossible constants.
Result<ModelSpec> describe_model(const gguf::File& file, int context_tokens);

// `file` and `pool` must outlive the model. CorruptData, naming the tensor, for missing or
// misshapen tensors.
Result<std::unique_ptr<Model>> load_model(const gguf::File& file, int context_tokens,
                                          compute::Pool& pool);

// The names in the table.
std::vector<std::string_view> known_architectures();

}  // namespace engine
