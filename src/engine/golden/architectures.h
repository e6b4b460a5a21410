// Compares models with the logits and embeddings stored for them.
#pragma once

#include <filesystem>
#include <string_view>

#include "engine/golden/report.h"

namespace engine::golden {

// NAME.gguf and NAME.json (and NAME.ideal.json) in `folder`; limits from its tolerances.json.
Row compare_architecture(const std::filesystem::path& folder, const std::string& name);
// All of them by name, or `only` that one.
Report compare_architectures(const std::filesystem::path& folder, std::string_view only = {});

}  // namespace engine::golden
