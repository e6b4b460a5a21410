#include "inference/chat_template/chat_template.h"

#include <fmt/format.h>

#include <algorithm>

#include "inference/chat_template/generic_tools.h"
#include "inference/chat_template/messages.h"

namespace inference {

const std::string_view fallback_chat_template =
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}";

namespace {

std::string date_text(base::UnixTime now) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(now - day));
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

}  // namespace

ChatTemplate::ChatTemplate(std::string source, jinja::Template parsed, TemplateTokens tokens)
    : source_(std::move(source)),
      template_(std::move(parsed)),
      tokens_(std::move(tokens)),
      capabilities_(probe_capabilities(template_, source_, tokens_)) {}

Result<ChatTemplate> ChatTemplate::compile(std::string_view source, TemplateTokens tokens) {
  if (source.empty()) source = fallback_chat_template;
  auto parsed = jinja::Template::parse(source);
  if (!parsed) return fail(parsed.error());
  return ChatTemplate(std::string(source), std::move(*parsed), std::move(tokens));
}

std::vector<std::pair<std::string, json::Value>> ChatTemplate::template_variables(
    const json::Value& tools, const ChatTemplateOptions& options) const {
  std::vector<std::pair<std::string, json::Value>> out;
  if (capabilities_.functions_variable) {
    out.emplace_back("functions", json::dump(tools));
    out.emplace_back("datetime", date_text(options.now));
  }
  if (options.thinking) {
    for (const auto* name : {"enable_thinking", "thinking"})
      out.emplace_back(name, *options.thinking);
    if (!*options.thinking) out.emplace_back("thinking_budget", 0);  // Seed-OSS
    out.emplace_back("thinking_mode", *options.thinking ? "enabled" : "disabled");
  }
  if (!options.reasoning_effort.empty()) {
    out.emplace_back("reasoning_effort", options.reasoning_effort);
  }
  return out;
}

Result<std::string> ChatTemplate::render_once(const std::vector<Message>& messages,
                                              const json::Value& tools,
                                              const TemplateCapabilities& capabilities,
                                              const ChatTemplateOptions& options) const {
  const json::Value list(messages_to_json(messages, capabilities));
  const json::Value adds_prompt(options.add_generation_prompt);
  const json::Value bos(tokens_.bos);
  const json::Value eos(tokens_.eos);
  jinja::Variables variables = {{"messages", &list},
                                {"tools", &tools},
                                {"documents", &options.documents},
                                {"add_generation_prompt", &adds_prompt},
                                {"bos_token", &bos},
                                {"eos_token", &eos}};
  const auto own = template_variables(tools, options);
  for (const auto& [name, value] : own) variables.emplace_back(name, &value);
  for (const auto& [name, value] : options.kwargs) variables.emplace_back(name, &value);
  return template_.render(variables, {.now = options.now});
}

Result<std::string> ChatTemplate::render(const std::vector<Message>& messages,
                                         const std::vector<Tool>& tools,
                                         const ChatTemplateOptions& options) const {
  const bool uses_tools =
      !tools.empty() || std::any_of(messages.begin(), messages.end(), [](const Message& message) {
        return message.role == Role::Tool || !message.tool_calls.empty();
      });
  const bool is_generic = uses_tools && !has_own_tools();
  const auto shown = is_generic                  ? with_generic_tools(messages, tools)
                     : !capabilities_.tool_calls ? with_calls_as_text(messages)
                                                 : messages;
  auto described = is_generic ? json::Value() : tools_to_json(tools);
  if (described.is_null() && capabilities_.empty_tools_list) described = json::Array{};

  auto rendered = render_once(shown, described, capabilities_, options);
  if (rendered || rendered.error().code != ErrorCode::InvalidRequest) return rendered;
  const Error first_error = rendered.error();

  // The nearest forms, from the smallest change to the largest.
  described = with_parameter_descriptions(std::move(described));
  rendered = render_once(shown, described, capabilities_, options);
  if (rendered) return rendered;
  TemplateCapabilities simpler = capabilities_;
  simpler.reasoning_field.clear();
  simpler.system_anywhere = false;
  rendered = render_once(shown, described, simpler, options);
  if (rendered) return rendered;
  if (!is_generic || !uses_tools) {
    rendered = render_once(alternating(shown), described, simpler, options);
    if (rendered) return rendered;
  }
  simpler.system = false;
  const auto none = capabilities_.empty_tools_list ? json::Value(json::Array{}) : json::Value();
  rendered = render_once(alternating(with_generic_tools(messages, tools)), none, simpler, options);
  if (rendered) return rendered;
  return fail(first_error);
}

}  // namespace inference
