#include "inference/stop_strings.h"

#include <algorithm>
#include <utility>

namespace inference {
namespace {

// Length of the longest suffix of `text` that is a proper prefix of `stop`.
std::size_t overlap(std::string_view text, std::string_view stop) {
  for (std::size_t n = std::min(text.size(), stop.size() - 1); n > 0; --n) {
    if (text.ends_with(stop.substr(0, n))) return n;
  }
  return 0;
}

}  // namespace

std::string StopStrings::push(std::string_view piece) {
  if (stopped_) return {};
  if (stops_.empty()) return std::string(piece);

  std::string text = std::exchange(held_, {}) + std::string(piece);
  std::size_t first = std::string::npos;
  std::size_t keep = 0;
  for (const std::string& stop : stops_) {
    if (stop.empty()) continue;
    first = std::min(first, text.find(stop));
    keep = std::max(keep, overlap(text, stop));
  }
  if (first != std::string::npos) {
    stopped_ = true;
    text.resize(first);
    return text;
  }
  held_ = text.substr(text.size() - keep);
  text.resize(text.size() - keep);
  return text;
}

std::string StopStrings::flush() {
  return stopped_ ? std::string() : std::exchange(held_, {});
}

}  // namespace inference
