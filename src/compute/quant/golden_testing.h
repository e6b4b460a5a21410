// The stored reference data for weight formats, as tests read it. Not part of the library.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "base/golden_testing.h"

namespace compute::quant::testing {

inline bool has_golden() {
  return base::testing::golden_folder("quants").has_value();
}

inline std::vector<std::byte> golden_bytes(const std::string& file_name) {
  const auto chars = base::testing::read_file(*base::testing::golden_folder("quants") / file_name);
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
