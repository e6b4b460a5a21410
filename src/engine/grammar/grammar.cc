#include "engine/grammar/grammar.h"

namespace engine::grammar {
namespace {

constexpr std::size_t kMaskBytesMax = 4 * 1024 * 1024;  // per grammar and vocabulary
constexpr std::size_t kTermBytes = 120, kNodeBytes = 64, kStateBytes = 200;  // with their indices

}  // namespace

bool Grammar::exhausted() const {
  std::scoped_lock lock(mutex_);
  const Tables& tables = *parts_.tables;
  return tables.terms.exhausted() || tables.nodes.exhausted() || tables.shapes.exhausted();
}

std::size_t Grammar::bytes() const {
  std::scoped_lock lock(mutex_);
  const Tables& tables = *parts_.tables;
  std::size_t bytes = tables.terms.size() * kTermBytes + tables.nodes.size() * kNodeBytes +
                      tables.languages.n_states() * kStateBytes;
  for (const auto& [vocabulary, masks] : masks_) bytes += masks->bytes();
  return bytes;
}

MaskTable& Grammar::masks(const std::shared_ptr<const Vocabulary>& vocabulary) const {
  auto& table = masks_[vocabulary];
  if (!table) table = std::make_unique<MaskTable>(*parts_.tables, *vocabulary, kMaskBytesMax);
  return *table;
}

}  // namespace engine::grammar
