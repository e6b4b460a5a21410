// The wire form of POST /v1/responses. Fields stand in the order in which the real API reports
// their defects. Source: OpenAI API reference, "Create a model response".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/common/metadata.h"
#include "api/common/prompt_cache.h"
#include "api/items/parse.h"
#include "api/items/stored.h"
#include "base/json/field.h"
#include "base/json/value.h"
#include "base/limits/request.h"
#include "base/limits/response.h"

namespace api::responses {

// An entry of `tools`. Function, custom and namespace tools are checked and completed as the API
// shows them; other types are kept as they are, because they break only a request that forces them.
struct Tool {
  std::string type;
  json::Object body;
  static Result<Tool> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const { return body; }
};

// "none", "auto", "required", one tool, or a subset of the tools.
struct ToolChoice {
  std::string mode = "auto";  // "none", "auto", "required"
  // A tool as `tool_choice` names it: of a function or custom tool its name, else its type.
  struct Named {
    std::string type, name;
  };
  std::vector<Named> only;  // empty: all
  json::Value shown = "auto";
  static Result<ToolChoice> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const { return shown; }
};

struct TextFormat {
  std::string type = "text";
  std::string name;
  std::optional<std::string> description;
  json::Object schema;
  std::optional<bool> strict;
  static Result<TextFormat> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const;
};

struct Text {
  std::optional<TextFormat> format;
  std::optional<std::string> verbosity;
  static constexpr std::array<std::string_view, 3> kVerbosities{"low", "medium", "high"};
  static constexpr auto json_fields() {
    return std::tuple{json::field("format", &Text::format),
                      json::field("verbosity", &Text::verbosity).one_of(kVerbosities)};
  }
  static constexpr bool json_closed = true;
};

// "none" to "max".
struct Effort {
  std::string value;
  static Result<Effort> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const { return json::Value(value); }
};

struct Reasoning {
  std::optional<Effort> effort;
  std::optional<std::string> summary, context, mode;
  static constexpr std::array<std::string_view, 3> kSummaries{"concise", "detailed", "auto"};
  static constexpr std::array<std::string_view, 3> kContexts{"auto", "current_turn", "all_turns"};
  static constexpr auto json_fields() {
    return std::tuple{json::field("effort", &Reasoning::effort),
                      json::field("summary", &Reasoning::summary).one_of(kSummaries),
                      json::field("context", &Reasoning::context).one_of(kContexts),
                      json::field("mode", &Reasoning::mode)};
  }
  static constexpr bool json_closed = true;
};

struct StreamOptions {
  std::optional<bool> include_obfuscation;
  static constexpr auto json_fields() {
    return std::tuple{json::field("include_obfuscation", &StreamOptions::include_obfuscation)};
  }
  static constexpr bool json_closed = true;
};

// An id, or {id}.
struct ConversationRef {
  std::string id;
  static Result<ConversationRef> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const { return json::Value(id); }
};

// An id of another response.
struct ResponseRef {
  std::string id;
  static Result<ResponseRef> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const { return json::Value(id); }
};

// `include`: names from items::include_names().
struct IncludeList {
  std::vector<std::string> names;
  static Result<IncludeList> from_json(const json::Value& value, const json::Path& path);
  json::Value to_json() const;
};

struct ContextManagement {
  std::string type;
  std::optional<std::int64_t> compact_threshold;
  static constexpr std::array<std::string_view, 1> kTypes{"compaction"};
  static constexpr auto json_fields() {
    return std::tuple{json::field("type", &ContextManagement::type).one_of(kTypes),
                      json::field("compact_threshold", &ContextManagement::compact_threshold)
                          .min(limits::compact_threshold_min)};
  }
  static constexpr bool json_closed = true;
};

// Checked, and refused: see check_capabilities.
struct Moderation {
  std::string model;
  std::optional<json::Object> policy;
  static constexpr auto json_fields() {
    return std::tuple{json::field("model", &Moderation::model),
                      json::field("policy", &Moderation::policy)};
  }
  static constexpr bool json_closed = true;
};

struct PromptRef {
  std::string id;
  std::optional<std::string> version;
  std::optional<json::Object> variables;
  static constexpr auto json_fields() {
    return std::tuple{json::field("id", &PromptRef::id),
                      json::field("version", &PromptRef::version),
                      json::field("variables", &PromptRef::variables)};
  }
  static constexpr bool json_closed = true;
};

struct CreateRequest {
  std::string model;
  items::Input input;
  std::optional<ResponseRef> previous_response_id;
  std::optional<ConversationRef> conversation;
  std::optional<PromptRef> prompt;
  std::optional<Moderation> moderation;
  std::optional<IncludeList> include;
  std::optional<std::vector<Tool>> tools;
  std::optional<ToolChoice> tool_choice;
  std::optional<Metadata> metadata;
  std::optional<Text> text;
  std::optional<double> temperature, top_p, presence_penalty, frequency_penalty;
  std::optional<bool> parallel_tool_calls, stream;
  std::optional<StreamOptions> stream_options;
  std::optional<bool> background;
  std::optional<std::int64_t> max_output_tokens, max_tool_calls;
  std::optional<Reasoning> reasoning;
  std::optional<std::string> user, safety_identifier;
  std::optional<PromptCacheOptions> prompt_cache_options;
  std::optional<std::string> prompt_cache_key, prompt_cache_retention, truncation, instructions;
  std::optional<bool> store;
  std::optional<std::string> service_tier;
  std::optional<std::int32_t> top_logprobs;
  std::optional<std::vector<ContextManagement>> context_management;
  std::optional<json::Value> client_metadata;  // Codex sends it; it means nothing here

  bool stores() const { return store.value_or(true); }
  bool streams() const { return stream.value_or(false); }
  bool in_background() const { return background.value_or(false); }
  items::Include includes() const;

  static constexpr std::array<std::string_view, 2> kRetentions{"in_memory", "24h"};
  static constexpr std::array<std::string_view, 2> kTruncations{"auto", "disabled"};
  static constexpr auto json_fields() {
    using R = CreateRequest;
    return std::tuple{
        json::field("model", &R::model),
        json::field("input", &R::input).optional(),
        json::field("previous_response_id", &R::previous_response_id),
        json::field("conversation", &R::conversation),
        json::field("prompt", &R::prompt),
        json::field("moderation", &R::moderation),
        json::field("include", &R::include),
        json::field("tools", &R::tools).length_max(limits::tools_max).noun("an array of tools"),
        json::field("tool_choice", &R::tool_choice),
        json::field("metadata", &R::metadata),
        json::field("text", &R::text),
        json::field("temperature", &R::temperature).min(0).max(2),
        json::field("top_p", &R::top_p).min(0).max(1),
        json::field("presence_penalty", &R::presence_penalty).min(-2).max(2),
        json::field("frequency_penalty", &R::frequency_penalty).min(-2).max(2),
        json::field("parallel_tool_calls", &R::parallel_tool_calls),
        json::field("stream", &R::stream),
        json::field("stream_options", &R::stream_options),
        json::field("background", &R::background),
        json::field("max_output_tokens", &R::max_output_tokens).min(limits::output_tokens_min),
        json::field("max_tool_calls", &R::max_tool_calls).min(1),
        json::field("reasoning", &R::reasoning),
        json::field("user", &R::user),
        json::field("safety_identifier", &R::safety_identifier)
            .length_max(limits::safety_identifier_chars_max),
        json::field("prompt_cache_options", &R::prompt_cache_options),
        json::field("prompt_cache_key", &R::prompt_cache_key),
        json::field("prompt_cache_retention", &R::prompt_cache_retention).one_of(kRetentions),
        json::field("truncation", &R::truncation).one_of(kTruncations),
        json::field("instructions", &R::instructions),
        json::field("store", &R::store),
        json::field("service_tier", &R::service_tier),
        json::field("top_logprobs", &R::top_logprobs).min(0).max(limits::top_logprobs_max),
        json::field("context_management", &R::context_management)
            .length_min(1)
            .noun("an array of objects"),
        json::field("client_metadata", &R::client_metadata),
    };
  }
  static constexpr bool json_closed = true;
};

}  // namespace api::responses
