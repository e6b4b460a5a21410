// `include` in a query: `include[]=a&include[]=b`, repeated `include=a`, or `include=a,b`.
#pragma once

#include "api/items/stored.h"
#include "http/query.h"

namespace api::items {

// Throws ApiError for a name that is none.
Include include_query(const http::Query& query);

}  // namespace api::items
