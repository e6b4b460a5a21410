// Pages of equal size in one arena, counted by who refers to them. Knows nothing of their contents.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"

namespace engine {

using PageId = std::int32_t;
inline constexpr PageId kNoPage = -1;

// Owned by the KvCache; engine thread only. The arena is reserved at once and becomes memory as
// pages are first written.
// Invariant: a page is free exactly when nobody refers to it.
class PagePool {
 public:
  // ResourceExhausted when the address space is not to be had.
  static Result<PagePool> create(std::size_t page_bytes, std::size_t page_count);
  PagePool(PagePool&& other) noexcept;
  PagePool& operator=(PagePool&& other) noexcept;
  ~PagePool();

  // A page with one reference and unspecified contents; empty when all are taken.
  std::optional<PageId> allocate();
  void retain(PageId page);
  void release(PageId page);
  int references(PageId page) const { return references_[page]; }

  std::byte* bytes(PageId page) const {
    return arena_ + static_cast<std::size_t>(page) * page_bytes_;
  }
  std::size_t page_bytes() const { return page_bytes_; }
  std::size_t page_count() const { return references_.size(); }
  std::size_t free_count() const { return free_.size(); }
  // Pages that were used at some time: the arena's rest is no memory yet.
  std::size_t touched_count() const { return touched_; }

 private:
  PagePool(std::byte* arena, std::size_t page_bytes, std::size_t page_count);

  std::byte* arena_ = nullptr;
  std::size_t page_bytes_ = 0;
  std::vector<std::int32_t> references_;  // [page_count]
  std::vector<PageId> free_;              // last freed is reused first: it is warm
  std::size_t touched_ = 0;
};

}  // namespace engine
