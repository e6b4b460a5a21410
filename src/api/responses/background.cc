#include "api/responses/background.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>

#include <algorithm>
#include <exception>

#include "api/common/api_error.h"
#include "api/items/compaction.h"
#include "api/items/conversation.h"
#include "api/responses/ending.h"
#include "api/responses/object.h"
#include "base/limits/response.h"
#include "base/log.h"

namespace api::responses {

namespace asio = base::asio;
using namespace asio::experimental::awaitable_operators;

namespace {

constexpr const char* kJobKind = "response";
constexpr auto kFollowInterval = std::chrono::seconds(1);

std::vector<store::StreamEvent> to_rows(const std::vector<WireEvent>& events) {
  std::vector<store::StreamEvent> rows;
  rows.reserve(events.size());
  for (const WireEvent& event : events) rows.push_back({event.sequence_number, event.body});
  return rows;
}

// Conflict when it was cancelled or deleted meanwhile: whoever did that has written its end.
Result<records::Stored> get_running(store::Transaction& transaction, const records::Key& key,
                                    std::int64_t now) {
  auto stored = records::get(transaction, key, now);
  if (!stored && stored.error().code == ErrorCode::NotFound)
    return fail(ErrorCode::Conflict, "The response is gone.");
  if (!stored) return stored;
  if (is_terminal(stored->record.response))
    return fail(ErrorCode::Conflict, "The response has ended.");
  return stored;
}

// What an attempt before this one has shown.
struct Shown {
  std::int64_t last = -1;        // sequence number
  std::size_t items = 0;         // output items begun
  json::Object unfinished = {};  // the `added` event of the one that never was done
};

Result<Shown> read_shown(store::Session& session, const records::Key& key) {
  Shown out;
  while (true) {
    auto rows = store::events::read(session, records::stream_of(key), out.last + 1,
                                    limits::response_events_per_read);
    if (!rows) return fail(rows.error());
    if (rows->empty()) return out;
    for (const auto& row : *rows) {
      out.last = row.sequence_number;
      auto event = json::parse(row.body);
      if (!event || !event->is_object())
        return fail(ErrorCode::CorruptData, "A stored event does not hold together.");
      const std::string_view type = json::string_or(event->get_object(), "type");
      if (type == "response.output_item.added") {
        ++out.items;
        out.unfinished = std::move(event->get_object());
      } else if (type == "response.output_item.done") {
        out.unfinished.clear();
      }
    }
  }
}

// Goes on behind that: the item that was cut off is done, as incomplete, and `in_progress` with an
// empty output takes back what was said so far.
std::vector<store::StreamEvent> take_back(Shown shown, Transcript& transcript,
                                          const json::Object& response) {
  std::vector<store::StreamEvent> rows;
  if (!shown.unfinished.empty()) {
    json::Object done = std::move(shown.unfinished);
    done["type"] = "response.output_item.done";
    done["sequence_number"] = shown.last + 1;
    json::Object& item = done["item"].as_object();
    if (item.contains("status")) item["status"] = "incomplete";
    rows.push_back({shown.last + 1, json::dump(done)});
  }
  transcript.lifecycle("in_progress", response);
  std::ranges::move(to_rows(transcript.take_events()), std::back_inserter(rows));
  return rows;
}

}  // namespace

// Takes the events of a run and writes them as rows, many to a commit, while the run goes on.
// Observer and writer share the job's executor.
class Background::Writer final : public agent::Observer {
 public:
  Writer(Background& background, jobs::Attempt& attempt, const records::Key& key,
         Transcript& transcript, asio::any_io_executor executor)
      : background_(background),
        attempt_(attempt),
        key_(key),
        transcript_(transcript),
        changed_(std::move(executor)) {}

  base::awaitable<> on(agent::Event event) override {
    ending_.add(std::move(event), transcript_);
    take();
    co_return;
  }

  void take() {
    for (WireEvent& event : transcript_.take_events()) pending_.push_back(std::move(event));
    changed_.cancel();
  }

  base::awaitable<> produce(agent::Run& run) {
    co_await run.proceed(*this);
    done_ = true;
    changed_.cancel();
  }

  // Until the run is done and all of it is on disk. Its failure ends the run.
  base::awaitable<> write() {
    while (true) {
      if (pending_.empty() && done_) co_return;
      if (pending_.empty()) {
        changed_.expires_at(asio::steady_timer::time_point::max());
        boost::system::error_code ignored;
        co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        continue;
      }
      const std::size_t n = std::min(pending_.size(), limits::response_events_per_write);
      const auto rows = to_rows({pending_.begin(), pending_.begin() + static_cast<long>(n)});
      pending_.erase(pending_.begin(), pending_.begin() + static_cast<long>(n));
      auto append = [this, &rows](store::Transaction& tx) -> Status {
        auto running = get_running(tx, key_, background_.parts_.clock.unix_seconds());
        if (!running) return fail(running.error());
        return store::events::append(tx, records::stream_of(key_), rows);
      };
      auto written = co_await attempt_.write(std::move(append));
      if (!written) throw ApiError(written.error());
      background_.announcements_.announce(key_.id);
    }
  }

  const Ending& ending() const { return ending_; }

 private:
  Background& background_;
  jobs::Attempt& attempt_;
  const records::Key key_;
  Transcript& transcript_;
  asio::steady_timer changed_;
  std::vector<WireEvent> pending_;
  bool done_ = false;
  Ending ending_;
};

// --- Beginning.

base::awaitable<http::Response> Background::create(Turn turn, json::Value body) {
  const auto models = parts_.backend.models();
  const std::string& model = turn.request.model;
  if (std::ranges::find(models, model, &inference::ModelInfo::id) == models.end()) {
    throw ApiError(for_responses(
        {.code = ErrorCode::NotFound, .message = {}, .reason = "model_not_found"}, model));
  }
  to_task(turn.request, parts_.tools);  // what can never run is refused now

  json::Object payload = body.get_object();
  payload["input"] = json::Array();  // stored as items, but for the one that is only a wish
  if (turn.only_compacts)
    payload["input"] = json::Array{json::Object{{"type", "compaction_trigger"}}};
  const bool streamed = turn.request.streams();
  Transcript transcript = transcript_for(parts_, turn, {.events = streamed});
  transcript.lifecycle("created", turn.response);
  transcript.lifecycle("queued", turn.response);
  const auto events = to_rows(transcript.take_events());
  const records::Record record = turn.record(streamed);
  const auto own = turn.own();
  const jobs::NewJob job{.id = records::job_of(turn.key.id),
                         .kind = kJobKind,
                         .project = turn.key.project,
                         .subject = turn.key.id,
                         .payload = json::dump(payload),
                         .priority = jobs::Priority::Interactive,
                         .attempts_max = limits::response_attempts_max};
  const std::int64_t now_ms = unix_ms(parts_);
  // Counted from its end, however long it takes; until then as a stored one.
  const auto expires_at =
      turn.request.stores() ? kept_until(parts_, turn.response, turn.created_at) : std::nullopt;
  auto begun = co_await parts_.database.write([&](store::Transaction& tx) -> Status {
    auto created = records::create(
        tx, turn.key, record, {.created_at = turn.created_at, .expires_at = expires_at}, own, {});
    if (!created) return created;
    if (!events.empty()) {
      auto appended = store::events::append(tx, records::stream_of(turn.key), events);
      if (!appended) return appended;
    }
    if (auto given = give_lock_to_job(tx, turn, now_ms); !given) return given;
    return jobs::queue::enqueue(tx, job, now_ms);
  });
  or_throw(std::move(begun));
  if (turn.lock) turn.lock->forget();  // the job's end gives it back
  parts_.doorbell.wake();
  if (!streamed) co_return http::Response::json(json::dump(turn.response));
  co_return http::Response::sse(this, &Background::follow, turn.key, std::int64_t{0});
}

// --- Running.

jobs::Handler Background::handler() {
  return {.kind = kJobKind,
          .run = [this](jobs::Attempt& attempt) { return run(attempt); },
          .on_end = [this](store::Transaction& transaction,
                           const jobs::Job& job) { return on_end(transaction, job); },
          .at_once_max = limits::response_jobs_at_once_max};
}

base::awaitable<jobs::Outcome> Background::run(jobs::Attempt& attempt) {
  std::optional<Error> failed;
  try {
    auto turn = co_await resume(attempt);
    if (turn) {
      auto performed = co_await perform(attempt, std::move(*turn));
      if (!performed) failed = performed.error();
    } else {
      failed = turn.error();
    }
  } catch (const ApiError& error) {
    failed = error.error();
  }
  announcements_.announce(attempt.job().subject);
  parts_.doorbell.wake();  // for its webhook
  if (!failed || attempt.finished()) co_return jobs::Outcome::done();
  // Conflict: it was cancelled or deleted, or is another worker's.
  if (failed->code == ErrorCode::Conflict) co_return jobs::Outcome::done();
  if (failed->code == ErrorCode::StorageFailed) co_return jobs::Outcome::retry(failed->message);
  auto ended = co_await end_failed(attempt, *failed);
  if (!ended) co_return jobs::Outcome::fail(failed->message);
  announcements_.announce(attempt.job().subject);
  co_return jobs::Outcome::done();
}

// What could not be begun, or broke on the way, is told as it was.
base::awaitable<Status> Background::end_failed(jobs::Attempt& attempt, Error error) {
  const records::Key key{attempt.job().project, attempt.job().subject};
  const std::int64_t now = parts_.clock.unix_seconds();
  auto ended = co_await attempt.finish([&](store::Transaction& tx) -> Status {
    auto stored = get_running(tx, key, now);
    if (!stored) return fail(stored.error());
    const std::string model(json::string_or(stored->record.response, "model"));
    return end(tx, key, std::move(*stored), for_responses(error, model));
  });
  co_return ended;
}

// The turn as it was when the response was created, now in progress.
base::awaitable<Result<Turn>> Background::resume(jobs::Attempt& attempt) {
  const jobs::Job& job = attempt.job();
  auto body = json::parse(job.payload);
  if (!body) co_return fail(body.error());
  Turn turn;
  turn.key = {job.project, job.subject};
  turn.request = parse_request(*body);
  turn.only_compacts = or_throw(items::take_trigger(turn.request.input.items));
  turn.family = parts_.ids.family();
  const std::int64_t now = parts_.clock.unix_seconds();
  auto earlier = co_await parts_.database.read(
      parts_.pools.store, [&](store::Session& session) { return read_shown(session, turn.key); });
  if (!earlier) co_return fail(earlier.error());
  const Shown shown = std::move(*earlier);
  turn.output_index = shown.items;
  auto begin = [this, &turn, &shown, now](store::Transaction& tx) -> Status {
    auto stored = get_running(tx, turn.key, now);
    if (!stored) return fail(stored.error());
    auto read = records::read_by(tx, turn.key, now);
    if (!read) return fail(read.error());
    auto own = store::items::count(tx, records::input_of(turn.key));
    if (!own) return fail(own.error());
    const auto split = read->end() - static_cast<std::ptrdiff_t>(*own);
    turn.read = {read->begin(), split};
    items::prune_compacted(turn.read);
    turn.n_inherited = turn.read.size();
    turn.read.insert(turn.read.end(), split, read->end());
    turn.conversation_end = stored->record.conversation_end;
    turn.response = stored->record.response;
    turn.response["status"] = "in_progress";
    stored->record.response = turn.response;
    if (auto status = records::update(tx, turn.key, *stored); !status) return status;
    if (!stored->record.streamed) return {};
    const std::int64_t next = shown.last + (shown.unfinished.empty() ? 1 : 2);
    Transcript transcript = transcript_for(parts_, turn, {.events = true, .sequence_number = next});
    return store::events::append(tx, records::stream_of(turn.key),
                                 take_back(shown, transcript, turn.response));
  };
  auto begun = co_await attempt.write(std::move(begin));
  if (!begun) co_return fail(begun.error());
  if (const json::Value* created = json::find(turn.response, "created_at");
      created && created->is_int64()) {
    turn.created_at = created->get_int64();
  }
  add_tools_of_items(turn);
  announcements_.announce(turn.key.id);
  co_return std::move(turn);
}

base::awaitable<Status> Background::perform(jobs::Attempt& attempt, Turn turn) {
  const bool streamed = turn.request.streams();
  std::int64_t next = 0;
  if (streamed) {
    auto last = co_await parts_.database.read(parts_.pools.store, [&](store::Session& session) {
      return store::events::last(session, records::stream_of(turn.key));
    });
    if (!last) co_return fail(last.error());
    next = *last + 1;
  }
  auto task = co_await task_for(parts_, turn);
  Transcript transcript =
      transcript_for(parts_, turn, {.events = streamed, .sequence_number = next});
  const auto executor = co_await asio::this_coro::executor;
  Writer writer(*this, attempt, turn.key, transcript, executor);
  std::optional<Error> failed;
  agent::Run run(parts_.backend, std::move(task));
  auto started = co_await run.start();
  if (started) {
    co_await (writer.produce(run) && writer.write());
    failed = writer.ending().failed;
  } else {
    failed = started.error();
  }

  if (failed) {
    const Error shown = for_responses(std::move(*failed), turn.request.model);
    transcript.error(shown);
    fail_response(turn.response, shown);
  } else {
    const agent::Finished& end = *writer.ending().finished;
    complete(turn.response, end.reason, turn.usage(end.usage), parts_.clock.unix_seconds());
  }
  auto finished = co_await finish(attempt, turn, transcript);
  co_return finished;
}

base::awaitable<Status> Background::finish(jobs::Attempt& attempt, Turn& turn,
                                           Transcript& transcript) {
  const std::int64_t now = parts_.clock.unix_seconds();
  const std::int64_t now_ms = unix_ms(parts_);
  json::Object shown = turn.response;
  shown["output"] = transcript.shown_output();
  transcript.lifecycle(terminal_event(shown), shown);
  const auto events = to_rows(transcript.take_events());
  const bool ends_well = json::string_or(turn.response, "status") != "failed";

  auto status = co_await attempt.finish([&](store::Transaction& tx) -> Status {
    auto stored = get_running(tx, turn.key, now);
    if (!stored) return fail(stored.error());
    stored->record.response = turn.response;
    stored->expires_at = kept_until(parts_, turn.response, now);
    if (auto updated = records::update(tx, turn.key, *stored); !updated) return updated;
    if (auto told = announce(tx, turn.key, turn.response); !told) return told;
    auto appended = records::append_output(tx, turn.key, transcript.output(), now);
    if (!appended) return appended;
    if (!events.empty()) {
      auto rows = store::events::append(tx, records::stream_of(turn.key), events);
      if (!rows) return rows;
    }
    if (ends_well) return end_in_conversation(tx, turn, transcript.output(), now_ms);
    if (!turn.request.conversation) return {};
    return store::items::release(
        tx, items::conversation_items(turn.key.project, turn.request.conversation->id),
        lock_holder(turn.key.id, true));
  });
  announcements_.announce(turn.key.id);
  co_return status;
}

// --- Ending from outside.

Status Background::end(store::Transaction& transaction, const records::Key& key,
                       records::Stored stored, const std::optional<Error>& error) {
  json::Object& response = stored.record.response;
  const std::int64_t now = parts_.clock.unix_seconds();
  TranscriptOptions options{
      .events = stored.record.streamed, .include = {}, .family = {}, .namespaces = {}, .seal = {}};
  if (stored.record.streamed) {
    auto last = store::events::last(transaction, records::stream_of(key));
    if (!last) return fail(last.error());
    options.sequence_number = *last + 1;
  }
  Transcript transcript(std::move(options), parts_.ids);
  if (error) {
    transcript.error(*error);
    fail_response(response, *error);
  } else {
    responses::cancel(response);
  }
  transcript.lifecycle(terminal_event(response), response);
  const auto events = to_rows(transcript.take_events());
  if (!events.empty()) {
    auto appended = store::events::append(transaction, records::stream_of(key), events);
    if (!appended) return appended;
  }
  if (!stored.record.conversation.empty()) {
    auto released = store::items::release(
        transaction, items::conversation_items(key.project, stored.record.conversation),
        lock_holder(key.id, true));
    if (!released) return released;
  }
  stored.expires_at = kept_until(parts_, response, now);
  if (auto told = announce(transaction, key, response); !told) return told;
  return records::update(transaction, key, stored);
}

// The webhook of its end.
Status Background::announce(store::Transaction& transaction, const records::Key& key,
                            const json::Object& response) {
  const std::string type = "response." + std::string(json::string_or(response, "status"));
  return parts_.announcer.announce(transaction,
                                   {.project = key.project, .type = type, .object_id = key.id});
}

Status Background::on_end(store::Transaction& transaction, const jobs::Job& job) {
  const records::Key key{job.project, job.subject};
  auto stored = records::get(transaction, key, parts_.clock.unix_seconds());
  if (!stored && stored.error().code == ErrorCode::NotFound) return {};
  if (!stored) return fail(stored.error());
  if (is_terminal(stored->record.response)) return {};
  std::optional<Error> error;
  if (job.state == jobs::State::Failed) {
    error = Error{.code = ErrorCode::Internal,
                  .message =
                      "The server was interrupted while it worked on this response, and "
                      "again when it tried once more."};
    LOG(Warning, "responses: {} failed: {}", job.subject, job.reason);
  }
  return end(transaction, key, std::move(*stored), error);
}

base::awaitable<Result<records::Record>> Background::cancel(records::Key key) {
  const std::int64_t now = parts_.clock.unix_seconds();
  const std::int64_t now_ms = unix_ms(parts_);
  auto record =
      co_await parts_.database.write([&](store::Transaction& tx) -> Result<records::Record> {
        auto stored = records::get(tx, key, now);
        if (!stored) return fail(stored.error());
        const json::Value* background = json::find(stored->record.response, "background");
        if (!background || !background->is_bool() || !background->get_bool())
          return fail(ErrorCode::InvalidRequest, "Cannot cancel a synchronous response.");
        if (is_terminal(stored->record.response)) return std::move(stored->record);
        auto job = jobs::queue::request_cancel(tx, key.project, records::job_of(key.id), now_ms);
        if (!job && job.error().code != ErrorCode::NotFound) return fail(job.error());
        if (auto ended = end(tx, key, *stored, std::nullopt); !ended) return fail(ended.error());
        responses::cancel(stored->record.response);
        return std::move(stored->record);
      });
  parts_.doorbell.nudge(records::job_of(key.id));
  parts_.doorbell.wake();
  announcements_.announce(key.id);
  co_return std::move(record);
}

base::awaitable<Status> Background::remove(records::Key key) {
  const std::int64_t now = parts_.clock.unix_seconds();
  const std::int64_t now_ms = unix_ms(parts_);
  auto removed = co_await parts_.database.write([&](store::Transaction& tx) -> Status {
    auto stored = records::get(tx, key, now);
    if (!stored) return fail(stored.error());
    if (!is_terminal(stored->record.response)) {
      auto job = jobs::queue::request_cancel(tx, key.project, records::job_of(key.id), now_ms);
      if (!job && job.error().code != ErrorCode::NotFound) return fail(job.error());
      if (auto ended = end(tx, key, *stored, std::nullopt); !ended) return ended;
    }
    return records::remove(tx, key);
  });
  parts_.doorbell.nudge(records::job_of(key.id));
  announcements_.announce(key.id);
  co_return removed;
}

// --- Following.

base::awaitable<> Background::follow(http::SseWriter& sse, records::Key key, std::int64_t first) {
  const auto executor = co_await asio::this_coro::executor;
  Announcements::Follower follower(announcements_, key.id, executor);
  struct Seen {
    std::vector<store::StreamEvent> events;
    bool ended = false;
  };
  while (true) {
    follower.reset();
    const std::int64_t now = parts_.clock.unix_seconds();
    auto seen = co_await parts_.database.read(
        parts_.pools.store, [&](store::Session& session) -> Result<Seen> {
          auto stored = records::get(session, key, now);
          if (!stored && stored.error().code == ErrorCode::NotFound) return Seen{{}, true};
          if (!stored) return fail(stored.error());
          auto events = store::events::read(session, records::stream_of(key), first,
                                            limits::response_events_per_read);
          if (!events) return fail(events.error());
          return Seen{std::move(*events), is_terminal(stored->record.response)};
        });
    const Seen now_seen = or_throw(std::move(seen));
    std::string text;
    for (const auto& event : now_seen.events) {
      const auto body = json::parse(event.body);
      const auto* object = body ? body->if_object() : nullptr;
      text += http::sse_event_text(object ? json::string_or(*object, "type") : "", event.body);
      first = event.sequence_number + 1;
    }
    if (!text.empty()) {
      co_await sse.raw(text);
      continue;
    }
    if (now_seen.ended) co_return;
    co_await sse.flush();
    co_await follower.wait(kFollowInterval);
  }
}

}  // namespace api::responses
