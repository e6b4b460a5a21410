#include "api/responses/turn.h"

#include <algorithm>

#include "api/common/api_error.h"
#include "api/items/compaction.h"
#include "api/items/context.h"
#include "api/items/conversation.h"
#include "api/items/stored.h"
#include "api/responses/compaction.h"
#include "api/responses/object.h"
#include "base/json/codec.h"
#include "base/limits/response.h"
#include "base/log.h"

namespace api::responses {
namespace {

Status take_lock(store::Transaction& transaction, const store::ItemList& list,
                 const store::items::Lease& lease) {
  auto taken = store::items::acquire(transaction, list, lease);
  if (!taken && taken.error().code == ErrorCode::Conflict)
    return fail(items::conversation_locked());
  return taken;
}

base::awaitable<> lock_conversation(const Parts& parts, Turn& turn) {
  const std::string& id = turn.request.conversation->id;
  // The client's until the job exists: a crash in between must not leave it locked.
  const std::string holder = lock_holder(turn.key.id, false);
  const std::int64_t now = unix_ms(parts);
  const std::chrono::milliseconds lasts = limits::conversation_lease_time;
  const auto list = items::conversation_items(turn.key.project, id);
  auto locked = co_await parts.database.write([&](store::Transaction& tx) -> Status {
    auto found = items::find_conversation(tx, turn.key.project, id);
    if (!found) return fail(found.error());
    return take_lock(tx, list, {.holder = holder, .now_ms = now, .until_ms = now + lasts.count()});
  });
  or_throw(std::move(locked));
  turn.lock = std::make_shared<ConversationLock>(parts, list, holder);
}

// What the request stands on, in one snapshot.
Status look_up(store::Session& session, Turn& turn, std::int64_t now) {
  const CreateRequest& request = turn.request;
  if (request.conversation) {
    auto read = records::read_conversation(session, turn.key.project, request.conversation->id);
    if (!read) return fail(read.error());
    turn.conversation_end = read->end;
    turn.read = std::move(read->items);
  }
  if (request.previous_response_id) {
    auto earlier =
        records::context(session, {turn.key.project, request.previous_response_id->id}, now);
    if (!earlier) return fail(earlier.error());
    turn.read = std::move(*earlier);
  }
  items::prune_compacted(turn.read);
  turn.n_inherited = turn.read.size();
  std::vector<items::Item> own = request.input.items;
  auto resolved = items::resolve_references(
      session, {.project = turn.key.project, .stores = request.stores()}, own);
  if (!resolved) return resolved;
  turn.read.insert(turn.read.end(), own.begin(), own.end());
  return {};
}

}  // namespace

ConversationLock::~ConversationLock() {
  if (!held_) return;
  base::asio::post(
      parts_.pools.store, [database = &parts_.database, list = list_, holder = holder_] {
        auto released = database->write_blocking([&](store::Transaction& transaction) {
          return store::items::release(transaction, list, holder);
        });
        if (!released)
          LOG(Warning, "responses: a conversation stays locked: {}", released.error().message);
      });
}

base::awaitable<> ConversationLock::give_back() {
  if (!held_) co_return;
  auto released = co_await parts_.database.write([&](store::Transaction& transaction) {
    return store::items::release(transaction, list_, holder_);
  });
  held_ = !released;
}

std::string lock_holder(const std::string& response_id, bool in_background) {
  return in_background ? std::string(kJobHolder) + response_id : response_id;
}

records::Record Turn::record(bool streamed) const {
  return {.response = response,
          .streamed = streamed,
          .conversation = request.conversation ? request.conversation->id : "",
          .conversation_end = conversation_end};
}

inference::Usage Turn::usage(inference::Usage of_run) const {
  of_run.input_tokens += spent.input_tokens;
  of_run.cached_tokens += spent.cached_tokens;
  of_run.output_tokens += spent.output_tokens;
  of_run.reasoning_tokens += spent.reasoning_tokens;
  return of_run;
}

void add_tools_of_items(Turn& turn) {
  std::vector<Tool> tools = turn.request.tools.value_or(std::vector<Tool>());
  const std::size_t n_given = tools.size();
  for (std::size_t i = 0; i < turn.read.size(); ++i) {
    if (items::type_of(turn.read[i]) != "additional_tools") continue;
    const json::Path items_path{.key = "input"};
    const json::Path item_path =
        items_path.element(i >= turn.n_inherited ? i - turn.n_inherited : i);
    const json::Path path = item_path.member("tools");
    std::vector<Tool> more;
    or_throw(json::read_into(more, turn.read[i].at("tools"), path, {}));
    std::ranges::move(more, std::back_inserter(tools));
  }
  if (tools.size() > n_given) turn.request.tools = std::move(tools);
}

base::awaitable<> prepare(const Parts& parts, base::ProjectId project, CreateRequest request,
                          Turn& turn, Purpose purpose) {
  turn.family = parts.ids.family();
  turn.key = {project, parts.ids.item("resp", turn.family)};
  turn.created_at = parts.clock.unix_seconds();
  turn.request = std::move(request);
  turn.only_compacts = or_throw(items::take_trigger(turn.request.input.items));
  if (turn.request.conversation && purpose == Purpose::Run) co_await lock_conversation(parts, turn);

  const bool stands_on = turn.request.conversation || turn.request.previous_response_id ||
                         items::has_references(turn.request.input.items);
  if (stands_on) {
    auto found = co_await parts.database.read(parts.pools.store, [&](store::Session& session) {
      return look_up(session, turn, turn.created_at);
    });
    or_throw(std::move(found));
  } else {
    turn.read = std::move(turn.request.input.items);
  }
  turn.request.input.items.clear();  // they live in `read` now

  const std::span all(turn.read);
  const auto own = all.subspan(turn.n_inherited);
  for (items::Item& item : own) items::complete(item, parts.ids, turn.family);
  check_input(turn.request, own);
  or_throw(items::refuse_duplicates(all.first(turn.n_inherited), own));
  or_throw(items::check_pairs(all.first(turn.n_inherited), own));

  turn.response = begun_response(
      turn.request, {.id = turn.key.id,
                     .created_at = turn.created_at,
                     .status = turn.request.in_background() ? "queued" : "in_progress"});
  add_tools_of_items(turn);  // not shown as the request's
}

std::optional<std::int64_t> kept_until(const Parts& parts, const json::Object& response,
                                       std::int64_t now) {
  const json::Value* store = json::find(response, "store");
  if (store && store->is_bool() && !store->get_bool())
    return now + limits::unstored_response_seconds_kept;
  if (parts.seconds_kept == 0) return std::nullopt;
  return now + parts.seconds_kept;
}

namespace {

base::awaitable<agent::Task> whole_task(const Parts& parts, const Turn& turn) {
  agent::Task task = to_task(turn.request, parts.tools);
  if (turn.priority == inference::Priority::Background) task.generate.priority = turn.priority;
  for (const agent::HostedTool& hosted : task.hosted) {
    auto ready = co_await hosted.tool->ready(turn.key.project, hosted.options);
    or_throw(std::move(ready));
  }
  auto outside =
      co_await items::read_outside(parts.outside, turn.key.project, turn.read, turn.n_inherited);
  const items::Outside read = or_throw(std::move(outside));
  auto messages = or_throw(items::to_messages(turn.read, read));
  task.generate.messages = leading_messages(turn.request);
  std::ranges::move(messages, std::back_inserter(task.generate.messages));
  task.generate.project = turn.key.project;
  task.new_id = [ids = &parts.ids, family = turn.family](std::string_view type) {
    return items::new_id(*ids, type, family);
  };
  co_return task;
}

}  // namespace

base::awaitable<agent::Task> task_for(const Parts& parts, Turn& turn) {
  agent::Task task = co_await whole_task(parts, turn);
  if (turn.only_compacts) {
    inference::GenerateRequest generate = task.generate;
    Compacted compacted = co_await compact(parts, turn, std::move(generate));
    turn.compaction = std::move(compacted.item);
    turn.spent = compacted.usage;
    task.silent = true;
    co_return task;
  }
  const bool compacted = co_await compact_if_due(parts, turn, task.generate);
  if (compacted) task = co_await whole_task(parts, turn);
  co_return task;
}

Transcript transcript_for(const Parts& parts, const Turn& turn, const TranscriptUse& use) {
  TranscriptOptions options{
      .events = use.events,
      .obfuscate = use.obfuscate,
      .summaries = turn.request.reasoning && turn.request.reasoning->summary.has_value(),
      .include = turn.request.includes(),
      .family = turn.family,
      .sequence_number = use.sequence_number,
      .output_index = turn.output_index,
      .namespaces = namespaces(turn.request),
      .first = turn.compaction,
      .seal = {}};
  if (items::Sealer* sealer = parts.outside.sealer) {
    options.seal = [sealer, project = turn.key.project](std::string_view text) {
      return sealer->seal(project, text);
    };
  }
  return Transcript(std::move(options), parts.ids);
}

Status give_lock_to_job(store::Transaction& transaction, const Turn& turn, std::int64_t now_ms) {
  if (!turn.request.conversation) return {};
  const auto list = items::conversation_items(turn.key.project, turn.request.conversation->id);
  const std::chrono::milliseconds lasts = limits::background_lease_time;
  auto released = store::items::release(transaction, list, lock_holder(turn.key.id, false));
  if (!released) return released;
  return take_lock(transaction, list,
                   {.holder = lock_holder(turn.key.id, true),
                    .now_ms = now_ms,
                    .until_ms = now_ms + lasts.count()});
}

Status end_in_conversation(store::Transaction& transaction, const Turn& turn,
                           const std::vector<items::Item>& output, std::int64_t now_ms) {
  if (!turn.request.conversation) return {};
  const auto list = items::conversation_items(turn.key.project, turn.request.conversation->id);
  const std::string holder = lock_holder(turn.key.id, turn.request.in_background());
  // It may have run out while nobody else wanted it.
  auto held = take_lock(transaction, list,
                        {.holder = holder, .now_ms = now_ms, .until_ms = now_ms + 1'000});
  if (!held) return held;
  std::vector<store::Item> rows;
  const auto add = [&](const items::Item& item) {
    rows.push_back(items::to_row(item, now_ms / 1'000));
  };
  for (const auto& item : turn.own()) add(item);
  for (const auto& item : output) add(item);
  if (!rows.empty()) {
    auto appended = store::items::append(transaction, list, rows);
    if (!appended) return appended;
  }
  return store::items::release(transaction, list, holder);
}

}  // namespace api::responses
