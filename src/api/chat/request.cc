#include "api/chat/request.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "api/common/api_error.h"
#include "base/encoding.h"
#include "base/json/codec.h"

namespace api::chat {
namespace {

using inference::Role;

constexpr const char* kNamePattern = "^[a-zA-Z0-9_-]+$";

bool is_plain_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
}

void check_name(std::string_view name, const std::string& path) {
  if (is_plain_name(name)) return;
  reject(ErrorCode::InvalidRequest,
         fmt::format("Invalid '{}': string does not match pattern. Expected a string that matches "
                     "the pattern '{}'.",
                     path, kNamePattern),
         path, "invalid_value");
}

[[noreturn]] void refuse_capability(const std::string& message, const std::string& param) {
  reject(ErrorCode::InvalidRequest, message, param, "unsupported_value");
}

Role role_named(std::string_view role) {
  if (role == "system") return Role::System;
  if (role == "developer") return Role::Developer;
  if (role == "assistant") return Role::Assistant;
  if (role == "tool" || role == "function") return Role::Tool;
  return Role::User;
}

// Which kinds of content part a role may hold.
bool may_hold(std::string_view role, std::string_view type) {
  if (type == "text") return true;
  if (role == "user") return type == "image_url" || type == "input_audio" || type == "file";
  return role == "assistant" && type == "refusal";
}

void add_part(const ContentPart& part, const std::string& role, std::size_t index,
              const std::string& path, inference::Message& out) {
  const auto missing = [&](const char* field) {
    const std::string at = path + "." + field;
    reject(ErrorCode::InvalidRequest, fmt::format("Missing required parameter: '{}'.", at), at,
           "missing_required_parameter");
  };
  if (!may_hold(role, part.type)) {
    const char* expected = role == "user"        ? "either text or image_url"
                           : role == "assistant" ? "either text or refusal"
                                                 : "text";
    reject(ErrorCode::InvalidRequest,
           fmt::format("Invalid 'messages[{}]'. Content blocks are expected to be {} type.", index,
                       expected),
           fmt::format("messages[{}]", index), "invalid_value");
  }
  if (part.type == "text") {
    if (!part.text) missing("text");
    out.content.push_back(inference::TextPart{*part.text});
  } else if (part.type == "refusal") {
    if (!part.refusal) missing("refusal");
    out.content.push_back(inference::TextPart{*part.refusal});
  } else if (part.type == "image_url") {
    if (!part.image_url) missing("image_url");
    out.content.push_back(
        inference::ImagePart{part.image_url->url, part.image_url->detail.value_or("auto")});
  } else if (part.type == "input_audio") {
    if (!part.input_audio) missing("input_audio");
    auto bytes = base::base64_decode(part.input_audio->data);
    if (!bytes) {
      reject(ErrorCode::InvalidRequest, "Invalid base64 in 'input_audio.data'.",
             path + ".input_audio.data", "invalid_base64");
    }
    out.content.push_back(inference::AudioPart{std::move(*bytes), part.input_audio->format});
  } else {
    missing("file");  // those that are there have been read: see read_files
  }
}

inference::ToolCall to_call(const ToolCall& call, const std::string& path) {
  if (call.type == "custom") {
    if (!call.custom) {
      reject(ErrorCode::InvalidRequest,
             fmt::format("Missing required parameter: '{}.custom'.", path), path + ".custom",
             "missing_required_parameter");
    }
    return {
        .id = call.id, .name = call.custom->name, .arguments = call.custom->input, .custom = true};
  }
  if (!call.function) {
    reject(ErrorCode::InvalidRequest,
           fmt::format("Missing required parameter: '{}.function'.", path), path + ".function",
           "missing_required_parameter");
  }
  return {.id = call.id,
          .name = call.function->name,
          .arguments = call.function->arguments,
          .custom = false};
}

inference::Message to_message(const Message& wire, std::size_t index) {
  const std::string path = fmt::format("messages[{}]", index);
  inference::Message out;
  out.role = role_named(wire.role);
  if (wire.name) {
    check_name(*wire.name, path + ".name");
    out.name = *wire.name;
  }
  if (wire.content) {
    for (std::size_t i = 0; i < wire.content->parts.size(); ++i) {
      add_part(wire.content->parts[i], wire.role, index, fmt::format("{}.content[{}]", path, i),
               out);
    }
  }
  if (wire.refusal && !wire.content) out.content.push_back(inference::TextPart{*wire.refusal});
  if (wire.reasoning_content) out.reasoning = *wire.reasoning_content;
  if (wire.tool_calls) {
    for (std::size_t i = 0; i < wire.tool_calls->size(); ++i) {
      out.tool_calls.push_back(
          to_call((*wire.tool_calls)[i], fmt::format("{}.tool_calls[{}]", path, i)));
    }
  }
  if (wire.function_call) {  // the deprecated form has no ids: the function's name links call and
                             // answer
    out.tool_calls.push_back({.id = wire.function_call->name,
                              .name = wire.function_call->name,
                              .arguments = wire.function_call->arguments,
                              .custom = false});
  }
  if (wire.audio)
    refuse_capability("Audio of earlier turns is not supported by this model.", path + ".audio");
  if (wire.role == "function") out.tool_call_id = wire.name.value_or("");
  if (wire.tool_call_id) out.tool_call_id = *wire.tool_call_id;
  return out;
}

// A tool's answer must follow a call of that id, and every call needs its answer before the next
// turn.
void check_tool_turns(const std::vector<Message>& messages) {
  std::vector<std::string> open;
  const auto refuse_unanswered = [&](std::size_t index) {
    if (open.empty()) return;
    std::string ids;
    for (const auto& id : open) ids += (ids.empty() ? "" : ", ") + id;
    reject(ErrorCode::InvalidRequest,
           "An assistant message with 'tool_calls' must be followed by tool messages responding to "
           "each 'tool_call_id'. "
           "The following tool_call_ids did not have response messages: " +
               ids,
           fmt::format("messages.[{}].role", index));
  };
  bool after_calls = false;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    if (message.role == "tool") {
      const auto found = std::find(open.begin(), open.end(), message.tool_call_id.value_or(""));
      if (!after_calls || (found == open.end() && !open.empty())) {
        reject(ErrorCode::InvalidRequest,
               "Invalid parameter: messages with role 'tool' must be a response to a preceeding "
               "message with 'tool_calls'.",
               fmt::format("messages.[{}].role", i));
      }
      if (found != open.end()) open.erase(found);
      continue;
    }
    refuse_unanswered(i);
    after_calls = message.tool_calls.has_value();
    if (message.tool_calls) {
      for (const auto& call : *message.tool_calls) open.push_back(call.id);
    }
  }
  refuse_unanswered(messages.size());
}

// The real API's last check, with a path notation of its own.
void check_contents(const std::vector<Message>& messages) {
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    if (message.content) continue;
    const bool says_otherwise =
        message.tool_calls || message.function_call || message.refusal || message.audio;
    if (message.role == "assistant" && says_otherwise) continue;
    if (message.role == "developer") {
      const std::string path = fmt::format("messages[{}].content", i);
      reject(ErrorCode::InvalidRequest, fmt::format("Missing required parameter: '{}'.", path),
             path, "missing_required_parameter");
    }
    reject(ErrorCode::InvalidRequest, "Invalid value for 'content': expected a string, got null.",
           fmt::format("messages.[{}].content", i));
  }
}

inference::Tool to_tool(const Function& function, const std::string& path) {
  check_name(function.name, path + ".name");
  inference::Tool out;
  out.name = function.name;
  out.description = function.description.value_or("");
  if (function.parameters) out.parameters = *function.parameters;
  out.strict = function.strict.value_or(false);
  out.path = path;
  return out;
}

inference::Tool to_tool(const CustomTool& custom, const std::string& path) {
  check_name(custom.name, path + ".name");
  inference::Tool out;
  out.kind = inference::Tool::Kind::Custom;
  out.name = custom.name;
  out.description = custom.description.value_or("");
  out.path = path;
  if (custom.format && custom.format->type == "grammar") {
    if (!custom.format->grammar) {
      const std::string at = path + ".format.grammar";
      reject(ErrorCode::InvalidRequest, fmt::format("Missing required parameter: '{}'.", at), at,
             "missing_required_parameter");
    }
    using Syntax = inference::GrammarFormat::Syntax;
    const auto syntax = custom.format->grammar->syntax == "regex" ? Syntax::Regex : Syntax::Lark;
    out.format.push_back({syntax, custom.format->grammar->definition});
  }
  return out;
}

void add_tools(const CreateRequest& request, inference::GenerateRequest& out) {
  if (request.tools) {
    for (std::size_t i = 0; i < request.tools->size(); ++i) {
      const Tool& tool = (*request.tools)[i];
      const std::string path = fmt::format("tools[{}].{}", i, tool.type);
      const bool missing =
          (tool.type == "function" && !tool.function) || (tool.type == "custom" && !tool.custom);
      if (missing) {
        reject(ErrorCode::InvalidRequest, fmt::format("Missing required parameter: '{}'.", path),
               path, "missing_required_parameter");
      }
      if (tool.type == "function") out.tools.push_back(to_tool(*tool.function, path));
      if (tool.type == "custom") out.tools.push_back(to_tool(*tool.custom, path));
    }
  }
  if (request.functions) {
    for (std::size_t i = 0; i < request.functions->size(); ++i) {
      out.tools.push_back(to_tool((*request.functions)[i], fmt::format("functions[{}]", i)));
    }
    out.tool_choice.parallel = false;
  }
}

// The deprecated form of `tool_choice`: the function that must be called, if one is named.
std::string named_function(const json::Value& given, inference::ToolChoice::Mode& mode) {
  using Mode = inference::ToolChoice::Mode;
  static constexpr std::array<std::string_view, 2> kModes{"none", "auto"};
  const json::Path path{.key = "function_call"};
  std::string text;
  if (given.is_string()) {
    json::Constraints modes;
    modes.values = kModes;
    or_throw(json::errors::read_string(text, given, path, modes));
    mode = text == "none" ? Mode::None : Mode::Auto;
    return {};
  }
  const auto* object = given.if_object();
  if (!object)
    throw ApiError(json::errors::type(path, "one of an object or 'none' or 'auto'", given).error());
  const json::Path at = path.member("name");
  const json::Value* name = json::find(*object, "name");
  if (!name) throw ApiError(json::errors::missing(at).error());
  or_throw(json::errors::read_string(text, *name, at, {}));
  mode = Mode::Required;
  return text;
}

void set_tool_choice(const CreateRequest& request, inference::GenerateRequest& out) {
  using Mode = inference::ToolChoice::Mode;
  const bool any = request.tools || request.functions;
  for (const auto& [given, field] :
       {std::pair{request.tool_choice.has_value(), "tool_choice"},
        std::pair{request.parallel_tool_calls.has_value(), "parallel_tool_calls"}}) {
    if (given && !request.tools) {
      reject(
          ErrorCode::InvalidRequest,
          fmt::format("Invalid value for '{0}': '{0}' is only allowed when 'tools' are specified.",
                      field),
          field);
    }
  }
  if (!any) return;
  if (request.parallel_tool_calls) out.tool_choice.parallel = *request.parallel_tool_calls;

  std::vector<std::string> names;
  if (request.tool_choice) {
    out.tool_choice.mode = request.tool_choice->mode == "none"       ? Mode::None
                           : request.tool_choice->mode == "required" ? Mode::Required
                                                                     : Mode::Auto;
    names = request.tool_choice->names;
    if (request.tool_choice->named) out.tool_choice.parallel = false;
  } else if (request.function_call) {
    const std::string name = named_function(*request.function_call, out.tool_choice.mode);
    if (!name.empty()) names.push_back(name);
  }
  for (const std::string& name : names) {
    const bool known = std::any_of(out.tools.begin(), out.tools.end(),
                                   [&](const auto& t) { return t.name == name; });
    if (!known) {
      reject(ErrorCode::InvalidRequest,
             fmt::format("Tool choice '{}' not found in 'tools' parameter.", name), "tool_choice");
    }
  }
  out.tool_choice.allowed = std::move(names);
  if (out.tool_choice.mode == Mode::Required && out.tools.empty()) {
    reject(
        ErrorCode::InvalidRequest,
        fmt::format("Tools of type '{}' are not served here, so 'tool_choice' cannot require one.",
                    request.tools->front().type),
        "tool_choice", "unsupported_value");
  }
}

inference::OutputFormat to_format(const CreateRequest& request) {
  if (!request.response_format || request.response_format->type == "text")
    return inference::TextFormat{};
  if (request.response_format->type == "json_object") {
    const auto mentions_json = [](const Message& message) {
      if (!message.content) return false;
      return std::any_of(message.content->parts.begin(), message.content->parts.end(),
                         [](const ContentPart& part) {
                           std::string text = part.text.value_or("");
                           std::transform(text.begin(), text.end(), text.begin(),
                                          [](unsigned char c) { return std::tolower(c); });
                           return text.find("json") != std::string::npos;
                         });
    };
    if (std::none_of(request.messages.begin(), request.messages.end(), mentions_json)) {
      reject(ErrorCode::InvalidRequest,
             "'messages' must contain the word 'json' in some form, to use 'response_format' of "
             "type 'json_object'.",
             "messages");
    }
    return inference::JsonObjectFormat{};
  }
  if (!request.response_format->json_schema) {
    reject(ErrorCode::InvalidRequest, "Missing required parameter: 'response_format.json_schema'.",
           "response_format.json_schema", "missing_required_parameter");
  }
  const JsonSchema& given = *request.response_format->json_schema;
  check_name(given.name, "response_format.json_schema.name");
  return inference::JsonSchemaFormat{
      .name = given.name,
      .schema = given.schema ? json::Value(*given.schema) : json::Value(json::Object()),
      .strict = given.strict.value_or(false),
      .path = "response_format.json_schema.schema"};
}

inference::SamplingParams to_sampling(const CreateRequest& request) {
  inference::SamplingParams out;
  if (request.max_tokens && request.max_completion_tokens) {
    reject(ErrorCode::InvalidRequest,
           "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
           "max_tokens", "invalid_parameter_combination");
  }
  if (request.top_logprobs && !request.logprobs.value_or(false)) {
    reject(ErrorCode::InvalidRequest,
           "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
           "top_logprobs");
  }
  out.temperature = request.temperature.value_or(1.0);
  out.top_p = request.top_p.value_or(1.0);
  out.presence_penalty = request.presence_penalty.value_or(0);
  out.frequency_penalty = request.frequency_penalty.value_or(0);
  if (request.logit_bias) out.logit_bias = request.logit_bias->entries;
  out.seed = request.seed;
  out.tokens_max =
      request.max_completion_tokens ? request.max_completion_tokens : request.max_tokens;
  if (request.stop) out.stop = request.stop->strings;
  if (request.logprobs.value_or(false)) out.top_logprobs = request.top_logprobs.value_or(0);
  return out;
}

// What is documented, understood, and beyond a text model on this machine.
void check_capabilities(const CreateRequest& request) {
  const bool audio_out =
      request.modalities && std::find(request.modalities->begin(), request.modalities->end(),
                                      "audio") != request.modalities->end();
  if (audio_out || request.audio) {
    refuse_capability("This model does not support audio output. Use 'modalities': [\"text\"].",
                      "modalities");
  }
  if (request.web_search_options) {
    reject(ErrorCode::InvalidRequest, "Web search options not supported with this model.",
           "web_search_options");
  }
  if (request.verbosity && *request.verbosity != "medium") {
    reject(ErrorCode::Unsupported,
           fmt::format("Unsupported value: '{}' is not supported with the '{}' model. Supported "
                       "values are: 'medium'.",
                       *request.verbosity, request.model),
           "verbosity", "unsupported_value");
  }
  if (request.moderation) {
    reject(ErrorCode::Unsupported, "Inline moderation is not served here yet.", "moderation",
           "unsupported_parameter");
  }
  if (request.prediction &&
      (request.n.value_or(1) > 1 || request.logprobs.value_or(false) || request.tools)) {
    reject(ErrorCode::InvalidRequest,
           "'prediction' cannot be combined with 'n' above 1, 'logprobs' or 'tools'.", "prediction",
           "invalid_parameter_combination");
  }
}

}  // namespace

CreateRequest parse_request(const json::Value& body) {
  const auto* object = body.if_object();
  if (!object) throw ApiError(json::errors::type({}, "an object", body).error());
  const json::Value* model = json::find(*object, "model");
  if (!model || model->is_null() || (model->is_string() && model->get_string().empty())) {
    reject(ErrorCode::InvalidRequest, "you must provide a model parameter");
  }
  if (const json::Value* messages = json::find(*object, "messages"); !messages) {
    throw ApiError(json::errors::missing({.key = "messages"}).error());
  }
  CreateRequest request = or_throw(json::read<CreateRequest>(body));
  if (request.stream_options && !request.stream.value_or(false)) {
    reject(ErrorCode::InvalidRequest,
           "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
           "stream_options");
  }
  return request;
}

inference::GenerateRequest to_generate(const CreateRequest& request) {
  inference::GenerateRequest out;
  out.model = request.model;
  for (std::size_t i = 0; i < request.messages.size(); ++i)
    out.messages.push_back(to_message(request.messages[i], i));
  check_tool_turns(request.messages);
  add_tools(request, out);
  set_tool_choice(request, out);
  out.format = to_format(request);
  out.sampling = to_sampling(request);
  out.choices = static_cast<int>(request.n.value_or(1));
  out.reasoning_effort = request.reasoning_effort;
  check_capabilities(request);
  if (request.prediction) {
    std::string text;
    for (const auto& part : request.prediction->content.parts) text += part.text.value_or("");
    out.prediction = std::move(text);
  }
  out.cache_key = request.prompt_cache_key.value_or("");
  check_contents(request.messages);
  return out;
}

}  // namespace api::chat
