// Contexts that have become too long: a summary by the model, sealed into a compaction item, in the
// place of what it stands for.
#pragma once

#include "api/responses/parts.h"
#include "api/responses/turn.h"
#include "inference/backend.h"

namespace api::responses {

struct Compacted {
  items::Item item;
  inference::Usage usage;  // of the summary
};

// Asks the model for a summary of what the turn reads; `generate` is the turn's own request. What
// does not fit into the model's context is left out from the beginning on. Throws ApiError.
base::awaitable<Compacted> compact(const Parts& parts, const Turn& turn,
                                   inference::GenerateRequest generate);

// `context_management`: when the turn reads more tokens than it allows, puts a compaction item into
// the place of what can go, and into `turn.compaction` for the output. True when it did. Throws
// ApiError.
base::awaitable<bool> compact_if_due(const Parts& parts, Turn& turn,
                                     const inference::GenerateRequest& generate);

}  // namespace api::responses
