// Filters on attributes as the API writes them.
#pragma once

#include "base/error.h"
#include "base/json/field.h"
#include "base/json/value.h"
#include "store/repo/attribute_filter.h"

namespace vector {

// {type: eq|ne|gt|gte|lt|lte|in|nin, key, value} or {type: and|or, filters: [...]}. Errors name the
// path. Bounded in depth and size (limits/vector.h).
Result<store::AttributeFilter> read_filter(const json::Value& value, const json::Path& path);

}  // namespace vector
