// What a model is to read, as a whole: earlier items, then those of the request.
#pragma once

#include <span>
#include <vector>

#include "api/items/parse.h"
#include "base/ids.h"
#include "store/db/session.h"

namespace api::items {

struct ResolveOptions {
  base::ProjectId project;
  bool stores = true;  // whether this request stores: the error for an unknown id says so
};
// Puts the stored item in the place of each reference, and of each reasoning item that was sent by
// its id alone. NotFound, as the real API words it.
Status resolve_references(store::Session& session, const ResolveOptions& options,
                          std::vector<Item>& items);
// Whether `resolve_references` would look anything up.
bool has_references(std::span<const Item> items);

// `own`: the request's items, completed; `inherited`: what comes before them.
Status refuse_duplicates(std::span<const Item> inherited, std::span<const Item> own);

// Every call has its output and every output its call, over the whole context; a reasoning item of
// the request is followed by what it was about.
Status check_pairs(std::span<const Item> inherited, std::span<const Item> own);

}  // namespace api::items
