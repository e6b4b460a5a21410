// Writes GGUF version 3: metadata and tensor table first, then the tensors' bytes, streamed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "compute/gguf/file.h"
#include "compute/gguf/value.h"

namespace gguf {

// The front of a GGUF file: what it holds and where the tensors will lie. One thread.
class Layout {
 public:
  explicit Layout(std::uint32_t alignment = kAlignmentDefault);

  // A key set twice keeps its place and takes the later value.
  void set(std::string_view key, bool value);
  void set(std::string_view key, std::uint32_t value);
  void set(std::string_view key, std::int32_t value);
  void set(std::string_view key, std::uint64_t value);
  void set(std::string_view key, std::int64_t value);
  void set(std::string_view key, float value);
  void set(std::string_view key, double value);
  void set(std::string_view key, std::string_view value);
  void set(std::string_view key, const char* value) { set(key, std::string_view(value)); }
  void set(std::string_view key, std::span<const std::int32_t> values);
  void set(std::string_view key, std::span<const std::uint32_t> values);
  void set(std::string_view key, std::span<const float> values);
  void set(std::string_view key, std::span<const std::string> values);
  void set(std::string_view key, std::span<const std::string_view> values);
  void set(std::string_view key, std::span<const bool> values);
  // Copies a value of another file, of any type, as it is.
  void set(std::string_view key, const Value& value);
  // Everything but the keys of this Layout's own business (general.alignment, split.*).
  void copy_metadata(const File& file);

  // Appends a tensor; `shape` innermost first, 1 to 4 dimensions. Rows must be
  // whole blocks of the type (CHECK).
  void add_tensor(std::string_view name, compute::DType dtype, std::span<const std::int64_t> shape);

  std::size_t n_tensors() const { return tensors_.size(); }
  std::uint64_t tensor_bytes(std::size_t index) const { return tensors_[index].size; }
  // Zero bytes that follow the tensor, up to the alignment.
  std::uint64_t tensor_padding(std::size_t index) const;
  // Everything before the first tensor's bytes, padded to the alignment.
  std::string header() const;

 private:
  struct Entry {
    std::string key;
    ValueType type;
    std::string encoded;
  };
  struct Tensor {
    std::string name;
    compute::DType dtype;
    std::vector<std::int64_t> shape;
    std::uint64_t offset;
    std::uint64_t size;
  };
  void put(std::string_view key, ValueType type, std::string encoded);

  std::uint32_t alignment_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> entry_index_;  // by key
  std::vector<Tensor> tensors_;
  std::uint64_t data_bytes_ = 0;
};

// Streams a file to disk: create, write the bytes of the layout's tensors in their order (in pieces
// of any size), finish. The file appears under its name only in finish (written to PATH.partial,
// synced, renamed); dropping a Writer before that leaves nothing. One thread.
class Writer {
 public:
  static Result<Writer> create(const std::string& path, const Layout& layout);
  Writer(Writer&&) noexcept = default;
  Writer& operator=(Writer&&) noexcept = default;
  ~Writer();

  // Bytes of the next unfinished tensor; more than it has left is a bug of the caller (CHECK).
  Status write(std::span<const std::byte> bytes);
  // All tensors must be complete (CHECK).
  Status finish();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  Writer(std::string path, std::unique_ptr<std::FILE, Close> file, std::vector<std::uint64_t> sizes,
         std::vector<std::uint64_t> paddings);
  Status put(const void* data, std::size_t size);

  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::vector<std::uint64_t> sizes_;     // per tensor
  std::vector<std::uint64_t> paddings_;  // per tensor
  std::size_t current_ = 0;
  std::uint64_t written_ = 0;  // of the current tensor
};

// The whole file in memory, for small ones: tests, adapters.
std::string to_bytes(const Layout& layout, std::span<const std::span<const std::byte>> tensors);

}  // namespace gguf
