// Byte-pair merging: given which neighbouring symbols may join and in what order of preference,
// joins until nothing can. Symbols are numbers; what they spell is the caller's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace engine::tokenizer {

using Symbol = std::int32_t;  // >= 0

// Which pairs may join. Build first, then read from any thread.
class MergeTable {
 public:
  struct Merge {
    std::uint32_t rank = kNever;  // lower joins first
    Symbol result = -1;
  };
  static constexpr std::uint32_t kNever = 0xFFFFFFFF;

  explicit MergeTable(std::size_t n_merges_expected = 0);

  // The first rule given for a pair stays. `rank` < kNever.
  void add(Symbol left, Symbol right, std::uint32_t rank, Symbol result);
  Merge find(Symbol left, Symbol right) const {
    const std::uint64_t key = key_of(left, right);
    for (std::size_t slot = slot_of(key);; slot = (slot + 1) & (entries_.size() - 1)) {
      const Entry& entry = entries_[slot];
      if (entry.key == key) return entry.merge;
      if (entry.key == kEmpty) return {};
    }
  }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
  struct Entry {
    std::uint64_t key = kEmpty;
    Merge merge;
  };
  static std::uint64_t key_of(Symbol left, Symbol right) {
    return (std::uint64_t{static_cast<std::uint32_t>(left)} << 32) |
           static_cast<std::uint32_t>(right);
  }
  std::size_t slot_of(std::uint64_t key) const {
    key ^= key >> 29;
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15U) >> 24) & (entries_.size() - 1);
  }
  void grow();

  std::vector<Entry> entries_;  // size is a power of two, at most half full
  std::size_t size_ = 0;
};

// Joins `symbols` in place: again and again the pair of lowest rank, the leftmost of equals. Short
// words O(n^2) on a few cache lines, long ones O(n log n); `scratch` only saves allocations.
struct MergeScratch {
  std::vector<std::uint32_t> ranks;
  std::vector<Symbol> results;
  std::vector<std::uint32_t> next;
  std::vector<std::uint32_t> previous;
  std::vector<std::uint64_t> heap;
};
void merge(const MergeTable& table, std::vector<Symbol>& symbols, MergeScratch& scratch);

}  // namespace engine::tokenizer
