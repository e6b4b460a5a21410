// The stored reference data for weight formats, as tests read it. Not part of the library.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace compute::quant::testing {

inline std::filesystem::path golden_folder() {
  if (const char* shared = std::getenv("PARLANCE_SHARED")) {
    return std::filesystem::path(shared) / "golden" / "quants";
  }
  const char* source = std::getenv("PARLANCE_SOURCE");
  return std::filesystem::path(source != nullptr ? source : ".") / "../shared/golden/quants";
}

inline bool has_golden() {
  return std::filesystem::exists(golden_folder());
}

inline std::vector<std::byte> golden_bytes(const std::string& file_name) {
  std::ifstream file(golden_folder() / file_name, std::ios::binary);
  std::vector<char> chars(std::istreambuf_iterator<char>(file), {});
  std::vector<std::byte> bytes(chars.size());
  std::memcpy(bytes.data(), chars.data(), chars.size());
  return bytes;
}

inline std::vector<float> golden_floats(const std::string& file_name) {
  const auto bytes = golden_bytes(file_name);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

}  // namespace compute::quant::testing
