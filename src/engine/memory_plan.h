// How much memory a model needs, and how long its sequences may be on this machine.
#pragma once

#include <vector>

#include "base/error.h"
#include "compute/gguf/file.h"
#include "engine/engine.h"
#include "engine/model/spec.h"

namespace engine {

struct CachePlan {
  MemoryPlan memory;
  std::vector<std::size_t> page_counts;  // per group of `layout`
  KvLayout layout;
};

// ResourceExhausted with the numbers when not even a short context fits.
Result<CachePlan> plan_cache(const ModelSpec& spec, const gguf::File& file,
                             const EngineOptions& options);

// Activations of one step, generously: what the widest layer holds at once, and the logits.
std::size_t work_bytes(const ModelSpec& spec, int sequences_max, int rows);

// Bytes that this process could still use: free memory of the machine, or what its control group
// has left.
std::size_t available_memory();

}  // namespace engine
