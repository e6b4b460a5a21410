// Our quantiser beside the reference's, on the same numbers.
#pragma once

#include <filesystem>
#include <string_view>

#include "engine/golden/report.h"

namespace engine::golden {

// One row per format that we write: the relative error of our blocks and of the stored ones.
Report compare_quantisers(const std::filesystem::path& folder, std::string_view only = {});

}  // namespace engine::golden
