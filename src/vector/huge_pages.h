// Memory for arrays that are read from end to end, in pages of 2 MiB: with pages of 4 KiB, half of
// the time of reading goes into finding the pages.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace vector {

// For std::vector, so it throws what that expects. Small arrays are where all others are.
template <class T>
struct HugePages {
  using value_type = T;
  static constexpr std::size_t kPage = 2 * 1024 * 1024;

  T* allocate(std::size_t n) {
    const std::size_t bytes = n * sizeof(T);
    if (bytes < kPage) return static_cast<T*>(::operator new(bytes));
    const std::size_t pages = (bytes + kPage - 1) / kPage;
    void* memory = std::aligned_alloc(kPage, pages * kPage);
    if (memory == nullptr) throw std::bad_alloc();
    ::madvise(memory, pages * kPage, MADV_HUGEPAGE);  // a wish: slower where it is not heard
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t n) {
    if (n * sizeof(T) < kPage) return ::operator delete(memory);
    std::free(memory);
  }
  bool operator==(const HugePages&) const = default;
};

}  // namespace vector
