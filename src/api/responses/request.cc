#include "api/responses/request.h"

#include <algorithm>
#include <cctype>
#include <set>

#include <fmt/format.h>

#include "api/common/api_error.h"
#include "api/items/messages.h"
#include "api/responses/function_schema.h"
#include "base/json/codec.h"

namespace api::responses {
namespace {

using Mode = inference::ToolChoice::Mode;

// Parameters of chat completions that have another name here.
constexpr std::pair<std::string_view, std::string_view> kMoved[]{
    {"messages", "input"},
    {"response_format", "text.format"},
    {"max_completion_tokens", "max_output_tokens"},
    {"reasoning_effort", "reasoning.effort"}};

void refuse_moved(const json::Object& body) {
  for (const auto& [old_name, new_name] : kMoved) {
    if (!body.contains(old_name)) continue;
    reject(ErrorCode::InvalidRequest,
           fmt::format("Unsupported parameter: '{}'. In the Responses API, this parameter has "
                       "moved to '{}'. Try again with the new parameter. See the API "
                       "documentation for more information: "
                       "https://platform.openai.com/docs/api-reference/responses/create.",
                       old_name, new_name),
           old_name == "messages" ? "" : std::string(old_name), "unsupported_parameter");
  }
}

bool has_context(const json::Object& body) {
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"previous_response_id", "conversation", "prompt"},
      [&](std::string_view name) {
        const json::Value* value = json::find(body, name);
        return value && !value->is_null();
      });
}

void check_presence(const json::Object& body) {
  const json::Value* model = json::find(body, "model");
  if (!model && !body.contains("prompt"))
    throw ApiError(json::errors::missing({.key = "model"}).error());
  // Null is told as an object here.
  if (model && model->is_null())
    throw ApiError(json::errors::type({.key = "model"}, "a string", json::Object()).error());
  const json::Value* input = json::find(body, "input");
  if (!input && !has_context(body)) throw ApiError(json::errors::missing({.key = "input"}).error());
  if (input && input->is_null())
    throw ApiError(json::errors::type({.key = "input"}, "a string", json::Object()).error());
}

[[noreturn]] void refuse(const std::string& message, const std::string& param,
                         const std::string& reason = {}) {
  reject(ErrorCode::InvalidRequest, message, param, reason);
}

void check_combinations(const CreateRequest& request) {
  static constexpr std::array<std::string_view, 5> kTiers{"auto", "default", "fast", "flex",
                                                          "priority"};
  if (request.service_tier && *request.service_tier != "scale" &&
      *request.service_tier != "ultrafast") {
    json::Constraints tiers;
    tiers.values = kTiers;
    std::string ignored;
    or_throw(json::errors::read_string(ignored, json::Value(*request.service_tier),
                                       {.key = "service_tier"}, tiers));
  }
  if (request.stream_options && !request.streams()) {
    refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.",
           "stream_options");
  }
  if (request.previous_response_id && request.conversation) {
    refuse(
        "Mutually exclusive parameters: ''. Ensure you are only providing one of: "
        "'pre..._id' or 'conversation'.",
        "", "mutually_exclusive_parameters");
  }
}

// What the description allows and nothing here can do.
void check_capabilities(const CreateRequest& request) {
  if (request.prompt) {
    reject(ErrorCode::NotFound, fmt::format("Prompt with id '{}' not found.", request.prompt->id));
  }
  if (request.moderation) {
    reject(ErrorCode::Unsupported, "Inline moderation is not served here yet.", "moderation",
           "unsupported_parameter");
  }
}

inference::Tool function_tool(const json::Object& body, std::string_view space) {
  inference::Tool out;
  out.name = items::qualified_name(space, json::string_or(body, "name"));
  out.description = json::string_or(body, "description");
  const json::Value* strict = json::find(body, "strict");
  out.strict = strict && strict->is_bool() && strict->get_bool();
  if (const json::Value* parameters = json::find(body, "parameters")) {
    const auto* object = parameters->if_object();
    out.parameters =
        object && !out.strict ? json::Value(written_form(*object)) : json::Value(*parameters);
  }
  return out;
}

inference::Tool custom_tool(const json::Object& body, std::string_view space) {
  inference::Tool out;
  out.kind = inference::Tool::Kind::Custom;
  out.name = items::qualified_name(space, json::string_or(body, "name"));
  out.description = json::string_or(body, "description");
  const json::Value* format = json::find(body, "format");
  const auto* object = format ? format->if_object() : nullptr;
  if (object && json::string_or(*object, "type") == "grammar") {
    using Syntax = inference::GrammarFormat::Syntax;
    const bool regex = json::string_or(*object, "syntax") == "regex";
    out.format.push_back({.syntax = regex ? Syntax::Regex : Syntax::Lark,
                          .definition = std::string(json::string_or(*object, "definition"))});
  }
  return out;
}

const json::Array& inner_tools(const json::Object& body) {
  return body.at("tools").get_array();  // read_namespace has made it one
}

// The client's own tools that one entry stands for; a namespace for several. `path` of the entry,
// for errors.
void add_tool(const json::Object& body, std::string_view space, const std::string& path,
              std::vector<inference::Tool>& out) {
  const std::string_view type = json::string_or(body, "type");
  if (type == "namespace") {
    const json::Array& inner = inner_tools(body);
    for (std::size_t i = 0; i < inner.size(); ++i) {
      add_tool(inner[i].get_object(), json::string_or(body, "name"),
               fmt::format("{}.tools[{}]", path, i), out);
    }
    return;
  }
  if (type != "function" && type != "custom") return;
  out.push_back(type == "function" ? function_tool(body, space) : custom_tool(body, space));
  out.back().path = path;
}

void refuse_repeated(const std::vector<inference::Tool>& tools) {
  std::set<std::string_view> names;
  for (const auto& tool : tools) {
    if (names.insert(tool.name).second) continue;
    refuse(fmt::format("Duplicate tool name '{}'. Names in 'tools' must be unique.", tool.name),
           "tools", "invalid_value");
  }
}

// What the model calls when `tool_choice` names this.
std::vector<std::string> called_names(const CreateRequest& request, const agent::Task& task,
                                      const ToolChoice::Named& named) {
  std::vector<std::string> out;
  const auto has_own = [&](const std::string& name) {
    return std::ranges::any_of(task.generate.tools,
                               [&](const auto& tool) { return tool.name == name; });
  };
  if (named.type == "function" || named.type == "custom") {
    if (has_own(named.name)) out.push_back(named.name);
    return out;
  }
  for (const Tool& tool : request.tools.value_or(std::vector<Tool>())) {
    if (named.type == "namespace" && tool.type == "namespace" &&
        json::string_or(tool.body, "name") == named.name) {
      std::vector<inference::Tool> inner;
      add_tool(tool.body, "", "tools", inner);
      for (const auto& one : inner) out.push_back(one.name);
    }
  }
  for (const agent::HostedTool& hosted : task.hosted) {
    if (json::string_or(hosted.options, "type") == named.type)
      out.push_back(hosted.tool->declaration(hosted.options).name);
  }
  return out;
}

void set_tool_choice(const CreateRequest& request, agent::Task& task) {
  auto& choice = task.generate.tool_choice;
  choice.parallel = request.parallel_tool_calls.value_or(true);
  if (!request.tool_choice) return;
  const ToolChoice& wanted = *request.tool_choice;
  choice.mode = wanted.mode == "none"       ? Mode::None
                : wanted.mode == "required" ? Mode::Required
                                            : Mode::Auto;
  const auto& given = request.tools;
  task.allowed_stays = wanted.shown.is_object() &&
                       json::string_or(wanted.shown.get_object(), "type") == "allowed_tools";
  for (const ToolChoice::Named& named : wanted.only) {
    auto names = called_names(request, task, named);
    choice.allowed.insert(choice.allowed.end(), names.begin(), names.end());
    if (!names.empty()) continue;
    const bool there = given && std::ranges::any_of(*given, [&](const Tool& tool) {
                         return tool.type == named.type && named.name == named.type;
                       });
    if (!there)
      refuse(fmt::format("Tool choice '{}' not found in 'tools' parameter.", named.name),
             "tool_choice");
    if (wanted.mode == "required" && wanted.only.size() == 1) {
      refuse(fmt::format("Tools of type '{}' are not served here, so 'tool_choice' cannot require "
                         "one.",
                         named.type),
             "tool_choice", "unsupported_value");
    }
  }
  // Of the allowed tools none is served here: no other may be called in their place.
  if (choice.mode == Mode::Auto && !wanted.only.empty() && choice.allowed.empty())
    choice.mode = Mode::None;
  if (choice.mode != Mode::Required) return;
  if (!given || given->empty())
    refuse("Tool choice 'required' must be specified with 'tools' parameter.", "tool_choice");
  const bool nothing_to_call = (task.generate.tools.empty() && task.hosted.empty()) ||
                               (!wanted.only.empty() && choice.allowed.empty());
  if (nothing_to_call) {
    refuse(fmt::format("Tools of type '{}' are not served here, so 'tool_choice' cannot require "
                       "one.",
                       given->front().type),
           "tool_choice", "unsupported_value");
  }
}

inference::OutputFormat to_format(const CreateRequest& request) {
  if (!request.text || !request.text->format || request.text->format->type == "text")
    return inference::TextFormat{};
  const TextFormat& format = *request.text->format;
  if (format.type == "json_object") return inference::JsonObjectFormat{};
  return inference::JsonSchemaFormat{.name = format.name,
                                     .schema = format.schema,
                                     .strict = format.strict.value_or(false),
                                     .path = "text.format.schema"};
}

inference::SamplingParams to_sampling(const CreateRequest& request) {
  inference::SamplingParams out;
  out.temperature = request.temperature.value_or(1.0);
  out.top_p = request.top_p.value_or(1.0);
  out.presence_penalty = request.presence_penalty.value_or(0);
  out.frequency_penalty = request.frequency_penalty.value_or(0);
  out.tokens_max = request.max_output_tokens;
  if (request.includes().logprobs) out.top_logprobs = request.top_logprobs.value_or(0);
  return out;
}

bool mentions_json(const items::Item& item) {
  const json::Value* content = json::find(item, "content");
  if (!content) return false;
  std::string text = json::dump(*content);
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  // Parts name their types, which hold no "json".
  return text.find("json") != std::string::npos;
}

}  // namespace

CreateRequest parse_request(const json::Value& body) {
  const auto* object = body.if_object();
  if (!object) throw ApiError(json::errors::type({}, "an object", body).error());
  check_presence(*object);
  refuse_moved(*object);
  CreateRequest request = or_throw(json::read<CreateRequest>(body));
  check_combinations(request);
  return request;
}

Namespaces namespaces(const CreateRequest& request) {
  Namespaces out;
  if (!request.tools) return out;
  for (const Tool& tool : *request.tools) {
    if (tool.type != "namespace") continue;
    const std::string space(json::string_or(tool.body, "name"));
    for (const json::Value& inner : inner_tools(tool.body)) {
      const std::string name(json::string_or(inner.get_object(), "name"));
      out[items::qualified_name(space, name)] = {space, name};
    }
  }
  return out;
}

agent::Task to_task(const CreateRequest& request, const tools::Registry& hosted) {
  check_capabilities(request);
  agent::Task task;
  auto& generate = task.generate;
  generate.model = request.model;
  if (request.tools) {
    for (std::size_t i = 0; i < request.tools->size(); ++i) {
      const Tool& tool = (*request.tools)[i];
      add_tool(tool.body, "", fmt::format("tools[{}]", i), generate.tools);
      tools::Tool* served = hosted.find(tool.type);
      if (!served) continue;
      const json::Path tools_path{.key = "tools"};
      or_throw(served->check(tool.body, tools_path.element(i)));
      task.hosted.push_back({served, tool.body});
    }
  }
  refuse_repeated(generate.tools);
  set_tool_choice(request, task);
  generate.format = to_format(request);
  generate.sampling = to_sampling(request);
  if (request.reasoning && request.reasoning->effort)
    generate.reasoning_effort = request.reasoning->effort->value;
  generate.truncate = request.truncation == "auto";
  generate.cache_key = request.prompt_cache_key.value_or("");
  if (request.in_background()) generate.priority = inference::Priority::Background;
  if (request.max_tool_calls) {
    task.hosted_calls_max = static_cast<int>(
        std::min<std::int64_t>(*request.max_tool_calls, limits::agent_hosted_calls_max));
  }
  return task;
}

std::vector<inference::Message> leading_messages(const CreateRequest& request) {
  std::string text = request.instructions.value_or("");
  if (request.text && request.text->verbosity && *request.text->verbosity != "medium") {
    if (!text.empty()) text += "\n\n";
    text += *request.text->verbosity == "low" ? "Keep your answer short."
                                              : "Answer at length and in detail.";
  }
  if (text.empty()) return {};
  return {inference::text_message(inference::Role::Developer, std::move(text))};
}

void check_input(const CreateRequest& request, std::span<const items::Item> own) {
  if (own.empty() && !request.previous_response_id && !request.conversation) {
    refuse(
        "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' must be "
        "provided.",
        "", "missing_required_parameter");
  }
  const bool wants_object =
      request.text && request.text->format && request.text->format->type == "json_object";
  if (wants_object && std::ranges::none_of(own, mentions_json)) {
    refuse(
        "Response input messages must contain the word 'json' in some form to use "
        "'text.format' of type 'json_object'.",
        "input");
  }
}

}  // namespace api::responses
