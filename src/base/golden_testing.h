// For tests only: where the stored reference results are.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace base::testing {

// A folder of the reference results: in PARLANCE_SHARED, else in `shared` beside the source tree
// (PARLANCE_SOURCE). Empty when it is not there: such tests skip.
inline std::optional<std::filesystem::path> golden_folder(std::string_view name = {}) {
  const char* shared = std::getenv("PARLANCE_SHARED");
  const char* source = std::getenv("PARLANCE_SOURCE");
  const std::filesystem::path tree = source ? source : std::filesystem::current_path();
  const std::filesystem::path root = shared ? shared : tree.parent_path() / "shared";
  const auto folder = name.empty() ? root / "golden" : root / "golden" / name;
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) return std::nullopt;
  return folder;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace base::testing
