// Every template of the golden data, rendered with every conversation.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "inference/jinja/template.h"

namespace inference::jinja {
namespace {

std::filesystem::path golden_folder() {
  const char* shared = std::getenv("PARLANCE_SHARED");
  const char* source = std::getenv("PARLANCE_SOURCE");
  const std::filesystem::path root =
      shared ? shared : std::filesystem::path(source ? source : ".") / ".." / "shared";
  return root / "golden" / "chat_templates";
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

base::UnixTime golden_now() {
  using namespace std::chrono;
  return base::UnixTime(sys_days(year(2026) / 11 / 20) + hours(12) + minutes(34) + seconds(56));
}

// Empty when the rendering is as expected, else what is wrong.
std::string compare(const Template& chat_template, const json::Object& golden,
                    const json::Object& conversation, const json::Object& expected) {
  const json::Value none;
  Variables variables = {{"documents", &none}};
  for (const auto* name : {"bos_token", "eos_token"})
    variables.emplace_back(name, &golden.at(name));
  for (const auto* name : {"messages", "tools", "add_generation_prompt"}) {
    variables.emplace_back(name, &conversation.at(name));
  }
  for (const auto* from : {&golden, &conversation}) {
    for (const auto& [name, value] : from->at("kwargs").as_object()) {
      variables.emplace_back(name, &value);
    }
  }
  const auto rendered = chat_template.render(variables, {.now = golden_now()});
  if (const auto* text = json::find(expected, "text")) {
    if (!rendered) return "failed: " + rendered.error().message;
    if (*rendered == text->as_string()) return {};
    return "got " + *rendered + "\nexpected " + std::string(text->as_string());
  }
  if (rendered) return "rendered, but should raise " + json::dump(expected);
  const bool is_raised = json::string_or(expected, "exception") == "raise_exception";
  if (is_raised && rendered.error().message != json::string_or(expected, "message")) {
    return "raised " + rendered.error().message + ", expected " + json::dump(expected);
  }
  return {};
}

TEST(ChatTemplates, RenderAsTheReferenceDoes) {
  const auto folder = golden_folder();
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no golden data";
  const auto conversations = json::parse(read(folder / "conversations.json"));
  ASSERT_TRUE(conversations);
  std::size_t compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".jinja") continue;
    const auto chat_template = Template::parse(read(entry.path()));
    ASSERT_TRUE(chat_template) << entry.path() << ": " << chat_template.error().message;
    const auto golden =
        json::parse(read(std::filesystem::path(entry.path()).replace_extension("json")));
    ASSERT_TRUE(golden);
    for (const auto& [name, expected] : golden->at("expected").as_object()) {
      const auto& conversation = conversations->at("conversations").at(name).as_object();
      const auto wrong =
          compare(*chat_template, golden->as_object(), conversation, expected.as_object());
      EXPECT_EQ(wrong, "") << entry.path().stem() << " / " << std::string_view(name);
      ++compared;
    }
  }
  RecordProperty("compared", static_cast<int>(compared));
  EXPECT_GT(compared, 0U);
}

}  // namespace
}  // namespace inference::jinja
