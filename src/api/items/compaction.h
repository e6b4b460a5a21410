// Compacted contexts: what stays of a conversation whose earlier items a summary stands for. Pure
// functions; asking the model is the family's business.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/items/parse.h"
#include "inference/message.h"

namespace api::items {

// Takes the item away that asks for compacting alone; false when there is none. InvalidRequest when
// it is not the last.
Result<bool> take_trigger(std::vector<Item>& items);

// Whether compacting these items would take any away: everything but messages of the user.
bool can_compact(std::span<const Item> items);

// The messages of the user, as they are, to stand before a compaction item.
std::vector<Item> user_messages(std::span<const Item> items);

// Drops what the newest compaction item stands for: all before it but the messages of the user.
void prune_compacted(std::vector<Item>& items);

// The calls of `items` that are answered in `later` and not yet here.
std::vector<Item> calls_answered_in(std::span<const Item> items, std::span<const Item> later);

// The conversation as a text to summarise, one block per message, oldest first.
std::vector<std::string> transcript_blocks(std::span<const inference::Message> messages);
// The whole of what a model is asked: the blocks and what to do with them.
std::string summary_prompt(std::span<const std::string> blocks);

// What a compaction item holds: the summary, then every call with its arguments and its output, one
// JSON line each, those of `earlier` (such a text) first. Long outputs keep their beginning and say
// how much is missing.
std::string compaction_text(std::string_view summary, std::span<const Item> items,
                            std::span<const std::string> earlier);

}  // namespace api::items
