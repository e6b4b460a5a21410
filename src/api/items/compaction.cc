#include "api/items/compaction.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "api/items/item_types.h"
#include "api/items/stored.h"
#include "base/encoding.h"
#include "base/limits/item.h"

namespace api::items {
namespace {

constexpr std::string_view kSummaryHead = "Summary of the conversation so far:\n";
constexpr std::string_view kCallsHead = "\n\nCalls made so far, exactly:\n";

bool is_user_message(const Item& item) {
  return type_of(item) == "message" && json::string_or(item, "role") == "user";
}

// Of a call or an output that a client's tool made; nullptr for other types.
const CallPair* pair_of(std::string_view type) {
  const auto pairs = call_pairs();
  const auto found = std::ranges::find_if(
      pairs, [&](const CallPair& pair) { return pair.call == type || pair.output == type; });
  return found == pairs.end() ? nullptr : &*found;
}

std::string text_of_value(const json::Value* value) {
  if (!value) return "";
  if (const auto* text = value->if_string()) return std::string(*text);
  return json::dump(*value);
}

std::string shortened(std::string text) {
  if (text.size() <= limits::compacted_output_bytes_max) return text;
  const std::size_t size = text.size();
  text.resize(limits::compacted_output_bytes_max);
  text.resize(base::utf8_complete_prefix(text));
  return fmt::format("{}... ({} more bytes)", text, size - text.size());
}

// The line of a client's call, without its output; or of a hosted call with it.
json::Object call_line(const Item& item) {
  if (const json::Value* call = json::find(item, kModelCall); call && call->is_object()) {
    const json::Object& said = call->get_object();
    return {{"name", json::string_or(said, "name")},
            {"arguments", json::string_or(said, "arguments")},
            {"output", shortened(std::string(json::string_or(said, "output")))}};
  }
  const json::Value* arguments = json::find(item, "arguments");
  if (!arguments) arguments = json::find(item, "input");
  if (!arguments) arguments = json::find(item, "action");
  return {{"call_id", json::string_or(item, "call_id")},
          {"name", json::string_or(item, "name", type_of(item))},
          {"arguments", text_of_value(arguments)}};
}

std::string_view calls_of(std::string_view text) {
  const auto at = text.rfind(kCallsHead);
  return at == std::string_view::npos ? std::string_view() : text.substr(at + kCallsHead.size());
}

std::string_view speaker(inference::Role role) {
  switch (role) {
    case inference::Role::System:
    case inference::Role::Developer: return "instructions";
    case inference::Role::User: return "user";
    case inference::Role::Assistant: return "assistant";
    case inference::Role::Tool: return "tool";
  }
  return "user";
}

}  // namespace

Result<bool> take_trigger(std::vector<Item>& items) {
  const auto found = std::ranges::find(items, "compaction_trigger", type_of);
  if (found == items.end()) return false;
  if (std::next(found) != items.end()) {
    return fail(ErrorCode::InvalidRequest,
                "An item of type 'compaction_trigger' must be the last of the input.",
                fmt::format("input[{}]", found - items.begin()), "invalid_value");
  }
  items.pop_back();
  return true;
}

bool can_compact(std::span<const Item> items) {
  return std::ranges::any_of(items, [](const Item& item) {
    return !is_user_message(item) && type_of(item) != "compaction";
  });
}

std::vector<Item> user_messages(std::span<const Item> items) {
  std::vector<Item> out;
  std::ranges::copy_if(items, std::back_inserter(out), is_user_message);
  return out;
}

void prune_compacted(std::vector<Item>& items) {
  const auto newest = std::find_if(items.rbegin(), items.rend(),
                                   [](const Item& item) { return type_of(item) == "compaction"; });
  if (newest == items.rend()) return;
  const auto end = std::prev(newest.base());  // the item itself
  items.erase(
      std::remove_if(items.begin(), end, [](const Item& item) { return !is_user_message(item); }),
      end);
}

std::vector<Item> calls_answered_in(std::span<const Item> items, std::span<const Item> later) {
  std::set<std::string_view> answered;
  for (const Item& item : later) {
    const CallPair* pair = pair_of(type_of(item));
    if (pair && pair->output == type_of(item)) answered.insert(json::string_or(item, "call_id"));
  }
  std::vector<Item> out;
  for (const Item& item : items) {
    const CallPair* pair = pair_of(type_of(item));
    if (pair && pair->call == type_of(item) && answered.contains(json::string_or(item, "call_id")))
      out.push_back(item);
  }
  return out;
}

std::vector<std::string> transcript_blocks(std::span<const inference::Message> messages) {
  std::vector<std::string> blocks;
  for (const auto& message : messages) {
    std::string block = fmt::format("[{}]\n{}", speaker(message.role), inference::text_of(message));
    for (const auto& call : message.tool_calls)
      block += fmt::format("\n(called {} with {})", call.name, shortened(call.arguments));
    blocks.push_back(std::move(block));
  }
  return blocks;
}

std::string summary_prompt(std::span<const std::string> blocks) {
  std::string out = "Here is a conversation between a user and an assistant.\n\n";
  for (const auto& block : blocks) out += block + "\n\n";
  return out +
         "---\nSummarise this conversation so that the assistant can go on without its earlier "
         "messages. Say what the user wants, what was decided and done, which facts, names and "
         "numbers matter, and what is still open. Write only the summary.";
}

std::string compaction_text(std::string_view summary, std::span<const Item> items,
                            std::span<const std::string> earlier) {
  std::string lines;
  for (const auto& text : earlier) lines += calls_of(text);
  std::map<std::string, std::string, std::less<>> outputs;
  for (const Item& item : items) {
    const CallPair* pair = pair_of(type_of(item));
    if (pair && pair->output == type_of(item))
      outputs[std::string(json::string_or(item, "call_id"))] =
          shortened(text_of_value(json::find(item, "output")));
  }
  for (const Item& item : items) {
    const CallPair* pair = pair_of(type_of(item));
    const bool clients = pair && pair->call == type_of(item);
    if (!clients && !item.contains(kModelCall)) continue;
    json::Object line = call_line(item);
    const auto output = outputs.find(json::string_or(item, "call_id"));
    if (clients && output != outputs.end()) line["output"] = output->second;
    lines += json::dump(line) + "\n";
  }
  std::string out = std::string(kSummaryHead) + std::string(summary);
  if (!lines.empty()) out += std::string(kCallsHead) + lines;
  return out;
}

}  // namespace api::items
