#include "compute/gguf/split.h"

#include <charconv>
#include <string_view>

#include <fmt/format.h>

namespace gguf {
namespace {

constexpr std::string_view kTail = "-00001-of-00003.gguf";
constexpr std::size_t kDigits = 5;

std::optional<std::uint32_t> digits(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<SplitName> SplitName::from_path(const std::string& path) {
  if (path.size() < kTail.size()) return std::nullopt;
  const std::string_view tail = std::string_view(path).substr(path.size() - kTail.size());
  const auto number = digits(tail.substr(1, kDigits));
  const auto count = digits(tail.substr(10, kDigits));
  if (!number || !count || tail[0] != '-' || tail.substr(6, 4) != "-of-" ||
      tail.substr(15) != ".gguf") {
    return std::nullopt;
  }
  return SplitName{path.substr(0, path.size() - kTail.size()), *number, *count};
}

std::string SplitName::path_of(std::uint32_t part_number) const {
  return fmt::format("{}-{:05}-of-{:05}.gguf", prefix, part_number, count);
}

}  // namespace gguf
