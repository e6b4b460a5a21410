#include "inference/chat_template/capabilities.h"

#include <optional>

#include "inference/chat_template/messages.h"

namespace inference {
namespace {

constexpr std::string_view long_id = "call_0123456789abcdefghijklmn";

class Probe {
 public:
  Probe(const jinja::Template& source, const TemplateTokens& tokens)
      : source_(source), bos_(tokens.bos), eos_(tokens.eos) {}

  bool wants_functions() const {
    return source_.mentions("functions") && source_.mentions("datetime");
  }

  // nullopt when the template raises.
  std::optional<std::string> render(json::Array messages, json::Value tools = nullptr) const {
    if (tools.is_null() && wants_list) tools = json::Array{};
    const json::Value list(std::move(messages));
    const json::Value yes(true);
    const json::Value none;
    const json::Value functions(json::dump(tools));
    const json::Value datetime("probe time");
    // A probe is tiny: a template that takes long for it will not do.
    jinja::Variables variables = {{"messages", &list},  {"tools", &tools},
                                  {"documents", &none}, {"add_generation_prompt", &yes},
                                  {"bos_token", &bos_}, {"eos_token", &eos_}};
    if (wants_functions()) {
      variables.emplace_back("functions", &functions);
      variables.emplace_back("datetime", &datetime);
    }
    const auto rendered = source_.render(variables, {.now = {}, .steps_max = 1'000'000});
    if (!rendered) return std::nullopt;
    return *rendered;
  }

  bool shows(json::Array messages, std::string_view text, json::Value tools = nullptr) const {
    const auto rendered = render(std::move(messages), std::move(tools));
    return rendered && rendered->find(text) != std::string::npos;
  }

  bool wants_list = false;  // an empty one instead of none

 private:
  const jinja::Template& source_;
  json::Value bos_;
  json::Value eos_;
};

json::Value say(std::string_view role, std::string_view text, bool typed) {
  json::Value content(text);
  if (typed) content = json::Array{json::Object{{"type", "text"}, {"text", text}}};
  return json::Object{{"role", role}, {"content", std::move(content)}};
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

// message.NAME, message['NAME'], message.get('NAME')
bool reads_field(std::string_view text, const std::string& name) {
  return contains(text, "." + name) || contains(text, "'" + name + "'") ||
         contains(text, "\"" + name + "\"");
}

struct CallStyle {
  bool string_arguments;
  bool short_ids;
  int calls = 1;
};

json::Array conversation_with_calls(const CallStyle& style, bool typed) {
  json::Array calls;
  json::Array results;
  for (int i = 0; i < style.calls; ++i) {
    const auto id =
        style.short_ids ? "abcdefgh" + std::to_string(i) : std::string(long_id) + std::to_string(i);
    const std::string value = "probe value " + std::to_string(i);
    json::Value arguments = json::Object{{"place", value}};
    if (style.string_arguments) arguments = json::Value(json::dump(arguments));
    calls.push_back(json::Object{
        {"id", id},
        {"type", "function"},
        {"function", json::Object{{"name", "probe_tool"}, {"arguments", std::move(arguments)}}}});
    auto result = say("tool", "probe result " + std::to_string(i), typed).as_object();
    result["tool_call_id"] = id;
    result["name"] = "probe_tool";
    results.push_back(std::move(result));
  }
  auto assistant = say("assistant", "", typed).as_object();
  assistant["tool_calls"] = std::move(calls);
  json::Array messages{say("user", "probe question", typed), std::move(assistant)};
  for (auto& result : results) messages.push_back(std::move(result));
  return messages;
}

json::Value probe_tools() {
  return tools_to_json({Tool{
      .kind = Tool::Kind::Function,
      .name = "probe_tool",
      .description = "probe description",
      .parameters = json::Object{{"type", "object"},
                                 {"properties",
                                  json::Object{{"place", json::Object{{"type", "string"},
                                                                      {"description", "where"}}}}},
                                 {"required", json::Array{"place"}}},
      .strict = false,
      .format = {}}});
}

void probe_calls(const Probe& probe, TemplateCapabilities& found) {
  for (const bool short_ids : {false, true}) {
    for (const bool string_arguments : {false, true}) {
      CallStyle style{.string_arguments = string_arguments, .short_ids = short_ids};
      const auto rendered =
          probe.render(conversation_with_calls(style, found.typed_content), probe_tools());
      // Python's notation of a dict means that the template expected text.
      const bool shows = rendered && contains(*rendered, "probe value 0") &&
                         contains(*rendered, "probe result 0") &&
                         !contains(*rendered, "{'place'") && !contains(*rendered, "\\\"place\\\"");
      if (!shows) continue;
      found.tool_calls = true;
      found.string_arguments = string_arguments;
      found.short_call_ids = short_ids;
      style.calls = 2;
      const auto both =
          probe.render(conversation_with_calls(style, found.typed_content), probe_tools());
      found.parallel_calls = both && contains(*both, "probe value 0") &&
                             contains(*both, "probe value 1") && contains(*both, "probe result 1");
      return;
    }
  }
}

}  // namespace

TemplateCapabilities probe_capabilities(const jinja::Template& source, std::string_view text,
                                        const TemplateTokens& tokens) {
  Probe probe(source, tokens);
  TemplateCapabilities found;
  probe.wants_list = !probe.render({say("user", "probe question", false)}) &&
                     probe.render({say("user", "probe question", false)}, json::Array{});
  found.empty_tools_list = probe.wants_list;
  found.typed_content = !probe.shows({say("user", "probe question", false)}, "probe question") &&
                        probe.shows({say("user", "probe question", true)}, "probe question");
  const bool typed = found.typed_content;
  const auto user = say("user", "probe question", typed);

  found.system = probe.shows({say("system", "probe system", typed), user}, "probe system");
  found.developer =
      contains(text, "developer") &&
      probe.shows({say("developer", "probe developer", typed), user}, "probe developer");
  const json::Array late = {say("system", "probe first", typed), user,
                            say("assistant", "probe answer", typed),
                            say("system", "probe late", typed), user};
  found.system_anywhere =
      found.system && probe.shows(late, "probe first") && probe.shows(late, "probe late");
  const json::Array two = {say(found.developer ? "developer" : "system", "probe first", typed),
                           say("system", "probe second", typed), user};
  found.several_instructions = probe.shows(two, "probe first") && probe.shows(two, "probe second");
  found.functions_variable = probe.wants_functions();
  found.tools = probe.shows({user}, "probe_tool", probe_tools());
  probe_calls(probe, found);

  for (const std::string name : {"reasoning_content", "reasoning", "thinking", "thought"}) {
    if (!reads_field(text, name)) continue;
    found.reasoning_field = name;
    break;
  }
  for (const auto* name : {"enable_thinking", "thinking", "thinking_budget", "thinking_mode"}) {
    found.thinking_switch |= source.mentions(name);
  }
  found.reasoning_effort = source.mentions("reasoning_effort");
  found.reasoning = found.thinking_switch || found.reasoning_effort ||
                    !found.reasoning_field.empty() || contains(text, "think>") ||
                    contains(text, "[THINK]") || contains(text, "<|channel|>analysis");
  return found;
}

}  // namespace inference
