#include "inference/scripted/backend.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace {

using namespace inference;

std::string describe(const Event& event) {
  struct Visitor {
    std::string operator()(const Started& e) { return "started " + std::to_string(e.input_tokens); }
    std::string operator()(const TextDelta& e) { return "text " + e.text; }
    std::string operator()(const ReasoningDelta& e) { return "reasoning " + e.text; }
    std::string operator()(const RefusalDelta& e) { return "refusal " + e.text; }
    std::string operator()(const ToolCallBegin& e) { return "call " + e.name; }
    std::string operator()(const ToolCallDelta& e) { return "arguments " + e.arguments; }
    std::string operator()(const ToolCallEnd&) { return "call end"; }
    std::string operator()(const ChoiceFinished& e) {
      return "choice finished " + std::to_string(int(e.reason));
    }
    std::string operator()(const Finished& e) {
      return "finished " + std::to_string(e.usage.output_tokens);
    }
    std::string operator()(const Failed& e) { return "failed " + e.error.message; }
  };
  return std::visit(Visitor{}, event);
}

base::awaitable<> play(Backend& backend, GenerateRequest request, std::vector<std::string>& out) {
  auto stream = co_await backend.generate(std::move(request));
  if (!stream) {
    out.push_back("error " + stream.error().message);
    co_return;
  }
  while (true) {
    const Event event = co_await (*stream)->next();
    out.push_back(describe(event));
    if (std::holds_alternative<Finished>(event) || std::holds_alternative<Failed>(event)) break;
  }
}

std::vector<std::string> run(const char* script_text, GenerateRequest request) {
  base::FakeClock clock;
  base::SeededRandom random(1);
  base::IdGenerator ids(clock, random);
  auto script = scripted::parse_script(*json::parse(script_text));
  EXPECT_TRUE(script.has_value()) << script.error().message;
  scripted::ScriptedBackend backend(std::move(*script), ids, 0);
  std::vector<std::string> out;
  base::asio::io_context io;
  base::asio::co_spawn(io, play(backend, std::move(request), out), base::asio::detached);
  io.run();
  return out;
}

GenerateRequest ask(std::string text) {
  GenerateRequest request;
  request.model = "m";
  request.messages = {text_message(Role::User, std::move(text))};
  return request;
}

constexpr const char* kScript = R"({"models":[{"id":"m","turns":[
  {"when":{"user":"weather"},"steps":[{"reasoning":"hm"},{"tool_call":{"name":"f","arguments":"{\"a\":1}"}}]},
  {"when":{"user":"break"},"steps":[{"text":"a"},{"fail":{"code":"internal","message":"broken"}}]},
  {"steps":[{"words":"one two three"}]}]}]})";

TEST(Scripted, PlaysTheTurnThatFits) {
  EXPECT_EQ(run(kScript, ask("hi")),
            (std::vector<std::string>{"started 2", "text one", "text  two", "text  three",
                                      "choice finished 0", "finished 3"}));
  EXPECT_EQ(
      run(kScript, ask("the weather?")),
      (std::vector<std::string>{"started 3", "reasoning hm", "call f", "arguments {\"a",
                                "arguments \":1}", "call end", "choice finished 2", "finished 3"}));
  EXPECT_EQ(run(kScript, ask("break")).back(), "failed broken");
}

TEST(Scripted, HonoursTheTokenLimitStopsAndChoices) {
  auto limited = ask("hi");
  limited.sampling.tokens_max = 2;
  EXPECT_EQ(run(kScript, limited).at(3), "choice finished 1");
  auto stopped = ask("hi");
  stopped.sampling.stop = {" tw"};
  EXPECT_EQ(run(kScript, stopped),
            (std::vector<std::string>{"started 2", "text one", "choice finished 0", "finished 2"}));
  auto twice = ask("hi");
  twice.choices = 2;
  EXPECT_EQ(run(kScript, twice).back(), "finished 6");
}

TEST(Scripted, NamesWhatIsWrongInAScript) {
  auto script = scripted::parse_script(
      *json::parse(R"({"models":[{"id":"m","turns":[{"steps":[{"txt":"a"}]}]}]})"));
  ASSERT_FALSE(script.has_value());
  EXPECT_EQ(script.error().param, "models[0].turns[0].steps[0].txt");
}

}  // namespace
