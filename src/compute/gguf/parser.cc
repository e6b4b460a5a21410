#include "compute/gguf/parser.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "base/limits/gguf.h"
#include "compute/dtype.h"

namespace gguf {
namespace {

constexpr std::uint32_t kMagic = 0x46554747;  // "GGUF" in little endian
// Smallest encodings, to refuse a count that cannot fit before anything is reserved for it.
constexpr std::uint64_t kEntryBytesMin = 8 + 4 + 1;       // key length, type, one byte of value
constexpr std::uint64_t kTensorBytesMin = 8 + 4 + 4 + 8;  // name length, n_dims, type, offset
constexpr std::uint64_t kStringBytesMin = 8;

// A name from the file as it may stand in a message: short, printable ASCII.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, 80)) out += c >= 0x20 && c < 0x7f ? c : '?';
  return out + (text.size() > 80 ? "...'" : "'");
}

}  // namespace

std::unexpected<Error> Parser::corrupt(const std::string& what) const {
  return fail(ErrorCode::CorruptData,
              fmt::format("GGUF: {} (at byte {} of {})", what, cursor_.position(), bytes_.size()));
}

Result<File> Parser::parse() {
  if (auto ok = read_header(); !ok) return fail(std::move(ok.error()));
  if (auto ok = read_metadata(); !ok) return fail(std::move(ok.error()));
  if (auto ok = read_alignment(); !ok) return fail(std::move(ok.error()));
  if (auto ok = read_tensors(); !ok) return fail(std::move(ok.error()));
  if (auto ok = place_tensors(); !ok) return fail(std::move(ok.error()));
  return std::move(file_);
}

Status Parser::read_header() {
  const auto magic = cursor_.read<std::uint32_t>();
  if (!magic) return corrupt("the file is too short to be a GGUF file");
  if (*magic != kMagic) return corrupt("not a GGUF file: the magic bytes are not 'GGUF'");
  const auto version = cursor_.read<std::uint32_t>();
  if (!version) return corrupt("the version is cut off");
  if ((*version & 0xffff) == 0 && *version != 0) {
    return corrupt("the file is big endian; only little endian files are supported");
  }
  if (*version != 2 && *version != 3) {
    return corrupt(fmt::format("version {} is not supported, only 2 and 3 are", *version));
  }
  file_.version_ = *version;
  const auto n_tensors = cursor_.read<std::uint64_t>();
  const auto n_entries = cursor_.read<std::uint64_t>();
  if (!n_tensors || !n_entries) return corrupt("the header is cut off");
  if (*n_tensors > cursor_.left() / kTensorBytesMin || *n_tensors > limits::gguf_tensors_max) {
    return corrupt(fmt::format("{} tensors cannot fit in the file", *n_tensors));
  }
  if (*n_entries > cursor_.left() / kEntryBytesMin || *n_entries > limits::gguf_keys_max) {
    return corrupt(fmt::format("{} metadata keys cannot fit in the file", *n_entries));
  }
  n_tensors_ = *n_tensors;
  n_entries_ = *n_entries;
  return {};
}

Status Parser::read_metadata() {
  file_.metadata_.reserve(n_entries_);
  for (std::uint64_t i = 0; i < n_entries_; ++i) {
    const auto key = cursor_.read_string(limits::gguf_key_bytes_max);
    if (!key) return corrupt(fmt::format("metadata key {} is too long or cut off", i));
    if (key->empty()) return corrupt(fmt::format("metadata key {} is empty", i));
    const auto type = cursor_.read<std::uint32_t>();
    if (!type) return corrupt("the type of key " + quoted(*key) + " is cut off");
    if (*type >= kValueTypeCount) {
      return corrupt(fmt::format("key {} has the unknown type {}", quoted(*key), *type));
    }
    MetadataEntry entry{*key, {}};
    entry.value.type = static_cast<ValueType>(*type);
    if (auto ok = read_value(*key, entry.value); !ok) return ok;
    if (!file_.metadata_index_.emplace(*key, file_.metadata_.size()).second) {
      return corrupt("key " + quoted(*key) + " appears twice");
    }
    file_.metadata_.push_back(std::move(entry));
  }
  return {};
}

Status Parser::read_value(std::string_view key, Value& value) {
  const std::size_t start = cursor_.position();
  if (value.type == ValueType::Array) {
    if (auto ok = read_array(key, value); !ok) return ok;
  } else if (value.type == ValueType::String) {
    const auto text = cursor_.read_string(cursor_.left());
    if (!text) return corrupt("the string of key " + quoted(key) + " does not fit in the file");
    value.string = *text;
  } else {
    const auto scalar = cursor_.take(encoded_size(value.type));
    if (!scalar) return corrupt("the value of key " + quoted(key) + " is cut off");
    if (value.type == ValueType::Bool && std::to_integer<int>((*scalar)[0]) > 1) {
      return corrupt("the bool of key " + quoted(key) + " is neither 0 nor 1");
    }
    value.scalars = *scalar;
  }
  value.encoded = cursor_.since(start);
  return {};
}

Status Parser::read_array(std::string_view key, Value& value) {
  const auto element = cursor_.read<std::uint32_t>();
  const auto count = cursor_.read<std::uint64_t>();
  if (!element || !count) return corrupt("the array of key " + quoted(key) + " is cut off");
  if (*element >= kValueTypeCount) {
    return corrupt(
        fmt::format("the array of key {} has the unknown type {}", quoted(key), *element));
  }
  value.element = static_cast<ValueType>(*element);
  value.count = *count;
  if (value.element == ValueType::Array) {
    return corrupt("key " + quoted(key) + " is an array of arrays, which is not supported");
  }
  const std::uint64_t size_min =
      value.element == ValueType::String ? kStringBytesMin : encoded_size(value.element);
  if (*count > cursor_.left() / size_min) {
    return corrupt(
        fmt::format("the {} elements of key {} do not fit in the file", *count, quoted(key)));
  }
  if (value.element != ValueType::String) {
    value.scalars = *cursor_.take(*count * size_min);
    return {};
  }
  value.strings.reserve(*count);
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto text = cursor_.read_string(cursor_.left());
    if (!text) {
      return corrupt(fmt::format("string {} of key {} does not fit in the file", i, quoted(key)));
    }
    value.strings.push_back(*text);
  }
  return {};
}

Status Parser::read_alignment() {
  auto alignment = file_.find_or<std::uint32_t>("general.alignment", kAlignmentDefault);
  if (!alignment) return corrupt(alignment.error().message);
  if (*alignment == 0 || (*alignment & (*alignment - 1)) != 0 ||
      *alignment > limits::gguf_alignment_max) {
    return corrupt(fmt::format("general.alignment is {}: not a power of two up to {}", *alignment,
                               limits::gguf_alignment_max));
  }
  alignment_ = *alignment;
  return {};
}

Status Parser::read_tensors() {
  file_.tensors_.reserve(n_tensors_);
  for (std::uint64_t i = 0; i < n_tensors_; ++i) {
    TensorInfo tensor;
    const auto name = cursor_.read_string(limits::gguf_tensor_name_bytes_max);
    if (!name) return corrupt(fmt::format("the name of tensor {} is too long or cut off", i));
    tensor.name = *name;
    if (auto ok = read_tensor(tensor); !ok) return ok;
    if (!file_.tensor_index_.emplace(tensor.name, file_.tensors_.size()).second) {
      return corrupt("tensor " + quoted(*name) + " appears twice");
    }
    file_.tensors_.push_back(tensor);
  }
  return {};
}

Status Parser::read_tensor(TensorInfo& tensor) {
  const std::string name = quoted(tensor.name);
  const auto n_dims = cursor_.read<std::uint32_t>();
  if (!n_dims) return corrupt("the shape of tensor " + name + " is cut off");
  if (*n_dims > kDimensionsMax) {
    return corrupt(fmt::format("tensor {} has {} dimensions, at most {} are supported", name,
                               *n_dims, kDimensionsMax));
  }
  tensor.n_dims = *n_dims;
  for (std::uint32_t d = 0; d < *n_dims; ++d) {
    const auto size = cursor_.read<std::int64_t>();
    if (!size) return corrupt("the shape of tensor " + name + " is cut off");
    if (*size <= 0) return corrupt(fmt::format("dimension {} of tensor {} is {}", d, name, *size));
    tensor.shape[d] = *size;
  }
  const auto type = cursor_.read<std::uint32_t>();
  const auto offset = cursor_.read<std::uint64_t>();
  if (!type || !offset) return corrupt("the entry of tensor " + name + " is cut off");
  const auto dtype = compute::dtype_from_gguf(*type);
  if (!dtype) return corrupt(fmt::format("tensor {} has the unknown type {}", name, *type));
  tensor.dtype = *dtype;
  tensor.offset = *offset;
  if (*offset % alignment_ != 0) {
    return corrupt(fmt::format("the offset {} of tensor {} is not a multiple of {}", *offset, name,
                               alignment_));
  }
  if (auto size = tensor_size(tensor); !size) return corrupt(size.error().message);
  tensor.n_elements = static_cast<std::uint64_t>(tensor.shape[0]);
  for (std::size_t d = 1; d < kDimensionsMax; ++d) {
    tensor.n_elements *= static_cast<std::uint64_t>(tensor.shape[d]);
  }
  return {};
}

Result<std::uint64_t> tensor_size(const TensorInfo& tensor) {
  const auto block_elements = static_cast<std::int64_t>(compute::block_elements(tensor.dtype));
  const auto block_bytes = static_cast<std::int64_t>(compute::block_bytes(tensor.dtype));
  const std::string name = quoted(tensor.name);
  if (tensor.shape[0] % block_elements != 0) {
    return fail(ErrorCode::CorruptData,
                fmt::format("rows of tensor {} have {} elements, not a multiple of the {} of {}",
                            name, tensor.shape[0], block_elements, compute::name(tensor.dtype)));
  }
  std::int64_t elements = 1;
  for (const std::int64_t size : tensor.shape) {
    if (__builtin_mul_overflow(elements, size, &elements)) {
      return fail(ErrorCode::CorruptData, "the shape of tensor " + name + " overflows 64 bits");
    }
  }
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(elements / block_elements, block_bytes, &bytes)) {
    return fail(ErrorCode::CorruptData, "the size of tensor " + name + " overflows 64 bits");
  }
  return static_cast<std::uint64_t>(bytes);
}

Status Parser::place_tensors() {
  auto& tensors = file_.tensors_;
  if (tensors.empty()) return {};
  const auto start = aligned_up(cursor_.position(), alignment_);
  if (!start || *start > bytes_.size()) return corrupt("the tensor data is missing");
  const auto data = bytes_.subspan(*start);
  for (TensorInfo& tensor : tensors) {
    const std::uint64_t size = *tensor_size(tensor);
    if (tensor.offset > data.size() || size > data.size() - tensor.offset) {
      return corrupt(
          fmt::format("tensor {} ({} bytes at data offset {}) lies outside the {} bytes "
                      "of tensor data",
                      quoted(tensor.name), size, tensor.offset, data.size()));
    }
    tensor.bytes = data.subspan(tensor.offset, size);
  }
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return tensors[i].offset; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const TensorInfo& before = tensors[order[i - 1]];
    const TensorInfo& after = tensors[order[i]];
    if (before.offset + before.bytes.size() > after.offset) {
      return corrupt("tensors " + quoted(before.name) + " and " + quoted(after.name) + " overlap");
    }
  }
  return {};
}

}  // namespace gguf
