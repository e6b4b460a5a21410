// Turns the bytes of one GGUF file into a File. Not public: use File::open and File::parse.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"
#include "compute/gguf/cursor.h"
#include "compute/gguf/file.h"

namespace gguf {

// One use: construct, parse once.
class Parser {
 public:
  explicit Parser(std::span<const std::byte> bytes) : bytes_(bytes), cursor_(bytes) {}
  Result<File> parse();

 private:
  Status read_header();
  Status read_metadata();
  Status read_value(std::string_view key, Value& value);
  Status read_array(std::string_view key, Value& value);
  Status read_alignment();
  Status read_tensors();
  Status read_tensor(TensorInfo& tensor);
  Status place_tensors();
  std::unexpected<Error> corrupt(const std::string& what) const;

  std::span<const std::byte> bytes_;
  Cursor cursor_;
  File file_;
  std::uint64_t n_tensors_ = 0;
  std::uint64_t n_entries_ = 0;
  std::uint64_t alignment_ = kAlignmentDefault;
};

// The number of bytes of a tensor; an Error without position when type, shape and 64 bits do not
// agree.
Result<std::uint64_t> tensor_size(const TensorInfo& tensor);

}  // namespace gguf
