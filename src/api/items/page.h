// A page of a list of items that is in memory.
#pragma once

#include <vector>

#include "api/items/parse.h"
#include "store/repo/page.h"

namespace api::items {

// `list` oldest first. NotFound with param `after` when the cursor names nothing in it.
Result<store::Page<Item>> page_of(std::vector<Item> list, const store::PageRequest& request);

}  // namespace api::items
