// The kinds of comparison: one per folder of reference results.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "engine/golden/report.h"

namespace golden {

struct Section {
  const char* folder;  // of the reference results, below the one the program is given
  // All comparisons of the folder, or (`only` not empty) the one of that name.
  engine::golden::Report (*compare)(const std::filesystem::path& folder, std::string_view only);
};

std::span<const Section> sections();

}  // namespace golden
