// What comes back from a model, piece by piece. The order per choice: any number of reasoning, text
// and tool call events, then ChoiceFinished; at the very end one Finished or one Failed. Nothing
// follows those.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"

namespace inference {

struct TopLogprob {
  std::string token;  // the token's bytes; may be part of a character
  float logprob = 0;  // natural logarithm
  std::int32_t id = -1;
};

struct TokenLogprob {
  std::string token;
  float logprob = 0;
  std::int32_t id = -1;
  std::vector<TopLogprob> top;
};

struct Usage {
  std::int64_t input_tokens = 0;
  std::int64_t cached_tokens = 0;  // part of input_tokens: not computed again
  std::int64_t output_tokens = 0;
  std::int64_t reasoning_tokens = 0;            // part of output_tokens
  std::int64_t accepted_prediction_tokens = 0;  // part of output_tokens
  std::int64_t rejected_prediction_tokens = 0;

  std::int64_t total() const { return input_tokens + output_tokens; }
};

enum class FinishReason { Stop, Length, ToolCalls, ContentFilter };

// The prompt was read; generation begins.
struct Started {
  std::int64_t input_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::vector<TokenLogprob>
      prompt;  // only when the request asked for the prompt back (`echo` with logprobs)
};
// Always whole UTF-8 characters. `logprobs` covers the tokens whose text ends in this piece; empty
// unless asked for.
struct TextDelta {
  int choice = 0;
  std::string text;
  std::vector<TokenLogprob> logprobs;
};
struct ReasoningDelta {
  int choice = 0;
  std::string text;
};
struct RefusalDelta {
  int choice = 0;
  std::string text;
};
struct ToolCallBegin {
  int choice = 0;
  int index = 0;   // of the call within the turn: 0, 1, 2...
  std::string id;  // `call_...`
  std::string name;
  bool custom = false;
};
// Pieces of the arguments; together they are valid JSON for functions, free text for custom tools.
struct ToolCallDelta {
  int choice = 0;
  int index = 0;
  std::string arguments;
};
struct ToolCallEnd {
  int choice = 0;
  int index = 0;
};
struct ChoiceFinished {
  int choice = 0;
  FinishReason reason = FinishReason::Stop;
};
struct Finished {
  Usage usage;
};
struct Failed {
  Error error;
};

using Event = std::variant<Started, TextDelta, ReasoningDelta, RefusalDelta, ToolCallBegin,
                           ToolCallDelta, ToolCallEnd, ChoiceFinished, Finished, Failed>;

}  // namespace inference
