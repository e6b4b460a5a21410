// Whole GGUF files in another weight type.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "compute/gguf/file.h"
#include "compute/quant/mix.h"
#include "compute/threads.h"

namespace compute::quant {

struct QuantizedTensor {
  std::string_view name;
  DType from = DType::F32;
  DType to = DType::F32;
  std::uint64_t bytes = 0;    // after
  double relative_error = 0;  // |after - before| / |before|, over the whole tensor; 0 if unchanged
};

// Writes `model` with its tensors in the types of `mix` to a new file at `path`; metadata is
// copied. Calls `progress` after every tensor. Fails on tensors that are no weights (integers of
// block types we do not know) only if they would have to change; and when the file cannot be
// written.
Status quantize_model(const gguf::File& model, Mix mix, const std::string& path, Pool& pool,
                      const std::function<void(const QuantizedTensor&)>& progress);

}  // namespace compute::quant
