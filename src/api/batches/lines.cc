#include "api/batches/lines.h"

#include <boost/asio/redirect_error.hpp>

#include <algorithm>

#include "api/batches/answer.h"
#include "api/batches/endpoints.h"
#include "api/common/error_body.h"
#include "base/limits/batch.h"
#include "base/log.h"
#include "gateway/caller.h"

namespace api::batches {
namespace {

using base::awaitable;
namespace asio = base::asio;
using namespace std::chrono_literals;

constexpr auto kLook = 10ms;  // how often the end of all lines, or of a wait, is looked for
// Beside somebody who always waits, a line begins now and then all the same; the engine gives it
// its share.
constexpr std::chrono::milliseconds kGiveWayMax = 2s;

struct Parsed {
  std::string custom_id;
  std::string body;
  std::optional<Error> refused;  // what a request of a batch may not ask for
};

// What a request of a batch may not ask for; empty when all is well.
std::optional<Error> refuse_flags(const json::Object& body) {
  for (const char* name : {"stream", "background"}) {
    const json::Value* flag = json::find(body, name);
    if (flag && flag->is_bool() && flag->get_bool()) {
      return Error{.code = ErrorCode::InvalidRequest,
                   .message = std::string("'") + name + "' is not supported in a batch.",
                   .param = name,
                   .reason = "unsupported_parameter"};
    }
  }
  return std::nullopt;
}

// The file was validated; a line that does not parse now is damage.
Result<Parsed> parse_line(std::string_view text) {
  auto value = json::parse(text);
  const auto* object = value ? value->if_object() : nullptr;
  const json::Value* body = object ? json::find(*object, "body") : nullptr;
  if (!body || !body->is_object())
    return fail(ErrorCode::CorruptData, "The batch's input file is not what it was.");
  return Parsed{.custom_id = std::string(json::string_or(*object, "custom_id")),
                .body = json::dump(*body),
                .refused = refuse_flags(body->get_object())};
}

bool is_busy(int status) {
  return status == 429 || status == 503;
}

}  // namespace

Lines::Lines(Parts parts, jobs::Attempt& attempt, const Stored& batch, const blob::BlobReader& file,
             std::vector<PlannedLine> lines)
    : parts_(parts),
      attempt_(attempt),
      batch_(batch),
      file_(file),
      lines_(std::move(lines)),
      leaders_(lines_.empty() ? 0 : lines_.back().group + 1) {}

awaitable<bool> Lines::run() {
  auto executor = co_await asio::this_coro::executor;
  co_await asio::this_coro::throw_if_cancelled(false);
  base::TaskGroup group(executor);
  const std::size_t at_once = find_endpoint(batch_.record.endpoint)->lines_at_once;
  for (std::size_t i = 0; i < std::min(at_once, lines_.size()); ++i) group.spawn(take_turns());

  asio::steady_timer look(executor);
  while (group.size() > 0) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none || broken_) {
      group.cancel();
      break;
    }
    look.expires_after(kLook);
    boost::system::error_code ignored;
    co_await look.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_await group.wait();
  co_return recorded_ == lines_.size();
}

// One of many at work on the same list.
awaitable<> Lines::take_turns() {
  while (!broken_) {
    const std::size_t turn = next_++;
    if (turn >= lines_.size()) co_return;
    const PlannedLine& line = lines_[turn];
    Leader& leader = leaders_[line.group];
    co_await give_way();
    if (line.shared_head > 0) {
      co_await follow(line);
    } else {
      leader.started_ms = attempt_.now_ms();
    }
    auto status = co_await run_line(line.place);
    leader.done = true;
    if (status) continue;
    LOG(Warning, "batches: {} line {}: {}", batch_.id.value, line.place.number,
        status.error().message);
    broken_ = true;
  }
}

awaitable<> Lines::follow(const PlannedLine& line) {
  const Leader& leader = leaders_[line.group];
  const std::int64_t wait_ms = line.shared_head * 1'000 / limits::batch_head_bytes_per_second;
  while (!leader.done && !broken_) {
    const std::int64_t started = leader.started_ms;
    if (started > 0 && attempt_.now_ms() - started >= wait_ms) co_return;
    co_await base::sleep_for(kLook);
  }
}

awaitable<> Lines::give_way() {
  const std::int64_t until_ms = attempt_.now_ms() + kGiveWayMax.count();
  while (parts_.activity.interactive() && attempt_.now_ms() < until_ms && !broken_) {
    co_await base::sleep_for(kLook);
  }
}

awaitable<Status> Lines::run_line(LinePlace place) {
  auto parsed = co_await base::on_pool(parts_.pools.store, [&]() -> Result<Parsed> {
    auto text = read_line(file_, place);
    if (!text) return fail(std::move(text.error()));
    return parse_line(*text);
  });
  if (!parsed) co_return fail(std::move(parsed.error()));

  Answer answer{.id = parts_.ids.object("batch_req"),
                .custom_id = std::move(parsed->custom_id),
                .request_id = parts_.ids.request()};
  if (const auto& refused = parsed->refused) {
    answer.status = status_of(*refused);
    answer.body = error_event(*refused);
  } else {
    http::Response response = co_await ask(parsed->body, answer.request_id);
    auto collected = co_await response.collect(limits::batch_answer_bytes_max);
    answer.status = collected ? response.status : status_of(collected.error());
    answer.body = collected ? std::move(*collected) : error_event(collected.error());
  }
  const bool failed = answer.status < 200 || answer.status >= 300;
  store::BatchTokens tokens;
  std::string line;
  auto wrote = co_await base::on_pool(parts_.pools.work, [&]() -> Status {
    line = answered_line(answer);
    if (!failed) tokens = tokens_of(answer.body);
    return {};
  });
  if (!wrote) co_return wrote;
  auto recorded = co_await record(place, std::move(line), failed, tokens);
  co_return recorded;
}

awaitable<http::Response> Lines::ask(const std::string& body, const std::string& request_id) {
  std::chrono::milliseconds wait = limits::batch_busy_wait_first;
  for (int tries = 1;; ++tries) {
    http::Headers headers;
    headers.set("content-type", "application/json");
    http::Request request(http::Method::Post, batch_.record.endpoint, std::move(headers), body);
    request.set_id(request_id);
    request.attach(gateway::Caller{.organization = {batch_.record.organization},
                                   .project = batch_.project,
                                   .key = {batch_.record.key},
                                   .priority = inference::Priority::Background});
    http::Response response = co_await parts_.router.dispatch(request);
    if (response.is_stream()) {
      // The body may refer to the request: it is read while that lives.
      auto text = co_await response.collect(limits::batch_answer_bytes_max);
      const int status = text ? response.status : status_of(text.error());
      response = http::Response::json(text ? std::move(*text) : error_event(text.error()), status);
    }
    if (!is_busy(response.status) || tries >= limits::batch_busy_tries_max) co_return response;
    co_await base::sleep_for(wait);
    wait = std::min<std::chrono::milliseconds>(wait * 2, limits::batch_busy_wait_max);
  }
}

awaitable<Status> Lines::record(LinePlace place, std::string line, bool failed,
                                store::BatchTokens tokens) {
  const store::BatchResult result{.line = place.number, .failed = failed, .body = std::move(line)};
  // A full disk delays it: the line has run, and would otherwise run again.
  for (std::chrono::milliseconds wait = limits::batch_busy_wait_first;; wait *= 2) {
    auto recorded = co_await attempt_.write([&](store::Transaction& transaction) {
      return store::batch_results::record(transaction, batch_.id, result, tokens);
    });
    if (recorded) break;
    const auto code = recorded.error().code;
    const bool passing = code == ErrorCode::StorageFailed || code == ErrorCode::Overloaded;
    if (!passing || wait > limits::batch_busy_wait_max) co_return fail(std::move(recorded.error()));
    co_await base::sleep_for(wait);
  }
  ++recorded_;
  co_return Status{};
}

}  // namespace api::batches
