#include "compute/gguf/writer.h"

#include <cerrno>
#include <cstring>
#include <type_traits>

#include <fmt/format.h>
#include <unistd.h>

#include "base/check.h"
#include "compute/gguf/cursor.h"
#include "compute/gguf/parser.h"

namespace gguf {
namespace {

template <class T>
void append(std::string& out, T value) {
  static_assert(std::is_trivially_copyable_v<T>);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_string(std::string& out, std::string_view text) {
  append(out, std::uint64_t{text.size()});
  out.append(text);
}

template <class T>
std::string encoded(T value) {
  std::string out;
  append(out, value);
  return out;
}

template <class T>
std::string encoded_array(ValueType element, std::span<const T> values) {
  std::string out;
  append(out, static_cast<std::uint32_t>(element));
  append(out, std::uint64_t{values.size()});
  for (const auto& value : values) {
    if constexpr (std::is_arithmetic_v<T>) {
      append(out, value);
    } else {
      append_string(out, value);
    }
  }
  return out;
}

Error disk_error(const char* doing) {
  return {ErrorCode::StorageFailed, fmt::format("{}: {}", doing, std::strerror(errno))};
}

}  // namespace

Layout::Layout(std::uint32_t alignment) : alignment_(alignment) {
  CHECK(alignment >= 8 && (alignment & (alignment - 1)) == 0);
  if (alignment != kAlignmentDefault) set("general.alignment", alignment);
}

void Layout::put(std::string_view key, ValueType type, std::string value) {
  const auto [found, added] = entry_index_.emplace(key, entries_.size());
  if (!added) {
    entries_[found->second].type = type;
    entries_[found->second].encoded = std::move(value);
    return;
  }
  entries_.push_back({std::string(key), type, std::move(value)});
}

void Layout::set(std::string_view key, bool value) {
  put(key, ValueType::Bool, encoded(static_cast<std::uint8_t>(value)));
}
void Layout::set(std::string_view key, std::uint32_t value) {
  put(key, ValueType::U32, encoded(value));
}
void Layout::set(std::string_view key, std::int32_t value) {
  put(key, ValueType::I32, encoded(value));
}
void Layout::set(std::string_view key, std::uint64_t value) {
  put(key, ValueType::U64, encoded(value));
}
void Layout::set(std::string_view key, std::int64_t value) {
  put(key, ValueType::I64, encoded(value));
}
void Layout::set(std::string_view key, float value) {
  put(key, ValueType::F32, encoded(value));
}
void Layout::set(std::string_view key, double value) {
  put(key, ValueType::F64, encoded(value));
}
void Layout::set(std::string_view key, std::string_view value) {
  std::string text;
  append_string(text, value);
  put(key, ValueType::String, std::move(text));
}
void Layout::set(std::string_view key, std::span<const std::int32_t> values) {
  put(key, ValueType::Array, encoded_array(ValueType::I32, values));
}
void Layout::set(std::string_view key, std::span<const std::uint32_t> values) {
  put(key, ValueType::Array, encoded_array(ValueType::U32, values));
}
void Layout::set(std::string_view key, std::span<const float> values) {
  put(key, ValueType::Array, encoded_array(ValueType::F32, values));
}
void Layout::set(std::string_view key, std::span<const bool> values) {
  put(key, ValueType::Array, encoded_array(ValueType::Bool, values));
}
void Layout::set(std::string_view key, std::span<const std::string> values) {
  put(key, ValueType::Array, encoded_array(ValueType::String, values));
}
void Layout::set(std::string_view key, std::span<const std::string_view> values) {
  put(key, ValueType::Array, encoded_array(ValueType::String, values));
}
void Layout::set(std::string_view key, const Value& value) {
  const auto* data = reinterpret_cast<const char*>(value.encoded.data());
  put(key, value.type, std::string(data, value.encoded.size()));
}

void Layout::copy_metadata(const File& file) {
  for (const MetadataEntry& entry : file.metadata()) {
    if (entry.key == "general.alignment" || entry.key.starts_with("split.")) continue;
    set(entry.key, entry.value);
  }
}

void Layout::add_tensor(std::string_view name, compute::DType dtype,
                        std::span<const std::int64_t> shape) {
  CHECK(!shape.empty() && shape.size() <= kDimensionsMax);
  TensorInfo info;
  info.name = name;
  info.dtype = dtype;
  for (std::size_t d = 0; d < shape.size(); ++d) info.shape[d] = shape[d];
  const auto size = tensor_size(info);
  CHECK(size.has_value());
  tensors_.push_back({std::string(name), dtype, {shape.begin(), shape.end()}, data_bytes_, *size});
  data_bytes_ += *aligned_up(*size, alignment_);
}

std::uint64_t Layout::tensor_padding(std::size_t index) const {
  const std::uint64_t size = tensors_[index].size;
  return *aligned_up(size, alignment_) - size;
}

std::string Layout::header() const {
  std::string out = "GGUF";
  append(out, std::uint32_t{3});
  append(out, std::uint64_t{tensors_.size()});
  append(out, std::uint64_t{entries_.size()});
  for (const Entry& entry : entries_) {
    append_string(out, entry.key);
    append(out, static_cast<std::uint32_t>(entry.type));
    out += entry.encoded;
  }
  for (const Tensor& tensor : tensors_) {
    append_string(out, tensor.name);
    append(out, static_cast<std::uint32_t>(tensor.shape.size()));
    for (const std::int64_t size : tensor.shape) append(out, size);
    append(out, compute::gguf_number(tensor.dtype));
    append(out, tensor.offset);
  }
  out.resize(*aligned_up(out.size(), alignment_), '\0');
  return out;
}

std::string to_bytes(const Layout& layout, std::span<const std::span<const std::byte>> tensors) {
  CHECK(tensors.size() == layout.n_tensors());
  std::string out = layout.header();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    CHECK(tensors[i].size() == layout.tensor_bytes(i));
    out.append(reinterpret_cast<const char*>(tensors[i].data()), tensors[i].size());
    out.append(layout.tensor_padding(i), '\0');
  }
  return out;
}

Result<Writer> Writer::create(const std::string& path, const Layout& layout) {
  std::unique_ptr<std::FILE, Close> file(std::fopen((path + ".partial").c_str(), "wb"));
  if (!file) return fail(disk_error("cannot create the GGUF file"));
  std::vector<std::uint64_t> sizes(layout.n_tensors());
  std::vector<std::uint64_t> paddings(layout.n_tensors());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    sizes[i] = layout.tensor_bytes(i);
    paddings[i] = layout.tensor_padding(i);
  }
  Writer writer(path, std::move(file), std::move(sizes), std::move(paddings));
  const std::string header = layout.header();
  if (auto ok = writer.put(header.data(), header.size()); !ok) return fail(std::move(ok.error()));
  return writer;
}

Writer::Writer(std::string path, std::unique_ptr<std::FILE, Close> file,
               std::vector<std::uint64_t> sizes, std::vector<std::uint64_t> paddings)
    : path_(std::move(path)),
      file_(std::move(file)),
      sizes_(std::move(sizes)),
      paddings_(std::move(paddings)) {}

Writer::~Writer() {
  if (file_) ::unlink((path_ + ".partial").c_str());
}

Status Writer::put(const void* data, std::size_t size) {
  if (std::fwrite(data, 1, size, file_.get()) != size) {
    return fail(disk_error("cannot write the GGUF file"));
  }
  return {};
}

Status Writer::write(std::span<const std::byte> bytes) {
  CHECK(current_ < sizes_.size());
  CHECK(bytes.size() <= sizes_[current_] - written_);
  if (auto ok = put(bytes.data(), bytes.size()); !ok) return ok;
  written_ += bytes.size();
  if (written_ < sizes_[current_]) return {};
  const std::string zeros(paddings_[current_], '\0');
  ++current_;
  written_ = 0;
  return put(zeros.data(), zeros.size());
}

Status Writer::finish() {
  CHECK(current_ == sizes_.size());
  const std::string partial = path_ + ".partial";
  if (std::fflush(file_.get()) != 0 || ::fsync(::fileno(file_.get())) != 0 ||
      ::rename(partial.c_str(), path_.c_str()) != 0) {
    return fail(disk_error("cannot finish the GGUF file"));
  }
  file_.reset();
  return {};
}

}  // namespace gguf
