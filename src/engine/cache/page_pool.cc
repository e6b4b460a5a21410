#include "engine/cache/page_pool.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"

namespace engine {

Result<PagePool> PagePool::create(std::size_t page_bytes, std::size_t page_count) {
  const std::size_t bytes_max = std::numeric_limits<std::size_t>::max() / 4;
  if (page_count > static_cast<std::size_t>(std::numeric_limits<PageId>::max()) ||
      (page_bytes > 0 && page_count > bytes_max / page_bytes)) {
    return fail(ErrorCode::ResourceExhausted,
                fmt::format("{} cache pages of {} bytes are too many", page_count, page_bytes));
  }
  if (page_bytes == 0 || page_count == 0) return PagePool(nullptr, page_bytes, page_count);
  void* arena = mmap(nullptr, page_bytes * page_count, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (arena == MAP_FAILED) {
    return fail(ErrorCode::ResourceExhausted,
                fmt::format("no memory for {} cache pages of {} bytes", page_count, page_bytes));
  }
  madvise(arena, page_bytes * page_count, MADV_HUGEPAGE);  // a wish; refusal costs speed only
  return PagePool(static_cast<std::byte*>(arena), page_bytes, page_count);
}

PagePool::PagePool(std::byte* arena, std::size_t page_bytes, std::size_t page_count)
    : arena_(arena), page_bytes_(page_bytes), references_(page_count) {
  free_.reserve(page_count);
  for (std::size_t i = page_count; i > 0; --i) free_.push_back(static_cast<PageId>(i - 1));
}

PagePool::PagePool(PagePool&& other) noexcept
    : arena_(std::exchange(other.arena_, nullptr)),
      page_bytes_(other.page_bytes_),
      references_(std::move(other.references_)),
      free_(std::move(other.free_)),
      touched_(other.touched_) {}

PagePool& PagePool::operator=(PagePool&& other) noexcept {
  std::swap(arena_, other.arena_);
  std::swap(page_bytes_, other.page_bytes_);
  std::swap(references_, other.references_);
  std::swap(free_, other.free_);
  std::swap(touched_, other.touched_);
  return *this;
}

PagePool::~PagePool() {
  if (arena_ != nullptr) munmap(arena_, page_bytes_ * references_.size());
}

std::optional<PageId> PagePool::allocate() {
  if (free_.empty()) return std::nullopt;
  const PageId page = free_.back();
  free_.pop_back();
  references_[page] = 1;
  touched_ = std::max(touched_, static_cast<std::size_t>(page) + 1);
  return page;
}

void PagePool::retain(PageId page) {
  CHECK(references_[page] > 0);
  ++references_[page];
}

void PagePool::release(PageId page) {
  CHECK(references_[page] > 0);
  if (--references_[page] == 0) free_.push_back(page);
}

}  // namespace engine
