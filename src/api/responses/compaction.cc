#include "api/responses/compaction.h"

#include <algorithm>

#include "api/common/api_error.h"
#include "api/items/compaction.h"
#include "api/items/stored.h"
#include "api/responses/object.h"
#include "base/limits/item.h"

namespace api::responses {
namespace {

using base::awaitable;

std::int64_t context_tokens(const Parts& parts, const std::string& model) {
  const auto models = parts.backend.models();
  const auto found = std::ranges::find(models, model, &inference::ModelInfo::id);
  return found == models.end() ? 0 : found->context_tokens;
}

awaitable<std::int64_t> count(const Parts& parts, inference::GenerateRequest generate) {
  const std::string model = generate.model;
  auto counted = co_await parts.backend.count_tokens(std::move(generate));
  if (!counted) throw ApiError(for_responses(std::move(counted.error()), model));
  co_return *counted;
}

// A request for a summary that fits, without the earliest blocks if it must be.
awaitable<inference::GenerateRequest> summary_request(const Parts& parts,
                                                      inference::GenerateRequest turn) {
  const std::vector<std::string> blocks = items::transcript_blocks(turn.messages);
  const std::int64_t context = context_tokens(parts, turn.model);
  inference::GenerateRequest request;
  request.model = turn.model;
  request.project = turn.project;
  request.cache_key = turn.cache_key;
  request.sampling.temperature = 0;
  request.sampling.tokens_max = limits::compaction_tokens_max;
  if (context > 0)
    request.sampling.tokens_max = std::min(limits::compaction_tokens_max, context / 4 + 1);

  for (std::size_t first = 0;;) {
    const std::span<const std::string> rest = std::span(blocks).subspan(first);
    request.messages = {
        inference::text_message(inference::Role::User, items::summary_prompt(rest))};
    if (context == 0 || rest.size() <= 1) break;
    const std::int64_t tokens = co_await count(parts, request);
    if (tokens + *request.sampling.tokens_max <= context) break;
    first += (rest.size() + 3) / 4;
  }
  co_return request;
}

}  // namespace

awaitable<Compacted> compact(const Parts& parts, const Turn& turn,
                             inference::GenerateRequest generate) {
  if (!parts.outside.sealer)
    reject(ErrorCode::Unsupported, "This server cannot seal compacted contexts.");
  std::vector<std::string> earlier;
  for (const auto& item : turn.read) {
    if (items::type_of(item) != "compaction") continue;
    earlier.push_back(or_throw(parts.outside.sealer->open(
        turn.key.project, json::string_or(item, "encrypted_content"), items::id_of(item))));
  }
  const std::string model = generate.model;
  auto request = co_await summary_request(parts, std::move(generate));
  auto started = co_await parts.backend.generate(std::move(request));
  if (!started) throw ApiError(for_responses(std::move(started.error()), model));
  std::string summary;
  Compacted out;
  while (true) {
    const inference::Event event = co_await (*started)->next();
    if (const auto* failed = std::get_if<inference::Failed>(&event))
      throw ApiError(for_responses(failed->error, model));
    if (const auto* text = std::get_if<inference::TextDelta>(&event)) summary += text->text;
    if (const auto* end = std::get_if<inference::Finished>(&event)) {
      out.usage = end->usage;
      break;
    }
  }
  const std::string text = items::compaction_text(summary, turn.read, earlier);
  out.item = {{"id", items::new_id(parts.ids, "compaction", turn.family)},
              {"type", "compaction"},
              {"encrypted_content", parts.outside.sealer->seal(turn.key.project, text)}};
  co_return out;
}

awaitable<bool> compact_if_due(const Parts& parts, Turn& turn,
                               const inference::GenerateRequest& generate) {
  const auto& management = turn.request.context_management;
  if (!management || management->empty() || turn.compaction) co_return false;
  const auto& threshold = management->front().compact_threshold;
  const std::int64_t tokens_max =
      threshold.value_or(context_tokens(parts, turn.request.model) * 4 / 5);
  const auto inherited = std::span(turn.read).first(turn.n_inherited);
  if (!items::can_compact(inherited)) co_return false;
  const std::int64_t tokens = co_await count(parts, generate);
  if (tokens <= tokens_max) co_return false;

  Compacted compacted = co_await compact(parts, turn, generate);
  const std::vector<items::Item> own = turn.own();
  std::vector<items::Item> read = items::user_messages(inherited);
  read.push_back(compacted.item);
  std::ranges::move(items::calls_answered_in(inherited, own), std::back_inserter(read));
  turn.n_inherited = read.size();
  read.insert(read.end(), own.begin(), own.end());
  turn.read = std::move(read);
  turn.compaction = std::move(compacted.item);
  turn.spent = compacted.usage;
  co_return true;
}

}  // namespace api::responses
