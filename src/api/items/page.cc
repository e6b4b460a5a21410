#include "api/items/page.h"

#include <algorithm>

#include <fmt/format.h>

namespace api::items {

Result<store::Page<Item>> page_of(std::vector<Item> list, const store::PageRequest& request) {
  if (request.order == store::Order::Descending) std::ranges::reverse(list);
  auto first = list.begin();
  if (request.after) {
    first =
        std::ranges::find_if(list, [&](const Item& item) { return id_of(item) == *request.after; });
    if (first == list.end()) {
      return fail(ErrorCode::NotFound, fmt::format("Item with id '{}' not found.", *request.after),
                  "after");
    }
    ++first;
  }
  const auto left = static_cast<std::size_t>(list.end() - first);
  const auto n = std::min(left, request.limit);
  store::Page<Item> out;
  out.has_more = left > n;
  std::move(first, first + static_cast<std::ptrdiff_t>(n), std::back_inserter(out.entries));
  return out;
}

}  // namespace api::items
