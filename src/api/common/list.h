// List endpoints: the query of a page, and the envelope {object:"list", data, first_id, last_id,
// has_more}.
#pragma once

#include <string>
#include <vector>

#include "base/json/value.h"
#include "http/request.h"
#include "store/repo/page.h"

namespace api {

struct PageRules {
  std::size_t limit_default = 20;
  std::size_t limit_max = 100;
  store::Order order = store::Order::Descending;
  bool before = false;  // whether the endpoint has a `before` cursor
};

// Reads limit, order, after and before. Throws ApiError with the real API's texts.
store::PageRequest page_request(const http::Request& request, const PageRules& rules);

// The envelope as JSON text. `objects` in page order, each with its id. The ids of an empty page
// are
// "", which the description's types ask for and which ends every client's paging.
struct ListedObject {
  std::string id;
  json::Value object;
};
std::string list_body(const std::vector<ListedObject>& objects, bool has_more);

}  // namespace api
