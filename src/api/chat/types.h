// The wire form of POST /v1/chat/completions. Fields stand in the order in which the real API
// reports their defects. Source: OpenAI API reference, "Create chat completion".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/common/logit_bias.h"
#include "api/common/metadata.h"
#include "api/common/prompt_cache.h"
#include "api/common/stop.h"
#include "base/json/field.h"
#include "base/json/value.h"
#include "base/limits/request.h"

namespace api::chat {

struct ImageUrl {
  std::string url;
  std::optional<std::string> detail;
  static constexpr std::array<std::string_view, 3> kDetails{"auto", "low", "high"};
  static constexpr auto json_fields() {
    return std::tuple{json::field("url", &ImageUrl::url),
                      json::field("detail", &ImageUrl::detail).one_of(kDetails)};
  }
};

struct InputAudio {
  std::string data, format;
  static constexpr std::array<std::string_view, 2> kFormats{"wav", "mp3"};
  static constexpr auto json_fields() {
    return std::tuple{json::field("data", &InputAudio::data),
                      json::field("format", &InputAudio::format).one_of(kFormats)};
  }
};

struct InputFile {
  std::optional<std::string> file_id, file_data, filename;
  static constexpr auto json_fields() {
    return std::tuple{json::field("file_id", &InputFile::file_id),
                      json::field("file_data", &InputFile::file_data),
                      json::field("filename", &InputFile::filename)};
  }
};

struct ContentPart {
  std::string type;
  std::optional<std::string> text, refusal;
  std::optional<ImageUrl> image_url;
  std::optional<InputAudio> input_audio;
  std::optional<InputFile> file;
  static constexpr std::array<std::string_view, 5> kTypes{"text", "image_url", "input_audio",
                                                          "refusal", "file"};
  static constexpr auto json_fields() {
    return std::tuple{json::field("type", &ContentPart::type).one_of(kTypes),
                      json::field("text", &ContentPart::text),
                      json::field("refusal", &ContentPart::refusal),
                      json::field("image_url", &ContentPart::image_url),
                      json::field("input_audio", &ContentPart::input_audio),
                      json::field("file", &ContentPart::file)};
  }
};

// A string, or parts. A string is one text part.
struct Content {
  std::vector<ContentPart> parts;
  static Result<Content> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const;
};

struct FunctionCall {
  std::string name, arguments;
  static constexpr auto json_fields() {
    return std::tuple{json::field("name", &FunctionCall::name),
                      json::field("arguments", &FunctionCall::arguments)};
  }
};

struct CustomCall {
  std::string name, input;
  static constexpr auto json_fields() {
    return std::tuple{json::field("name", &CustomCall::name),
                      json::field("input", &CustomCall::input)};
  }
};

struct ToolCall {
  std::string id;
  std::string type;
  std::optional<FunctionCall> function;
  std::optional<CustomCall> custom;
  static constexpr std::array<std::string_view, 2> kTypes{"function", "custom"};
  static constexpr auto json_fields() {
    return std::tuple{
        json::field("id", &ToolCall::id), json::field("type", &ToolCall::type).one_of(kTypes),
        json::field("function", &ToolCall::function), json::field("custom", &ToolCall::custom)};
  }
};

struct AudioReference {
  std::string id;
  static constexpr auto json_fields() { return std::tuple{json::field("id", &AudioReference::id)}; }
};

struct Message {
  std::string role;
  std::optional<Content> content;
  std::optional<std::string> name, refusal, tool_call_id, reasoning_content;
  std::optional<std::vector<ToolCall>> tool_calls;
  std::optional<FunctionCall> function_call;
  std::optional<AudioReference> audio;
  static constexpr std::array<std::string_view, 6> kRoles{"system",   "assistant", "user",
                                                          "function", "tool",      "developer"};
  static constexpr auto json_fields() {
    return std::tuple{
        json::field("role", &Message::role).one_of(kRoles),
        json::field("content", &Message::content),
        json::field("name", &Message::name).length_min(1).length_max(64),
        json::field("refusal", &Message::refusal),
        json::field("tool_call_id", &Message::tool_call_id),
        json::field("reasoning_content", &Message::reasoning_content),
        json::field("tool_calls", &Message::tool_calls).length_min(1).length_max(limits::tools_max),
        json::field("function_call", &Message::function_call),
        json::field("audio", &Message::audio)};
  }
};

struct Function {
  std::string name;
  std::optional<std::string> description;
  std::optional<json::Object> parameters;
  std::optional<bool> strict;
  static constexpr auto json_fields() {
    return std::tuple{json::field("name", &Function::name).length_min(1).length_max(64),
                      json::field("description", &Function::description),
                      json::field("parameters", &Function::parameters),
                      json::field("strict", &Function::strict)};
  }
};

struct Grammar {
  std::string syntax, definition;
  static constexpr std::array<std::string_view, 2> kSyntaxes{"lark", "regex"};
  static constexpr auto json_fields() {
    return std::tuple{json::field("syntax", &Grammar::syntax).one_of(kSyntaxes),
                      json::field("definition", &Grammar::definition)};
  }
};

struct CustomFormat {
  std::string type;
  std::optional<Grammar> grammar;
  static constexpr std::array<std::string_view, 2> kTypes{"text", "grammar"};
  static constexpr auto json_fields() {
    return std::tuple{json::field("type", &CustomFormat::type).one_of(kTypes),
                      json::field("grammar", &CustomFormat::grammar)};
  }
};

struct CustomTool {
  std::string name;
  std::optional<std::string> description;
  std::optional<CustomFormat> format;
  static constexpr auto json_fields() {
    return std::tuple{json::field("name", &CustomTool::name).length_min(1).length_max(64),
                      json::field("description", &CustomTool::description),
                      json::field("format", &CustomTool::format)};
  }
};

// A tool of a type we do not know is kept by its type alone: it breaks only a request that forces
// it.
struct Tool {
  std::string type;
  std::optional<Function> function;
  std::optional<CustomTool> custom;
  static constexpr auto json_fields() {
    return std::tuple{json::field("type", &Tool::type), json::field("function", &Tool::function),
                      json::field("custom", &Tool::custom)};
  }
};

// "none", "auto", "required", a named tool, or a subset of the tools.
struct ToolChoice {
  std::string mode;                // "none", "auto", "required"
  std::vector<std::string> names;  // only these; empty means all
  bool named = false;              // exactly one tool was named
  static Result<ToolChoice> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const;
};

struct JsonSchema {
  std::string name;
  std::optional<std::string> description;
  std::optional<json::Object> schema;
  std::optional<bool> strict;
  static constexpr auto json_fields() {
    return std::tuple{json::field("name", &JsonSchema::name).length_min(1).length_max(64),
                      json::field("description", &JsonSchema::description),
                      json::field("schema", &JsonSchema::schema),
                      json::field("strict", &JsonSchema::strict)};
  }
};

struct ResponseFormat {
  std::string type;
  std::optional<JsonSchema> json_schema;
  static constexpr std::array<std::string_view, 3> kTypes{"json_object", "json_schema", "text"};
  static constexpr auto json_fields() {
    return std::tuple{json::field("type", &ResponseFormat::type).one_of(kTypes),
                      json::field("json_schema", &ResponseFormat::json_schema)};
  }
};

struct StreamOptions {
  std::optional<bool> include_usage, include_obfuscation;
  static constexpr auto json_fields() {
    return std::tuple{json::field("include_usage", &StreamOptions::include_usage),
                      json::field("include_obfuscation", &StreamOptions::include_obfuscation)};
  }
  static constexpr bool json_closed = true;
};

struct Prediction {
  std::string type;
  Content content;
  static constexpr std::array<std::string_view, 1> kTypes{"content"};
  static constexpr auto json_fields() {
    return std::tuple{json::field("type", &Prediction::type).one_of(kTypes),
                      json::field("content", &Prediction::content)};
  }
};

struct CreateRequest {
  std::string model;
  std::vector<Message> messages;
  std::optional<std::vector<Function>> functions;
  std::optional<json::Value> function_call;
  std::optional<std::vector<Tool>> tools;
  std::optional<ToolChoice> tool_choice;
  std::optional<bool> parallel_tool_calls;
  std::optional<std::int64_t> max_completion_tokens;
  std::optional<std::int64_t> n;
  std::optional<double> temperature, top_p, presence_penalty, frequency_penalty;
  std::optional<bool> logprobs;
  std::optional<std::int32_t> top_logprobs;
  std::optional<std::string> user;
  std::optional<std::int64_t> seed;
  std::optional<json::Object> moderation;
  std::optional<std::string> safety_identifier;
  std::optional<PromptCacheOptions> prompt_cache_options;
  std::optional<std::string> prompt_cache_key, prompt_cache_retention;
  std::optional<ResponseFormat> response_format;
  std::optional<std::string> service_tier;
  std::optional<std::int64_t> max_tokens;
  std::optional<std::string> reasoning_effort;
  std::optional<LogitBias> logit_bias;
  std::optional<Stop> stop;
  std::optional<bool> stream;
  std::optional<StreamOptions> stream_options;
  std::optional<bool> store;
  std::optional<Metadata> metadata;
  std::optional<Prediction> prediction;
  std::optional<std::string> verbosity;
  std::optional<std::vector<std::string>> modalities;
  std::optional<json::Object> audio, web_search_options;

  static constexpr std::array<std::string_view, 2> kRetentions{"in_memory", "24h"};
  static constexpr std::array<std::string_view, 6> kTiers{"auto", "default", "fast",
                                                          "flex", "scale",   "priority"};
  static constexpr std::array<std::string_view, 7> kEfforts{"none", "minimal", "low", "medium",
                                                            "high", "xhigh",   "max"};
  static constexpr std::array<std::string_view, 3> kVerbosities{"low", "medium", "high"};
  static constexpr std::array<std::string_view, 2> kModalities{"text", "audio"};
  static constexpr auto json_fields() {
    using R = CreateRequest;
    return std::tuple{
        json::field("model", &R::model),
        json::field("messages", &R::messages).length_min(1),
        json::field("functions", &R::functions).length_min(1).length_max(limits::tools_max),
        json::field("function_call", &R::function_call),
        json::field("tools", &R::tools).length_min(1).length_max(limits::tools_max),
        json::field("tool_choice", &R::tool_choice),
        json::field("parallel_tool_calls", &R::parallel_tool_calls),
        json::field("max_completion_tokens", &R::max_completion_tokens).min(1),
        json::field("n", &R::n).min(1).max(limits::chat_choices_max),
        json::field("temperature", &R::temperature).min(0).max(2),
        json::field("top_p", &R::top_p).min(0).max(1),
        json::field("presence_penalty", &R::presence_penalty).min(-2).max(2),
        json::field("frequency_penalty", &R::frequency_penalty).min(-2).max(2),
        json::field("logprobs", &R::logprobs),
        json::field("top_logprobs", &R::top_logprobs).min(0).max(limits::top_logprobs_max),
        json::field("user", &R::user),
        json::field("seed", &R::seed),
        json::field("moderation", &R::moderation),
        json::field("safety_identifier", &R::safety_identifier).length_max(64),
        json::field("prompt_cache_options", &R::prompt_cache_options),
        json::field("prompt_cache_key", &R::prompt_cache_key),
        json::field("prompt_cache_retention", &R::prompt_cache_retention).one_of(kRetentions),
        json::field("response_format", &R::response_format),
        json::field("service_tier", &R::service_tier).one_of(kTiers),
        json::field("max_tokens", &R::max_tokens).min(1),
        json::field("reasoning_effort", &R::reasoning_effort).one_of(kEfforts),
        json::field("logit_bias", &R::logit_bias),
        json::field("stop", &R::stop),
        json::field("stream", &R::stream),
        json::field("stream_options", &R::stream_options),
        json::field("store", &R::store),
        json::field("metadata", &R::metadata),
        json::field("prediction", &R::prediction),
        json::field("verbosity", &R::verbosity).one_of(kVerbosities),
        json::field("modalities", &R::modalities).one_of(kModalities),
        json::field("audio", &R::audio),
        json::field("web_search_options", &R::web_search_options),
    };
  }
  static constexpr bool json_closed = true;
};

}  // namespace api::chat
