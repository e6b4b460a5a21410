#include "api/responses/foreground.h"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <exception>

#include "api/common/api_error.h"
#include "api/responses/ending.h"
#include "api/responses/object.h"
#include "base/limits/response.h"

namespace api::responses {

struct Foreground::Live {
  Live(Turn given, inference::Backend& backend, agent::Task task)
      : turn(std::move(given)), run(backend, std::move(task)) {}
  Turn turn;
  agent::Run run;
};

namespace {

// Writes a run down, and passes its events on when somebody listens.
class Recorder final : public agent::Observer {
 public:
  Recorder(Transcript& transcript, http::SseWriter* sse) : transcript_(transcript), sse_(sse) {}

  base::awaitable<> on(agent::Event event) override {
    ending_.add(std::move(event), transcript_);
    if (sse_) co_await flush();
  }

  // What is written leaves together. While one writes, the other leaves its events to it.
  base::awaitable<> flush() {
    if (writing_) co_return;
    writing_ = true;
    while (true) {
      std::string text;
      for (const WireEvent& event : transcript_.take_events())
        text += http::sse_event_text(event.type, event.body);
      if (text.empty()) break;
      spoke_ = true;
      co_await sse_->raw(text);
    }
    writing_ = false;
  }

  // Beside the run, on its executor: breaks silences, until it is cancelled.
  base::awaitable<> keep_alive() {
    while (true) {
      spoke_ = false;
      co_await base::sleep_for(limits::response_keepalive_interval);
      if (spoke_ || writing_) continue;
      transcript_.keepalive();
      co_await flush();
    }
  }

  const Ending& ending() const { return ending_; }

 private:
  Transcript& transcript_;
  http::SseWriter* sse_;
  bool spoke_ = false;
  bool writing_ = false;
  Ending ending_;
};

// Never throws: `||` would wait for the other side then.
base::awaitable<std::exception_ptr> to_end(agent::Run& run, Recorder& recorder) {
  try {
    co_await run.proceed(recorder);
  } catch (...) {
    co_return std::current_exception();
  }
  co_return nullptr;
}

base::awaitable<> proceed_audibly(agent::Run& run, Recorder& recorder) {
  using namespace base::asio::experimental::awaitable_operators;
  auto ended = co_await (to_end(run, recorder) || recorder.keep_alive());
  // The silence-breaker ends only by a failed write, which the run's next one meets too.
  if (const auto* thrown = std::get_if<0>(&ended); thrown && *thrown)
    std::rethrow_exception(*thrown);
}

}  // namespace

base::awaitable<http::Response> Foreground::create(Turn turn) {
  auto task = co_await task_for(parts_, turn);
  const std::string model = turn.request.model;
  auto live = std::make_unique<Live>(std::move(turn), parts_.backend, std::move(task));
  auto started = co_await live->run.start();
  if (!started) throw ApiError(for_responses(std::move(started.error()), model));
  if (live->turn.request.streams())
    co_return http::Response::sse(this, &Foreground::stream, std::move(live));
  auto response = co_await answer(*live);
  co_return std::move(response);
}

base::awaitable<http::Response> Foreground::answer(Live& live) {
  Transcript transcript = transcript_for(parts_, live.turn, {});
  Recorder recorder(transcript, nullptr);
  co_await live.run.proceed(recorder);
  if (recorder.ending().failed)
    throw ApiError(for_responses(*recorder.ending().failed, live.turn.request.model));
  auto stored = co_await finish(live, transcript, *recorder.ending().finished);
  or_throw(std::move(stored));
  co_return http::Response::json(json::dump(live.turn.response));
}

base::awaitable<Status> Foreground::finish(Live& live, Transcript& transcript,
                                           const agent::Finished& end) {
  Turn& turn = live.turn;
  const std::int64_t now = parts_.clock.unix_seconds();
  const std::int64_t now_ms = parts_.clock.now().time_since_epoch().count();
  complete(turn.response, end.reason, turn.usage(end.usage), now);
  const bool stores = turn.request.stores();
  if (stores || turn.request.conversation) {
    const records::Record record = turn.record(false);
    const auto own = turn.own();
    auto written = co_await parts_.database.write([&](store::Transaction& tx) -> Status {
      if (stores) {
        auto created = records::create(
            tx, turn.key, record,
            {.created_at = turn.created_at, .expires_at = kept_until(parts_, turn.response, now)},
            own, transcript.output());
        if (!created) return created;
      }
      return end_in_conversation(tx, turn, transcript.output(), now_ms);
    });
    if (!written) co_return fail(written.error());
    if (turn.lock) turn.lock->forget();
  }
  turn.response["output"] = transcript.shown_output();
  co_return Status{};
}

base::awaitable<> Foreground::stream(http::SseWriter& sse, std::unique_ptr<Live> live) {
  Turn& turn = live->turn;
  const auto& options = turn.request.stream_options;
  const bool obfuscate = !options || options->include_obfuscation.value_or(true);
  Transcript transcript = transcript_for(parts_, turn, {.events = true, .obfuscate = obfuscate});
  Recorder recorder(transcript, &sse);
  transcript.lifecycle("created", turn.response);
  transcript.lifecycle("in_progress", turn.response);
  co_await recorder.flush();
  co_await proceed_audibly(live->run, recorder);

  // What the client takes as acknowledged is on disk before it is told.
  std::optional<Error> failed = recorder.ending().failed;
  if (!failed) {
    auto stored = co_await finish(*live, transcript, *recorder.ending().finished);
    if (!stored) failed = stored.error();
  }
  if (failed) {
    if (turn.lock) co_await turn.lock->give_back();
    const Error shown = for_responses(std::move(*failed), turn.request.model);
    transcript.error(shown);
    fail_response(turn.response, shown);
    turn.response["completed_at"] = nullptr;
    turn.response["output"] = transcript.shown_output();
  }
  transcript.lifecycle(terminal_event(turn.response), turn.response);
  co_await recorder.flush();
}

}  // namespace api::responses
