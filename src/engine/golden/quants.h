// Compares weight formats with stored blocks: their values bit by bit, products with them within
// the rounding of activations.
#pragma once

#include <filesystem>
#include <string_view>

#include "engine/golden/report.h"

namespace engine::golden {

// One row per format that types.json lists; with `only` not empty just that one.
Report compare_formats(const std::filesystem::path& folder, std::string_view only = {});

}  // namespace engine::golden
