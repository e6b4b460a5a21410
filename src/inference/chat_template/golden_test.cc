// The conversations of the golden data, as messages of ours, through every golden template:
// whatever a template refuses, a prompt comes out in the end, and nothing that was said is lost.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/golden_testing.h"
#include "inference/chat_template/chat_template.h"

namespace inference {
namespace {

std::vector<Message> hard_conversation() {
  auto call = text_message(Role::Assistant, "Let me look.");
  call.reasoning = "Two places.";
  call.tool_calls = {
      {.id = "call_1", .name = "get_weather", .arguments = R"({"place": "Lyon-Place"})"},
      {.id = "call_2", .name = "get_weather", .arguments = R"({"place": "Oslo-Place"})"}};
  auto first = text_message(Role::Tool, "result-one");
  first.tool_call_id = "call_1";
  auto second = text_message(Role::Tool, "result-two");
  second.tool_call_id = "call_2";
  return {text_message(Role::Developer, "instruction-one"),
          text_message(Role::System, "instruction-two"),
          text_message(Role::User, "question-one"),
          call,
          first,
          second,
          text_message(Role::Assistant, "answer-one"),
          text_message(Role::System, "instruction-three"),
          text_message(Role::User, "question-two"),
          text_message(Role::User, "question-three")};
}

TEST(ChatTemplateGolden, EveryFamilyTakesAHardConversation) {
  const auto folder = base::testing::golden_folder("chat_templates");
  if (!folder) GTEST_SKIP() << "no golden data";
  const std::vector<Tool> tools = {{.kind = Tool::Kind::Function,
                                    .name = "get_weather",
                                    .description = "Weather of a place.",
                                    .parameters = nullptr,
                                    .strict = false,
                                    .format = {}}};
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    if (entry.path().extension() != ".jinja") continue;
    const auto name = entry.path().stem().string();
    const auto chat = ChatTemplate::compile(base::testing::read_file(entry.path()),
                                            {.bos = "<s>", .eos = "</s>"});
    ASSERT_TRUE(chat) << name << ": " << chat.error().message;
    const auto& can = chat->capabilities();
    RecordProperty(name, (can.tools ? "tools " : "") + std::string(can.tool_calls ? "calls " : "") +
                             (can.parallel_calls ? "parallel " : "") + can.reasoning_field);
    for (const auto& with : {tools, std::vector<Tool>{}}) {
      const auto prompt = chat->render(hard_conversation(), with, {});
      ASSERT_TRUE(prompt) << name << ": " << prompt.error().message;
      for (const auto* said : {"instruction-one", "instruction-two", "question-one", "Lyon-Place",
                               "Oslo-Place", "result-one", "result-two", "answer-one",
                               "instruction-three", "question-two", "question-three"}) {
        EXPECT_NE(prompt->find(said), std::string::npos) << name << " loses " << said;
      }
    }
  }
}

}  // namespace
}  // namespace inference
