// Compares tokenizers with stored ids, texts and facts.
#pragma once

#include <filesystem>
#include <string_view>

#include "engine/golden/report.h"

namespace engine::golden {

// One row per vocabulary (NAME.json), per file of test pairs (NAME.gguf.inp and .out) and per
// pre-tokenizer (pre/NAME.json); with `only` not empty those of that name.
Report compare_tokenizers(const std::filesystem::path& folder, std::string_view only = {});

// The `texts` stored with the models of a folder of architectures: one row.
Report compare_texts(const std::filesystem::path& folder, std::string_view only = {});

}  // namespace engine::golden
