// Files in chat messages: their text in the place of the part.
#pragma once

#include "api/chat/types.h"
#include "api/items/outside.h"

namespace api::chat {

// Reads every file part of the user's messages; the parts are then texts. Throws ApiError with the
// path of what cannot be read.
base::awaitable<> read_files(items::PartReader& reader, base::ProjectId project,
                             CreateRequest& request);

}  // namespace api::chat
