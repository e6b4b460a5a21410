// The file names of a GGUF file split into parts: NAME-00001-of-00003.gguf.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace gguf {

struct SplitName {
  std::string prefix;        // path up to the first dash
  std::uint32_t number = 0;  // from 1
  std::uint32_t count = 0;

  // nullopt when the path is not named like a part.
  static std::optional<SplitName> from_path(const std::string& path);
  std::string path_of(std::uint32_t part_number) const;
};

}  // namespace gguf
