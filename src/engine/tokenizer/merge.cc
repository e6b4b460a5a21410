#include "engine/tokenizer/merge.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

namespace engine::tokenizer {
namespace {

// Up to here scanning all ranks for the lowest is faster than keeping a heap.
constexpr std::size_t kShortWord = 32;

void merge_short(const MergeTable& table, std::vector<Symbol>& symbols) {
  MergeTable::Merge merges[kShortWord];  // merges[i]: of symbols i and i + 1
  std::size_t n = symbols.size();
  for (std::size_t i = 0; i + 1 < n; ++i) merges[i] = table.find(symbols[i], symbols[i + 1]);
  while (n > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < n; ++i) {
      if (merges[i].rank < merges[best].rank) best = i;
    }
    if (merges[best].rank == MergeTable::kNever) break;
    symbols[best] = merges[best].result;
    --n;
    for (std::size_t i = best + 1; i < n; ++i) symbols[i] = symbols[i + 1];
    for (std::size_t i = best; i + 1 < n; ++i) merges[i] = merges[i + 1];
    if (best > 0) merges[best - 1] = table.find(symbols[best - 1], symbols[best]);
    if (best + 1 < n) merges[best] = table.find(symbols[best], symbols[best + 1]);
  }
  symbols.resize(n);
}

// A heap of (rank, position) over a doubly linked list. An entry is stale when the rank of the pair
// that starts at its position is another by now: ranks[i] holds the current one.
void merge_long(const MergeTable& table, std::vector<Symbol>& symbols, MergeScratch& s) {
  constexpr std::uint32_t kEnd = 0xFFFFFFFF;
  const auto n = static_cast<std::uint32_t>(symbols.size());
  s.ranks.assign(n, MergeTable::kNever);
  s.results.assign(n, -1);
  s.next.resize(n);
  s.previous.resize(n);
  s.heap.clear();
  const auto refresh = [&](std::uint32_t i) {
    const std::uint32_t right = s.next[i];
    const auto found = right == kEnd ? MergeTable::Merge{} : table.find(symbols[i], symbols[right]);
    s.ranks[i] = found.rank;
    s.results[i] = found.result;
    return found.rank != MergeTable::kNever;
  };
  const auto entry = [&](std::uint32_t i) { return (std::uint64_t{s.ranks[i]} << 32) | i; };
  for (std::uint32_t i = 0; i < n; ++i) {
    s.next[i] = i + 1 < n ? i + 1 : kEnd;
    s.previous[i] = i > 0 ? i - 1 : kEnd;
    if (refresh(i)) s.heap.push_back(entry(i));
  }
  const auto later = std::greater<>();  // lowest on top
  std::ranges::make_heap(s.heap, later);
  while (!s.heap.empty()) {
    std::ranges::pop_heap(s.heap, later);
    const std::uint64_t top = s.heap.back();
    s.heap.pop_back();
    const auto left = static_cast<std::uint32_t>(top);
    if (s.ranks[left] != static_cast<std::uint32_t>(top >> 32)) continue;
    const std::uint32_t right = s.next[left];
    symbols[left] = s.results[left];
    symbols[right] = -1;
    s.ranks[right] = MergeTable::kNever;
    s.next[left] = s.next[right];
    if (s.next[left] != kEnd) s.previous[s.next[left]] = left;
    for (const std::uint32_t i : {s.previous[left], left}) {
      if (i == kEnd || !refresh(i)) continue;
      s.heap.push_back(entry(i));
      std::ranges::push_heap(s.heap, later);
    }
  }
  std::erase(symbols, -1);
}

}  // namespace

MergeTable::MergeTable(std::size_t n_merges_expected)
    : entries_(std::bit_ceil(std::max<std::size_t>(16, n_merges_expected * 2))) {}

void MergeTable::add(Symbol left, Symbol right, std::uint32_t rank, Symbol result) {
  if ((size_ + 1) * 2 > entries_.size()) grow();
  const std::uint64_t key = key_of(left, right);
  std::size_t slot = slot_of(key);
  while (entries_[slot].key != kEmpty) {
    if (entries_[slot].key == key) return;
    slot = (slot + 1) & (entries_.size() - 1);
  }
  entries_[slot] = {key, {rank, result}};
  ++size_;
}

void MergeTable::grow() {
  std::vector<Entry> old = std::exchange(entries_, std::vector<Entry>(entries_.size() * 2));
  for (const Entry& entry : old) {
    if (entry.key == kEmpty) continue;
    std::size_t slot = slot_of(entry.key);
    while (entries_[slot].key != kEmpty) slot = (slot + 1) & (entries_.size() - 1);
    entries_[slot] = entry;
  }
}

void merge(const MergeTable& table, std::vector<Symbol>& symbols, MergeScratch& scratch) {
  if (symbols.size() <= 1) return;
  if (symbols.size() <= kShortWord) {
    merge_short(table, symbols);
  } else {
    merge_long(table, symbols, scratch);
  }
}

}  // namespace engine::tokenizer
