// Compares the sampler with stored distributions, and log probabilities with stored ones.
#pragma once

#include <filesystem>
#include <string_view>

#include "engine/golden/report.h"

namespace engine::golden {

// One row per vector of logits and kind of result; with `only` not empty those of that vector.
Report compare_sampling(const std::filesystem::path& folder, std::string_view only = {});

}  // namespace engine::golden
