#include "compute/gguf/file.h"

#include <fmt/format.h>

#include "base/limits/gguf.h"
#include "compute/gguf/parser.h"
#include "compute/gguf/split.h"

namespace gguf {
namespace {

constexpr const char* kSplitNumber = "split.no";  // 0 for the first part
constexpr const char* kSplitCount = "split.count";
constexpr const char* kSplitTensors = "split.tensors.count";  // of all parts together

}  // namespace

Result<File> File::parse(std::span<const std::byte> bytes) {
  return Parser(bytes).parse();
}

Result<File> File::open(const std::string& path) {
  auto mapping = Mapping::open(path);
  if (!mapping) return fail(std::move(mapping.error()));
  auto file = parse((*mapping)->bytes());
  if (!file) return file;
  file->mappings_.push_back(*std::move(mapping));
  const auto count = file->find_or<std::uint32_t>(kSplitCount, 1);
  if (!count) return fail(count.error());
  if (*count <= 1) return file;
  return open_parts(path, *std::move(file));
}

Result<File> File::open_parts(const std::string& path, File opened) {
  const auto count = opened.require<std::uint32_t>(kSplitCount);
  const auto number = opened.require<std::uint32_t>(kSplitNumber);
  if (!count || !number) return fail(!count ? count.error() : number.error());
  if (*count > limits::gguf_parts_max || *number >= *count) {
    return fail(
        ErrorCode::CorruptData,
        fmt::format("GGUF: split.no {} of split.count {} is out of range (at most {} parts)",
                    *number, *count, limits::gguf_parts_max));
  }
  const auto name = SplitName::from_path(path);
  if (!name || name->count != *count || name->number != *number + 1) {
    return fail(ErrorCode::CorruptData,
                fmt::format("GGUF: part {} of {} must be named like NAME-{:05}-of-{:05}.gguf",
                            *number + 1, *count, *number + 1, *count));
  }
  std::optional<File> whole;
  for (std::uint32_t i = 0; i < *count; ++i) {
    File part;
    if (i == *number) {
      part = std::move(opened);
    } else {
      auto mapping = Mapping::open(name->path_of(i + 1));
      if (!mapping) return fail(std::move(mapping.error()));
      auto parsed = parse((*mapping)->bytes());
      if (!parsed) return parsed;
      part = *std::move(parsed);
      part.mappings_.push_back(*std::move(mapping));
    }
    const auto its_number = part.require<std::uint32_t>(kSplitNumber);
    const auto its_count = part.require<std::uint32_t>(kSplitCount);
    if (!its_number || !its_count || *its_number != i || *its_count != *count) {
      return fail(ErrorCode::CorruptData,
                  fmt::format("GGUF: part {} of {} is of another split", i + 1, *count));
    }
    if (!whole) {
      whole = std::move(part);
    } else if (auto ok = whole->append_part(std::move(part), i + 1); !ok) {
      return fail(std::move(ok.error()));
    }
  }
  const auto n_tensors = whole->find_or<std::uint64_t>(kSplitTensors, whole->tensors_.size());
  if (!n_tensors) return fail(n_tensors.error());
  if (*n_tensors != whole->tensors_.size()) {
    return fail(ErrorCode::CorruptData,
                fmt::format("GGUF: the parts have {} tensors, split.tensors.count says {}",
                            whole->tensors_.size(), *n_tensors));
  }
  return *std::move(whole);
}

Status File::append_part(File part, std::uint32_t number) {
  for (const TensorInfo& tensor : part.tensors_) {
    if (!tensor_index_.emplace(tensor.name, tensors_.size()).second) {
      return fail(ErrorCode::CorruptData,
                  fmt::format("GGUF: tensor '{}' of part {} is in an earlier part too", tensor.name,
                              number));
    }
    tensors_.push_back(tensor);
  }
  for (auto& mapping : part.mappings_) mappings_.push_back(std::move(mapping));
  return {};
}

const Value* File::value(std::string_view key) const {
  const auto found = metadata_index_.find(key);
  return found == metadata_index_.end() ? nullptr : &metadata_[found->second].value;
}

void File::forget(const TensorInfo& tensor) const {
  for (const auto& mapping : mappings_) {
    const auto whole = mapping->bytes();
    const bool inside = tensor.bytes.data() >= whole.data() &&
                        tensor.bytes.data() + tensor.bytes.size() <= whole.data() + whole.size();
    if (inside) mapping->forget(tensor.bytes);
  }
}

const TensorInfo* File::find_tensor(std::string_view name) const {
  const auto found = tensor_index_.find(name);
  return found == tensor_index_.end() ? nullptr : &tensors_[found->second];
}

Result<const TensorInfo*> File::tensor(std::string_view name) const {
  const TensorInfo* found = find_tensor(name);
  if (found == nullptr) {
    return fail(ErrorCode::CorruptData, fmt::format("GGUF: tensor '{}' is missing", name));
  }
  return found;
}

Error File::wrong_type(std::string_view key, const Value& value, const char* wanted) {
  return {ErrorCode::CorruptData,
          fmt::format("GGUF: key '{}' is {}, expected {}", key, value.describe(), wanted)};
}

Error File::missing(std::string_view key) {
  return {ErrorCode::CorruptData, fmt::format("GGUF: required key '{}' is missing", key)};
}

std::string Fields::full(std::string_view key) const {
  if (key.starts_with('/')) return std::string(key.substr(1));
  return prefix_ + std::string(key);
}

}  // namespace gguf
