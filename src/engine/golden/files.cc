#include "engine/golden/files.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace engine {

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::NotFound, "cannot read " + path.filename().string());
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

Result<json::Value> read_json(const std::filesystem::path& path) {
  auto text = read_file(path);
  if (!text) return fail(text.error());
  return json::parse(*text);
}

std::vector<std::string> names_in(const std::filesystem::path& folder, std::string_view extension,
                                  std::string_view only) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() != extension) continue;
    auto name = entry.path().stem().string();
    if (only.empty() || name == only) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

std::vector<float> floats_of(const json::Value& array) {
  std::vector<float> numbers;
  for (const auto& value : array.as_array()) numbers.push_back(value.to_number<float>());
  return numbers;
}

std::vector<std::int32_t> ints_of(const json::Value& array) {
  std::vector<std::int32_t> numbers;
  for (const auto& value : array.as_array()) numbers.push_back(value.to_number<std::int32_t>());
  return numbers;
}

}  // namespace engine
