// Calls written by each golden template are read back as they were, and each template is told
// apart.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/golden_testing.h"
#include "inference/chat_template/chat_template.h"
#include "inference/output/parser.h"

namespace inference::output {
namespace {

Tool weather() {
  return {
      .kind = Tool::Kind::Function,
      .name = "get_weather",
      .description = "Weather of a place.",
      .parameters = *json::parse(R"({"type": "object", "properties": {"place": {"type": "string"},
              "days": {"type": "integer"}}, "required": ["place"]})"),
      .strict = false,
      .format = {}};
}

TEST(OutputGolden, ReadsBackWhatTheTemplatesWrite) {
  const auto folder = base::testing::golden_folder("chat_templates");
  if (!folder) GTEST_SKIP() << "no golden data";
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    if (entry.path().extension() != ".jinja") continue;
    const auto name = entry.path().stem().string();
    const auto source = base::testing::read_file(entry.path());
    const auto chat = ChatTemplate::compile(source, {.bos = "<s>", .eos = "</s>"});
    ASSERT_TRUE(chat);
    auto call = text_message(Role::Assistant, "");
    call.tool_calls = {{.id = "call_1",
                        .name = "get_weather",
                        .arguments = R"({"place": "Saint-\"Malo\"", "days": 3})"}};
    const std::vector<Message> question = {text_message(Role::User, "Weather?")};
    auto answered = question;
    answered.push_back(call);
    const auto prompt = chat->render(question, {weather()}, {});
    const auto full = chat->render(answered, {weather()}, {.add_generation_prompt = false});
    ASSERT_TRUE(prompt && full) << name;
    // Some templates put other things before an answer in the past than before one to come.
    auto shared = static_cast<std::size_t>(
        std::mismatch(prompt->begin(), prompt->end(), full->begin(), full->end()).first -
        prompt->begin());
    if (const auto open = full->rfind('<', shared - 1);
        shared < prompt->size() && open != std::string::npos && full->find('>', open) >= shared) {
      shared = open;  // not within a marker
    }
    RecordProperty(name, std::string(detect_syntax(source).family));
    if (!chat->capabilities().tool_calls) continue;
    OutputParser parser(detect(source), {weather()}, std::string_view(*full).substr(0, shared));
    auto deltas = parser.feed(std::string_view(*full).substr(shared));
    const auto rest = parser.finish();
    deltas.insert(deltas.end(), rest.begin(), rest.end());
    std::string called;
    std::string arguments;
    for (const auto& delta : deltas) {
      if (const auto* begin = std::get_if<CallBegin>(&delta)) called += begin->name + ";";
      if (const auto* piece = std::get_if<CallPiece>(&delta)) arguments += piece->arguments;
    }
    EXPECT_EQ(called, "get_weather;") << name << ": " << full->substr(shared);
    const auto parsed = json::parse(arguments);
    EXPECT_TRUE(parsed && json::dump(*parsed) == R"({"place":"Saint-\"Malo\"","days":3})")
        << name << " (" << detect_syntax(source).family << "): " << arguments << "\nfrom "
        << full->substr(shared);
    ++compared;
  }
  EXPECT_GT(compared, 20);
}

}  // namespace
}  // namespace inference::output
