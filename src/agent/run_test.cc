#include "agent/run.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/random.h"
#include "base/time.h"
#include "inference/scripted/backend.h"

namespace agent {
namespace {

using inference::FinishReason;

// Answers every call with its arguments; the third fails.
class Echo final : public tools::Tool {
 public:
  int calls = 0;
  std::string_view item_type() const override { return "echo_call"; }
  Status check(const json::Object&, const json::Path&) const override { return {}; }
  inference::Tool declaration(const json::Object&) const override {
    inference::Tool out;
    out.name = "echo";
    return out;
  }
  json::Object begin(const tools::Call&) const override { return {{"status", "in_progress"}}; }
  base::awaitable<Result<tools::Answer>> run(tools::Call call, tools::Progress& progress) override {
    if (++calls == 3) co_return fail(ErrorCode::UpstreamFailed, "no echo");
    co_await progress.event("echo_call.working", {});
    co_return tools::Answer{.item = {{"status", "completed"}}, .text = call.arguments};
  }
};

class Listener final : public Observer {
 public:
  std::string heard;
  std::optional<Finished> finished;
  std::optional<Error> failed;

  base::awaitable<> on(Event event) override {
    if (auto* text = std::get_if<inference::TextDelta>(&event)) heard += text->text;
    if (auto* call = std::get_if<inference::ToolCallBegin>(&event)) heard += "<" + call->name + ">";
    if (auto* hosted = std::get_if<HostedStarted>(&event)) heard += "[" + hosted->item_type;
    if (auto* at = std::get_if<HostedProgress>(&event)) heard += " " + at->type;
    if (auto* hosted = std::get_if<HostedFinished>(&event)) heard += " " + hosted->output + "]";
    if (auto* end = std::get_if<Finished>(&event)) finished = *end;
    if (auto* end = std::get_if<inference::Failed>(&event)) failed = end->error;
    co_return;
  }
};

struct Fixture {
  base::FakeClock clock;
  base::SeededRandom random{1};
  base::IdGenerator ids{clock, random};
  Echo echo;
  Listener listener;
  int made = 0;

  Task task(bool hosted = true) {
    Task out;
    out.generate.model = "m";
    out.generate.messages.push_back(inference::text_message(inference::Role::User, "go"));
    if (hosted) out.hosted.push_back({&echo, {}});
    out.new_id = [this](std::string_view) { return "e_" + std::to_string(++made); };
    return out;
  }

  Status run(const std::string& turns, Task task) {
    auto value = json::parse(R"({"models":[{"id":"m","turns":)" + turns + "}]}");
    inference::scripted::ScriptedBackend backend(*inference::scripted::parse_script(*value), ids,
                                                 0);
    Run run(backend, std::move(task));
    boost::asio::io_context context;
    Status status;
    base::asio::co_spawn(context, drive(run, status), base::asio::detached);
    context.run();
    return status;
  }
  base::awaitable<> drive(Run& run, Status& status) {
    status = co_await run.start();
    if (status) co_await run.proceed(listener);
  }
};

constexpr const char* kCallOnce = R"([
  {"when":{"after_tool":false},"steps":[{"text":"Hm. "},{"tool_call":{"name":"echo","arguments":"{\"a\":1}"}}]},
  {"steps":[{"text":"Done."}]}])";
constexpr const char* kAlwaysCalls =
    R"([{"steps":[{"tool_call":{"name":"echo","arguments":"{}"}}]}])";

TEST(AgentRun, FeedsTheAnswerOfAHostedToolBack) {
  Fixture f;
  ASSERT_TRUE(f.run(kCallOnce, f.task()));
  EXPECT_EQ(f.listener.heard, "Hm. [echo_call echo_call.working {\"a\":1}]Done.");
  ASSERT_TRUE(f.listener.finished);
  EXPECT_EQ(f.listener.finished->reason, FinishReason::Stop);
  EXPECT_GT(f.listener.finished->usage.input_tokens, 4);  // of both rounds
}

TEST(AgentRun, AClientsCallEndsIt) {
  Fixture f;
  ASSERT_TRUE(f.run(kCallOnce, f.task(false)));
  EXPECT_EQ(f.listener.heard, "Hm. <echo>");
  EXPECT_EQ(f.listener.finished->reason, FinishReason::ToolCalls);
}

TEST(AgentRun, AFailedToolIsToldToTheModel) {
  Fixture f;
  f.echo.calls = 2;
  ASSERT_TRUE(f.run(kCallOnce, f.task()));
  EXPECT_EQ(f.listener.heard, "Hm. [echo_call The tool failed: no echo]Done.");
}

TEST(AgentRun, CallsAndRoundsAreBounded) {
  for (const int calls : {1, 2}) {
    Fixture f;
    Task task = f.task();
    task.hosted_calls_max = calls;
    task.rounds_max = 3;
    ASSERT_TRUE(f.run(kAlwaysCalls, std::move(task)));
    EXPECT_EQ(f.echo.calls, calls);
    EXPECT_TRUE(f.listener.finished || f.listener.failed);
  }
}

TEST(AgentRun, ErrorsBeforeTheFirstWordAreTheCallers) {
  Fixture f;
  const auto status =
      f.run(R"([{"steps":[{"fail":{"code":"overloaded","message":"busy"}}]}])", f.task());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::Overloaded);
}

TEST(AgentRun, LaterFailuresAreAnEvent) {
  Fixture f;
  ASSERT_TRUE(f.run(R"([{"steps":[{"text":"a"},{"fail":{"message":"broken"}}]}])", f.task()));
  ASSERT_TRUE(f.listener.failed);
  EXPECT_EQ(f.listener.failed->message, "broken");
}

TEST(AgentRun, TimeIsBounded) {
  Fixture f;
  Task task = f.task();
  task.time_max = std::chrono::nanoseconds(-1);
  ASSERT_TRUE(f.run(kCallOnce, std::move(task)));
  ASSERT_TRUE(f.listener.failed);
  EXPECT_EQ(f.listener.failed->code, ErrorCode::Timeout);
}

}  // namespace
}  // namespace agent
