#include "agent/run.h"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <algorithm>
#include <exception>
#include <optional>

#include <fmt/format.h>

#include "base/log.h"

namespace agent {

using namespace base::asio::experimental::awaitable_operators;
using inference::FinishReason;
using inference::ToolCall;

namespace {

constexpr const char* kTooManyCalls =
    "This call was not made: no more tool calls are allowed in this response.";

// Passes a tool's progress on under its item's id.
class ToItem final : public tools::Progress {
 public:
  ToItem(std::string id, Observer& observer) : id_(std::move(id)), observer_(observer) {}
  base::awaitable<> event(std::string type, json::Object fields) override {
    Event event = HostedProgress{id_, std::move(type), std::move(fields)};
    co_await observer_.on(std::move(event));
  }

 private:
  std::string id_;
  Observer& observer_;
};

struct Ended {
  std::optional<Result<tools::Answer>> answer;
  std::exception_ptr thrown;
};

// Never throws: `||` would wait for the other side then.
base::awaitable<Ended> run_to_end(tools::Tool& tool, tools::Call call, tools::Progress& progress) {
  Ended ended;
  try {
    ended.answer = co_await tool.run(std::move(call), progress);
  } catch (...) {
    ended.thrown = std::current_exception();
  }
  co_return ended;
}

base::awaitable<Result<tools::Answer>> run_tool(tools::Tool& tool, tools::Call call,
                                                tools::Progress& progress) {
  auto first = co_await (run_to_end(tool, std::move(call), progress) ||
                         base::sleep_for(limits::agent_tool_time_max));
  auto* ended = std::get_if<0>(&first);
  if (!ended) co_return fail(ErrorCode::Timeout, "The tool took too long.");
  if (ended->thrown) std::rethrow_exception(ended->thrown);
  co_return std::move(*ended->answer);
}

}  // namespace

struct Run::Round {
  std::string id;  // of its first hosted call; groups them when they are read back
  std::string text, reasoning;
  std::vector<ToolCall> hosted;
  std::map<int, std::size_t> hosted_index;  // the model's index of a call to ours
  bool calls_client = false;
  FinishReason reason = FinishReason::Stop;
};

Run::Run(inference::Backend& backend, Task task)
    : backend_(backend),
      task_(std::move(task)),
      own_tools_(task_.generate.tools),
      deadline_(std::chrono::steady_clock::now() + task_.time_max) {
  for (const HostedTool& hosted : task_.hosted)
    by_name_[hosted.tool->declaration(hosted.options).name] = hosted;
  for (const auto& model : backend_.models()) {
    if (model.id != task_.generate.model) continue;
    // Half of what it reads, at three bytes to a token.
    tool_text_bytes_max_ =
        static_cast<std::size_t>(std::max<std::int64_t>(0, model.context_tokens)) * 3 / 2;
  }
}

Run::~Run() = default;

void Run::offer_tools() {
  auto& generate = task_.generate;
  generate.tools = own_tools_;
  const bool exhausted = calls_ >= task_.hosted_calls_max || rounds_ + 1 >= task_.rounds_max;
  if (!exhausted) {
    for (const HostedTool& hosted : task_.hosted)
      generate.tools.push_back(hosted.tool->declaration(hosted.options));
  }
  // One forced call is what was asked for; after it the model is free to answer.
  if (rounds_ > 0 && generate.tool_choice.mode == inference::ToolChoice::Mode::Required) {
    generate.tool_choice.mode = inference::ToolChoice::Mode::Auto;
    if (!task_.allowed_stays) generate.tool_choice.allowed.clear();
  }
}

base::awaitable<Status> Run::begin_round() {
  offer_tools();
  ++rounds_;
  inference::GenerateRequest request = task_.generate;
  auto started = co_await backend_.generate(std::move(request));
  if (!started) co_return fail(std::move(started.error()));
  events_ = std::move(*started);
  co_return Status{};
}

// Tools of models too small to call them, and the one that must be called: nobody is asked.
void Run::find_first() {
  auto& choice = task_.generate.tool_choice;
  using Mode = inference::ToolChoice::Mode;
  if (choice.mode == Mode::None || task_.hosted_calls_max < 1) return;
  std::erase_if(task_.hosted, [&](const HostedTool& hosted) {
    const auto name = hosted.tool->declaration(hosted.options).name;
    const bool must = choice.mode == Mode::Required &&
                      (choice.allowed == std::vector<std::string>{name} ||
                       (choice.allowed.empty() && own_tools_.empty() && task_.hosted.size() == 1));
    const bool may =
        choice.allowed.empty() || std::ranges::find(choice.allowed, name) != choice.allowed.end();
    if (!must && !(may && hosted.tool->goes_first(task_.generate.model))) return false;
    first_.push_back(hosted);
    if (must) {
      choice.mode = Mode::Auto;
      if (!task_.allowed_stays) choice.allowed.clear();
    }
    return true;
  });
}

base::awaitable<Status> Run::start() {
  if (task_.silent) co_return Status{};
  find_first();
  if (first_.empty()) {
    auto begun = co_await begin_round();
    co_return begun;
  }
  // What is wrong with the request is told before anything happens.
  inference::GenerateRequest request = task_.generate;
  auto counted = co_await backend_.count_tokens(std::move(request));
  if (!counted) co_return fail(std::move(counted.error()));
  co_return Status{};
}

base::awaitable<> Run::tell(std::vector<Event> events, Observer& observer) {
  for (Event& event : events) co_await observer.on(std::move(event));
}

// Their answers become part of what the user says, so that every chat template shows them.
base::awaitable<Status> Run::work_first(Observer& observer) {
  std::string told;
  for (const HostedTool& hosted : first_) {
    Round round;
    const ToolCall call{.id = task_.new_id(hosted.tool->item_type()),
                        .name = hosted.tool->declaration(hosted.options).name,
                        .arguments = "{}"};
    round.id = call.id;
    ++calls_;
    if (hosted.tool->goes_first(task_.generate.model)) {
      const auto most = limits::agent_small_model_text_bytes_max;
      tool_text_bytes_max_ = tool_text_bytes_max_ > 0 ? std::min(tool_text_bytes_max_, most) : most;
    }
    co_await make_call(hosted, round, call, observer);
    told += inference::text_of(task_.generate.messages.back()) + "\n\n";
    task_.generate.messages.pop_back();
  }
  auto& messages = task_.generate.messages;
  const auto last = std::find_if(messages.rbegin(), messages.rend(), [](const auto& message) {
    return message.role == inference::Role::User;
  });
  if (last != messages.rend()) {
    last->content.insert(last->content.begin(), inference::TextPart{told});
  } else {
    messages.push_back(inference::text_message(inference::Role::User, told));
  }
  auto begun = co_await begin_round();
  co_return begun;
}

base::awaitable<> Run::proceed(Observer& observer) {
  if (task_.silent) {
    Event finished = Finished{};
    co_await observer.on(std::move(finished));
    co_return;
  }
  if (!first_.empty()) {
    auto begun = co_await work_first(observer);
    if (!begun) {
      Event failed = inference::Failed{begun.error()};
      co_await observer.on(std::move(failed));
      co_return;
    }
  }
  while (true) {
    Round round;
    const bool read = co_await read_round(round, observer);
    if (!read) co_return;
    const bool goes_on = !round.hosted.empty() && rounds_ < task_.rounds_max &&
                         round.reason != FinishReason::Length &&
                         round.reason != FinishReason::ContentFilter;
    if (goes_on) co_await make_calls(round, observer);
    if (!goes_on || round.calls_client) {
      Event finished = Finished{round.reason, usage_};
      co_await observer.on(std::move(finished));
      co_return;
    }
    auto begun = co_await begin_round();
    if (!begun) {
      Event failed = inference::Failed{begun.error()};
      co_await observer.on(std::move(failed));
      co_return;
    }
  }
}

base::awaitable<bool> Run::read_round(Round& round, Observer& observer) {
  while (true) {
    inference::Event event = co_await events_->next();
    if (std::chrono::steady_clock::now() > deadline_) {
      event = inference::Failed{{.code = ErrorCode::Timeout,
                                 .message = "The response took longer than this server allows."}};
    }
    if (const auto* failed = std::get_if<inference::Failed>(&event)) {
      Event end = *failed;
      co_await observer.on(std::move(end));
      co_return false;
    }
    if (const auto* finished = std::get_if<inference::Finished>(&event)) {
      usage_.input_tokens += finished->usage.input_tokens;
      usage_.cached_tokens += finished->usage.cached_tokens;
      usage_.output_tokens += finished->usage.output_tokens;
      usage_.reasoning_tokens += finished->usage.reasoning_tokens;
      events_.reset();
      co_await tell(citations_.finish(round.hosted.empty()), observer);
      co_return true;
    }
    co_await read_event(event, round, observer);
  }
}

base::awaitable<> Run::read_event(inference::Event& event, Round& round, Observer& observer) {
  using namespace inference;
  if (auto* text = std::get_if<TextDelta>(&event)) {
    round.text += text->text;
    co_await tell(citations_.read(std::move(*text)), observer);
    co_return;
  }
  if (!std::holds_alternative<ChoiceFinished>(event))
    co_await tell(citations_.finish(false), observer);
  if (auto* thought = std::get_if<ReasoningDelta>(&event)) {
    round.reasoning += thought->text;
    agent::Event out = std::move(*thought);
    co_await observer.on(std::move(out));
  } else if (auto* refusal = std::get_if<RefusalDelta>(&event)) {
    round.text += refusal->text;
    agent::Event out = std::move(*refusal);
    co_await observer.on(std::move(out));
  } else if (auto* begin = std::get_if<ToolCallBegin>(&event)) {
    if (by_name_.contains(begin->name)) {
      round.hosted_index[begin->index] = round.hosted.size();
      round.hosted.push_back({.id = begin->id, .name = begin->name, .arguments = {}});
      co_return;
    }
    round.calls_client = true;
    agent::Event out = std::move(*begin);
    co_await observer.on(std::move(out));
  } else if (auto* piece = std::get_if<ToolCallDelta>(&event)) {
    if (const auto found = round.hosted_index.find(piece->index);
        found != round.hosted_index.end()) {
      round.hosted[found->second].arguments += piece->arguments;
      co_return;
    }
    agent::Event out = std::move(*piece);
    co_await observer.on(std::move(out));
  } else if (auto* end = std::get_if<ToolCallEnd>(&event)) {
    if (round.hosted_index.contains(end->index)) co_return;
    agent::Event out = *end;
    co_await observer.on(std::move(out));
  } else if (const auto* choice = std::get_if<ChoiceFinished>(&event)) {
    round.reason = choice->reason;
  }
}

base::awaitable<> Run::make_calls(Round& round, Observer& observer) {
  auto& messages = task_.generate.messages;
  inference::Message said = inference::text_message(inference::Role::Assistant, round.text);
  if (round.text.empty()) said.content.clear();
  said.reasoning = round.reasoning;
  const std::size_t at = messages.size();
  messages.push_back(std::move(said));
  for (ToolCall& call : round.hosted) {
    const HostedTool& hosted = by_name_.at(call.name);
    if (calls_ >= task_.hosted_calls_max) {  // told, but neither made nor shown
      messages[at].tool_calls.push_back(call);
      auto answer = inference::text_message(inference::Role::Tool, kTooManyCalls);
      answer.tool_call_id = call.id;
      messages.push_back(std::move(answer));
      continue;
    }
    ++calls_;
    call.id = task_.new_id(hosted.tool->item_type());
    if (round.id.empty()) round.id = call.id;
    messages[at].tool_calls.push_back(call);
    co_await make_call(hosted, round, call, observer);
  }
}

tools::Call Run::invocation(const HostedTool& hosted, std::string id, std::string arguments) const {
  tools::Call call{.project = task_.generate.project,
                   .id = std::move(id),
                   .arguments = std::move(arguments),
                   .options = hosted.options,
                   .user_text = {}};
  for (const auto& message : task_.generate.messages) {
    if (message.role == inference::Role::User) call.user_text = inference::text_of(message);
  }
  call.cited_before = citations_.count();
  if (tool_text_bytes_max_ > 0) call.text_bytes_max = tool_text_bytes_max_;
  return call;
}

base::awaitable<> Run::make_call(const HostedTool& hosted, const Round& round, const ToolCall& call,
                                 Observer& observer) {
  tools::Call invoked = invocation(hosted, call.id, call.arguments);
  const std::string type(hosted.tool->item_type());
  const json::Object begun = hosted.tool->begin(invoked);
  Event started = HostedStarted{call.id, type, begun};
  co_await observer.on(std::move(started));

  ToItem progress(call.id, observer);
  auto answer = co_await run_tool(*hosted.tool, std::move(invoked), progress);
  HostedFinished finished{.id = call.id,
                          .item_type = type,
                          .item = {},
                          .round = round.id,
                          .name = call.name,
                          .arguments = call.arguments,
                          .output = {}};
  if (answer) {
    finished.item = std::move(answer->item);
    finished.output = std::move(answer->text);
    citations_.add(std::move(answer->sources));
  } else {
    LOG(Info, "tools: {} failed: {}", call.name, answer.error().message);
    finished.item = begun;
    finished.item["status"] = "failed";
    finished.output = fmt::format("The tool failed: {}", answer.error().message);
  }
  auto told = inference::text_message(inference::Role::Tool, finished.output);
  told.tool_call_id = call.id;
  task_.generate.messages.push_back(std::move(told));
  Event event = std::move(finished);
  co_await observer.on(std::move(event));
}

}  // namespace agent
