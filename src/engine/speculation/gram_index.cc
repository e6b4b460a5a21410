#include "engine/speculation/gram_index.h"

#include <algorithm>
#include <bit>

#include "engine/sampling/counter_random.h"

namespace engine {
namespace {

constexpr std::size_t kPlacesMin = 256;

}  // namespace

std::size_t GramIndex::place(std::span<const TokenId> run) const {
  std::uint64_t hash = 0;
  for (const TokenId token : run) hash = mix_bits(hash ^ static_cast<std::uint32_t>(token));
  return static_cast<std::size_t>(hash) & (ends_.size() - 1);
}

void GramIndex::cover(std::span<const TokenId> text) {
  if (2 * text.size() > ends_.size()) {  // four places a token from here on, two at least
    ends_.assign(std::max(kPlacesMin, std::bit_ceil(4 * text.size())), 0);
    covered_ = 0;
  }
  for (std::size_t end = std::max(run_, covered_ + 1); end <= text.size(); ++end) {
    ends_[place(text.subspan(end - run_, run_))] = static_cast<std::uint32_t>(end);
  }
  covered_ = std::max(covered_, text.size());
}

std::size_t GramIndex::find(std::span<const TokenId> text, std::span<const TokenId> tokens) const {
  if (tokens.size() < run_ || ends_.empty()) return 0;
  const auto wanted = tokens.last(run_);
  const std::size_t end = ends_[place(wanted)];
  if (end == 0 || !std::ranges::equal(text.subspan(end - run_, run_), wanted)) return 0;
  return end;
}

}  // namespace engine
