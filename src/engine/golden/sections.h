// The smaller comparisons: everything in one folder of the reference results, as rows of the table.
#pragma once

#include <filesystem>

#include "engine/golden/report.h"

namespace engine::golden {

// Probability vectors and log probabilities.
Report compare_sampling(const std::filesystem::path& folder);
// Blocks of every weight format, expanded.
Report compare_quants(const std::filesystem::path& folder);
// Ids and texts of vocabularies, and of pre-tokenizers one by one.
Report compare_tokenizers(const std::filesystem::path& folder);

}  // namespace engine::golden
