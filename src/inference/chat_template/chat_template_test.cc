#include "inference/chat_template/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inference {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What Gemma does: no system role, strict alternation.
constexpr std::string_view strict_template =
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% "
    "endif %}"
    "{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant') }}{% endif %}"
    "[{{ message['role'] }}]{{ message['content'] | trim }}{% endfor %}"
    "{% if add_generation_prompt %}[model]{% endif %}";

constexpr std::string_view tool_template =
    "{% if tools %}TOOLS {{ tools | tojson }}\n{% endif %}"
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}"
    "{% if m.reasoning_content %}(thought: {{ m.reasoning_content }}){% endif %}"
    "{% if m.tool_calls %}"
    "{% if m.tool_calls | length != 1 %}{{ raise_exception('one call only') }}{% endif %}"
    "CALL {{ m.tool_calls[0].function.name }} {{ m.tool_calls[0].function.arguments | tojson }}{% "
    "endif %}\n"
    "{% endfor %}{% if enable_thinking %}<think>{% endif %}";

ChatTemplate compile(std::string_view source) {
  auto compiled = ChatTemplate::compile(source, {.bos = "<s>", .eos = "</s>"});
  EXPECT_TRUE(compiled) << compiled.error().message;
  return *compiled;
}

Message call_message(std::vector<ToolCall> calls) {
  auto message = text_message(Role::Assistant, "");
  message.tool_calls = std::move(calls);
  return message;
}

Message result_message(std::string id, std::string text) {
  auto message = text_message(Role::Tool, std::move(text));
  message.tool_call_id = std::move(id);
  return message;
}

std::vector<Tool> weather_tool() {
  return {{.kind = Tool::Kind::Function,
           .name = "get_weather",
           .description = "Weather of a place.",
           .parameters = nullptr,
           .strict = false,
           .format = {}}};
}

TEST(ChatTemplate, FallsBackToChatMl) {
  const auto chat = compile("");
  EXPECT_EQ(
      *chat.render({text_message(Role::Developer, "Be brief."), text_message(Role::User, "Hi")}, {},
                   {}),
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
      "<|im_start|>assistant\n");
}

TEST(ChatTemplate, FoldsSystemIntoUserWhereTheTemplateHasNone) {
  const auto chat = compile(strict_template);
  EXPECT_FALSE(chat.capabilities().system);
  EXPECT_EQ(*chat.render({text_message(Role::System, "Be brief."), text_message(Role::User, "Hi")},
                         {}, {}),
            "[user]Be brief.\n\nHi[model]");
}

TEST(ChatTemplate, MergesTurnsOfOneRole) {
  const auto chat = compile(strict_template);
  EXPECT_EQ(
      *chat.render({text_message(Role::User, "One"), text_message(Role::User, "Two")}, {}, {}),
      "[user]One\n\nTwo[model]");
  EXPECT_EQ(*chat.render({text_message(Role::Assistant, "Hello"), text_message(Role::User, "Hi")},
                         {}, {}),
            "[user][assistant]Hello[user]Hi[model]");
}

TEST(ChatTemplate, FindsWhatATemplateCanDo) {
  const auto chat = compile(tool_template);
  const auto& found = chat.capabilities();
  EXPECT_TRUE(found.system);
  EXPECT_FALSE(found.developer);
  EXPECT_TRUE(found.tools);
  EXPECT_TRUE(found.tool_calls);
  EXPECT_FALSE(found.parallel_calls);
  EXPECT_FALSE(found.string_arguments);
  EXPECT_TRUE(found.thinking_switch);
  EXPECT_EQ(found.reasoning_field, "reasoning_content");
}

TEST(ChatTemplate, TakesParallelCallsApart) {
  const auto chat = compile(tool_template);
  const ToolCall first{.id = "call_a", .name = "f", .arguments = "{\"x\":1}"};
  const ToolCall second{.id = "call_b", .name = "g", .arguments = ""};
  EXPECT_EQ(*chat.render({text_message(Role::User, "Go"), call_message({first, second}),
                          result_message("call_b", "B"), result_message("call_a", "A")},
                         {}, {}),
            "<user>Go<assistant>CALL f {\"x\": 1}<tool>A<assistant>CALL g {}<tool>B");
}

TEST(ChatTemplate, DescribesToolsItself) {
  const auto chat = compile("");
  EXPECT_FALSE(chat.has_own_tools());
  const ToolCall call{.id = "call_a", .name = "get_weather", .arguments = "{\"place\":\"Paris\"}"};
  const auto prompt = *chat.render({text_message(Role::User, "Weather?"), call_message({call}),
                                    result_message("call_a", "sunny")},
                                   weather_tool(), {});
  EXPECT_THAT(prompt, HasSubstr("\"name\":\"get_weather\""));
  EXPECT_THAT(prompt, HasSubstr("<|im_start|>assistant\n<tool_call>\n{\"name\":\"get_weather\","
                                "\"arguments\":{\"place\":\"Paris\"}}\n</tool_call><|im_end|>"));
  EXPECT_THAT(prompt, HasSubstr("<|im_start|>user\n<tool_response>\nsunny\n</tool_response>"));
}

TEST(ChatTemplate, GivesThinkingAndKwargsToTheTemplate) {
  const auto chat = compile(tool_template);
  const std::vector<Message> messages = {text_message(Role::User, "Hi")};
  EXPECT_THAT(*chat.render(messages, {}, {.thinking = true}), HasSubstr("<think>"));
  EXPECT_THAT(*chat.render(messages, {}, {.thinking = false}), Not(HasSubstr("<think>")));
  EXPECT_THAT(
      *chat.render(messages, {}, {.thinking = true, .kwargs = {{"enable_thinking", false}}}),
      Not(HasSubstr("<think>")));
}

TEST(ChatTemplate, ShowsCustomToolsAsFunctions) {
  const auto chat = compile(tool_template);
  auto tools = weather_tool();
  tools[0].kind = Tool::Kind::Custom;
  const ToolCall call{.id = "a", .name = "run", .arguments = "print(1)", .custom = true};
  const auto prompt =
      *chat.render({text_message(Role::User, "Go"), call_message({call})}, tools, {});
  EXPECT_THAT(prompt, HasSubstr("CALL run {\"input\": \"print(1)\"}"));
  EXPECT_THAT(prompt, HasSubstr("\"properties\": {\"input\": {\"type\": \"string\"}}"));
}

TEST(ChatTemplate, ReportsWhatCannotBeRendered) {
  EXPECT_FALSE(ChatTemplate::compile("{% if %}", {}));
  const auto chat = compile("{{ raise_exception('never') }}");
  const auto rendered = chat.render({text_message(Role::User, "Hi")}, {}, {});
  ASSERT_FALSE(rendered);
  EXPECT_EQ(rendered.error().message, "never");
}

}  // namespace
}  // namespace inference
