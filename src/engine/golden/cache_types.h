// What a smaller key and value cache costs: logits with each type of cache beside those with f32.
#pragma once

#include <filesystem>
#include <string_view>

#include "engine/golden/report.h"

namespace engine::golden {

// One row per model that generates and has attention.
Report compare_cache_types(const std::filesystem::path& folder, std::string_view only = {});

}  // namespace engine::golden
