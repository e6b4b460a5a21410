// A page of a list, the way every list endpoint asks for one.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace store {

enum class Order { Ascending, Descending };

// Cursors are ids and exclusive. `after` alone continues forward in `order`; `before` alone gives
// the `limit` entries directly before it; both bound the page from both sides.
struct PageRequest {
  std::size_t limit = 20;
  Order order = Order::Descending;
  std::optional<std::string> after = {};
  std::optional<std::string> before = {};
};

template <class T>
struct Page {
  std::vector<T> entries;  // in `order`
  bool has_more = false;   // beyond the last entry (with `before` alone: beyond the first)
};

}  // namespace store
