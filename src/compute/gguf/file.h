// A GGUF file: metadata and a table of tensors. Reads versions 2 and 3, little endian, from a path
// (mapped; a file split into parts loads as one) or from bytes in memory. Everything in the file is
// untrusted: whatever does not hold together is an Error{CorruptData} that says what and where.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "compute/dtype.h"
#include "compute/gguf/mapping.h"
#include "compute/gguf/value.h"

namespace gguf {

inline constexpr std::size_t kDimensionsMax = 4;
inline constexpr std::uint32_t kAlignmentDefault = 32;

struct TensorInfo {
  std::string_view name;
  compute::DType dtype = compute::DType::F32;
  std::uint32_t n_dims = 0;
  // Elements per dimension, innermost (contiguous) first, as in the file; unused ones are 1.
  std::array<std::int64_t, kDimensionsMax> shape = {1, 1, 1, 1};
  std::uint64_t n_elements = 0;
  std::uint64_t offset = 0;          // from the start of its part's data section
  std::span<const std::byte> bytes;  // inside the file, its size follows from type and shape
};

struct MetadataEntry {
  std::string_view key;
  Value value;
};

// Immutable and safe on any thread. Cheap to move; keeps its mappings alive, and every view it
// hands out lives as long as it does (a copy shares the mappings, not the tables).
class File {
 public:
  // `path` may be any part of a split file (`NAME-00001-of-00003.gguf`): all parts are loaded, the
  // metadata is that of the first.
  static Result<File> open(const std::string& path);
  // Parses one whole file in memory; the bytes must outlive the File.
  static Result<File> parse(std::span<const std::byte> bytes);

  std::uint32_t version() const { return version_; }
  std::span<const MetadataEntry> metadata() const { return metadata_; }
  std::span<const TensorInfo> tensors() const { return tensors_; }

  // Null when absent.
  const Value* value(std::string_view key) const;
  const TensorInfo* find_tensor(std::string_view name) const;
  // CorruptData naming the tensor when it is absent.
  Result<const TensorInfo*> tensor(std::string_view name) const;

  bool has(std::string_view key) const { return value(key) != nullptr; }

  // Call it when a tensor's bytes have been copied elsewhere: they need not stay resident, and are
  // read from the file again if somebody wants them. Nothing happens to a file in memory.
  void forget(const TensorInfo& tensor) const;

  // The value of `key`, nullopt when the key is absent; CorruptData naming key and types when it is
  // there and cannot be read as a T. See gguf::convert for the types and their rules.
  template <class T>
  Result<std::optional<T>> find(std::string_view key) const;
  // The same, and absence is an error that names the key.
  template <class T>
  Result<T> require(std::string_view key) const;
  // The same, and absence is `fallback`.
  template <class T>
  Result<T> find_or(std::string_view key, T fallback) const;

 private:
  friend class Parser;
  Status append_part(File part, std::uint32_t number);
  static Result<File> open_parts(const std::string& path, File first);

  static Error wrong_type(std::string_view key, const Value& value, const char* wanted);
  static Error missing(std::string_view key);

  std::uint32_t version_ = 0;
  std::vector<std::shared_ptr<const Mapping>> mappings_;
  std::vector<MetadataEntry> metadata_;
  std::vector<TensorInfo> tensors_;
  std::unordered_map<std::string_view, std::size_t> metadata_index_;
  std::unordered_map<std::string_view, std::size_t> tensor_index_;
};

// Reads many keys with one check at the end: remembers the first error, after which values are
// meaningless. `prefix` stands before every key (`llama.` for an architecture's own keys); a key
// that starts with '/' is taken as it is, without the slash.
class Fields {
 public:
  Fields(const File& file, std::string prefix) : file_(file), prefix_(std::move(prefix)) {}

  template <class T>
  T require(std::string_view key) {
    auto found = file_.require<T>(full(key));
    if (!found) return note(std::move(found.error())), T{};
    return *std::move(found);
  }
  template <class T>
  T find_or(std::string_view key, T fallback) {
    return find<T>(key).value_or(std::move(fallback));
  }
  template <class T>
  std::optional<T> find(std::string_view key) {
    auto found = file_.find<T>(full(key));
    if (!found) return note(std::move(found.error())), std::nullopt;
    return *std::move(found);
  }
  // The first error of all reads so far.
  Status status() const {
    if (error_) return fail(*error_);
    return {};
  }

 private:
  std::string full(std::string_view key) const;
  void note(Error error) {
    if (!error_) error_ = std::move(error);
  }

  const File& file_;
  std::string prefix_;
  std::optional<Error> error_;
};

template <class T>
Result<std::optional<T>> File::find(std::string_view key) const {
  const Value* found = value(key);
  if (found == nullptr) return std::optional<T>();
  auto converted = convert<T>(*found);
  if (!converted) return fail(wrong_type(key, *found, wanted<T>()));
  return converted;
}

template <class T>
Result<T> File::require(std::string_view key) const {
  auto found = find<T>(key);
  if (!found) return fail(std::move(found.error()));
  if (!*found) return fail(missing(key));
  return **std::move(found);
}

template <class T>
Result<T> File::find_or(std::string_view key, T fallback) const {
  auto found = find<T>(key);
  if (!found) return fail(std::move(found.error()));
  if (!*found) return fallback;
  return **std::move(found);
}

}  // namespace gguf
