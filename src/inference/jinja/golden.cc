#include "inference/jinja/golden.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "inference/jinja/template.h"

namespace inference::jinja {
namespace {

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

TemplateComparison compare_template(const std::filesystem::path& source,
                                    const json::Value& conversations) {
  TemplateComparison result = {.name = source.stem().string()};
  const auto chat_template = Template::parse(read(source));
  if (!chat_template) {
    result.differences.push_back("does not parse: " + chat_template.error().message);
    return result;
  }
  const auto golden = json::parse(read(std::filesystem::path(source).replace_extension("json")));
  if (!golden) {
    result.differences.push_back("its stored prompts: " + golden.error().message);
    return result;
  }
  for (const auto& [name, expected] : golden->at("expected").as_object()) {
    const auto& conversation = conversations.at("conversations").at(name).as_object();
    const auto wrong =
        compare(*chat_template, golden->as_object(), conversation, expected.as_object());
    if (!wrong.empty()) result.differences.push_back(std::string(name) + ": " + wrong);
    ++result.n_cases;
  }
  return result;
}

}  // namespace

std::vector<TemplateComparison> compare_templates(const std::filesystem::path& folder,
                                                  std::string_view only) {
  const auto conversations = json::parse(read(folder / "conversations.json"));
  if (!conversations) return {{"conversations", 0, {conversations.error().message}}};
  std::vector<TemplateComparison> results;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto& path = entry.path();
    if (path.extension() != ".jinja" || (!only.empty() && path.stem() != only)) continue;
    results.push_back(compare_template(path, *conversations));
  }
  std::ranges::sort(results, {}, &TemplateComparison::name);
  return results;
}

}  // namespace inference::jinja
