// Backend: whatever can run a model - the engine on this machine, an upstream service, a script in
// tests.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/async.h"
#include "base/error.h"
#include "base/ids.h"
#include "inference/event.h"
#include "inference/message.h"
#include "inference/sampling.h"
#include "inference/tool.h"

namespace inference {

enum class Priority { Interactive, Background };

// A prompt without a chat template: text, or tokens as they are.
using RawPrompt = std::variant<std::string, std::vector<std::int32_t>>;

struct GenerateRequest {
  std::string model;
  std::vector<Message> messages;      // a chat; empty when `prompt` is given
  std::optional<RawPrompt> prompt;    // a plain completion
  std::optional<std::string> suffix;  // plain completions: what stands after the gap to fill
  bool echo_logprobs = false;  // plain completions: Started carries the prompt's log probabilities
  std::vector<Tool> tools;
  ToolChoice tool_choice;
  OutputFormat format = TextFormat{};
  SamplingParams sampling;
  int choices = 1;  // `n`: drawn from one reading of the prompt
  std::optional<std::string>
      reasoning_effort;   // "none", "minimal", "low"... for models that reason
  bool truncate = false;  // drop the earliest messages instead of failing on a full context
  json::Object template_arguments;        // further variables for the chat template
  std::optional<std::string> prediction;  // text the answer will likely contain
  base::ProjectId project;                // whose request: fairness, cache isolation
  std::string cache_key;                  // `prompt_cache_key`
  Priority priority = Priority::Interactive;
};

struct EmbedRequest {
  std::string model;
  std::vector<RawPrompt> inputs;
  std::optional<int> dimensions;  // shorten to the first so many, renormalised
  base::ProjectId project;
  Priority priority = Priority::Interactive;
};

struct Embeddings {
  std::vector<std::vector<float>> vectors;  // in the order of the inputs, each of length 1
  std::int64_t input_tokens = 0;
  // Names what made them, beyond the model's id: vectors of another must not be compared with
  // these. Empty where that cannot be known.
  std::string made_by = {};
};

struct ModelInfo {
  std::string id;
  std::int64_t created = 0;  // Unix seconds
  std::string owned_by;
  std::int64_t context_tokens = 0;
  bool generates = true;
  bool embeds = true;
  bool chats = true;
  bool sees = false;
  bool removable = false;  // added or tuned by the user, so DELETE may remove it
};

// The events of one generation. One reader. Destroying it cancels what is still running.
class EventStream {
 public:
  virtual ~EventStream() = default;
  // The next event; after Finished or Failed it must not be called again. Throws operation_aborted
  // when cancelled.
  virtual base::awaitable<Event> next() = 0;
};

// Any thread. Errors that are known before generation starts (unknown model, context overflow, bad
// schema) come from `generate` itself, so that the caller can still answer with a status; later
// ones are a Failed event.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::vector<ModelInfo> models() const = 0;
  // Whether `models` lists it; asked for every request.
  virtual bool has(const std::string& model) const {
    for (const auto& info : models()) {
      if (info.id == model) return true;
    }
    return false;
  }
  virtual base::awaitable<Result<std::unique_ptr<EventStream>>> generate(
      GenerateRequest request) = 0;
  virtual base::awaitable<Result<Embeddings>> embed(EmbedRequest request) = 0;
  // How many tokens the model would read for this request.
  virtual base::awaitable<Result<std::int64_t>> count_tokens(GenerateRequest request) = 0;
};

}  // namespace inference
