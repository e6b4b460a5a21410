// Items as they are kept, and how they are shown again.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/items/parse.h"
#include "base/ids.h"
#include "store/repo/items.h"

namespace api::items {

// The member of a hosted call that is ours: {round, name, arguments, output}, what the model wrote
// and what it was told. Never shown.
inline constexpr std::string_view kModelCall = "model_call";

// A new id for an item of that type. `family` is the 16 hex that a response's objects share.
std::string new_id(base::IdGenerator& ids, std::string_view type, std::string_view family);

// Gives the item an id and a status where its type has them and the client gave none. Not for
// references.
void complete(Item& item, base::IdGenerator& ids, std::string_view family);

// What `include` asks for. Unknown names are the caller's to refuse (`include_names`).
struct Include {
  bool file_search_results = false;
  bool web_search_sources = false;
  bool code_outputs = false;
  bool encrypted_reasoning = false;
  bool logprobs = false;

  static Include of(const std::vector<std::string>& names);
};
// The eight names that `include` may hold, in the API's order.
std::span<const std::string_view> include_names();

// The item as a client sees it.
Item shown(const Item& item, const Include& include);

// Rows of the store and back. CorruptData for a row that is no object.
store::Item to_row(const Item& item, std::int64_t created_at);
Result<Item> from_row(const store::Item& row);
Result<std::vector<Item>> from_rows(const std::vector<store::Item>& rows);

}  // namespace api::items
