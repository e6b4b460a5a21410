// libFuzzer: any bytes parse to a File whose views all lie inside them, or to CorruptData.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "compute/gguf/file.h"
#include "compute/gguf/writer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto file = gguf::File::parse(bytes);
  if (!file) {
    CHECK(file.error().code == ErrorCode::CorruptData);
    return 0;
  }
  const auto inside = [&](std::span<const std::byte> part) {
    return part.empty() || (part.data() >= bytes.data() &&
                            part.data() + part.size() <= bytes.data() + bytes.size());
  };
  std::size_t sum = 0;
  for (const gguf::MetadataEntry& entry : file->metadata()) {
    CHECK(inside(entry.value.encoded));
    CHECK(file->value(entry.key) == &entry.value);
    for (const auto text : entry.value.strings) CHECK(inside(std::as_bytes(std::span(text))));
    if (const auto numbers = gguf::convert<std::vector<std::int64_t>>(entry.value)) {
      sum += numbers->size();
    }
    if (const auto numbers = gguf::convert<std::vector<float>>(entry.value)) sum += numbers->size();
    sum += gguf::convert<std::uint32_t>(entry.value).value_or(0);
  }
  for (const gguf::TensorInfo& tensor : file->tensors()) {
    CHECK(inside(tensor.bytes));
    CHECK(*file->tensor(tensor.name) == &tensor);
    if (!tensor.bytes.empty()) sum += static_cast<std::size_t>(tensor.bytes.back());
  }
  gguf::Layout copy;
  copy.copy_metadata(*file);
  const std::string copied = gguf::to_bytes(copy, {});
  CHECK(gguf::File::parse(std::as_bytes(std::span(copied))).has_value());
  return sum == ~std::size_t{0};
}
