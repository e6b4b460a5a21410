// Ordered items of conversations and responses, and the lease by which one running response at a
// time appends to a conversation. Knows an item's id and position, not its shape.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/db/session.h"
#include "store/repo/page.h"

namespace store {

// `owner`: the id of the conversation or response, with a suffix where one object has several lists
// ("resp_1/input").
struct ItemList {
  base::ProjectId project;
  std::string owner;
};

struct Item {
  std::string id;
  std::int64_t created_at = 0;  // Unix seconds
  std::string body = {};        // JSON
  std::int64_t position = 0;    // 0, 1, 2... in the order of appending; set by append
};

namespace items {

// Appends in order at the end of the list, which need not exist; positions follow each other
// without gaps whoever appends at the same time. Conflict when the list has an item of that id:
// nothing is appended then.
Status append(Transaction& transaction, const ItemList& list, std::vector<Item>& items);

Result<Item> get(Session& session, const ItemList& list, const std::string& id);
// The newest item of that id in any list of the project, for item references.
Result<Item> find(Session& session, const base::ProjectId& project, const std::string& id);

// NotFound with param `after` or `before` when the cursor names nothing in this list.
Result<Page<Item>> page(Session& session, const ItemList& list, const PageRequest& request);
// All of them, oldest first.
Result<std::vector<Item>> all(Session& session, const ItemList& list);
Result<std::int64_t> count(Session& session, const ItemList& list);

// The positions of the others do not change, and the removed one is not given out again.
Status remove(Transaction& transaction, const ItemList& list, const std::string& id);
// The whole list with its lease. Nothing to remove is fine.
Status remove_all(Transaction& transaction, const ItemList& list);

// The lock of a list. `holder` is whoever runs (a response's id): taking it again extends it.
struct Lease {
  std::string holder;
  std::int64_t now_ms = 0;  // Unix milliseconds
  std::int64_t until_ms = 0;
};
// Conflict while another holder's lease lasts.
Status acquire(Transaction& transaction, const ItemList& list, const Lease& lease);
// Nothing happens when `holder` does not hold it.
Status release(Transaction& transaction, const ItemList& list, const std::string& holder);
// At start, when nobody else can be alive: the leases of all holders but those whose names begin
// with `kept` are void.
Status release_others(Transaction& transaction, std::string_view kept);
// Conflict when `holder` does not hold it (any more): for fencing a write in its transaction.
Status check_held(Session& session, const ItemList& list, const std::string& holder);

}  // namespace items
}  // namespace store
