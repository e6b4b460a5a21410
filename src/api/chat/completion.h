// The events of a generation as one `chat.completion` object, and as the chunks of a stream. Both
// read the same events. Source: OpenAI API reference, "The chat completion object" and "The chat
// completion chunk object".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "api/chat/types.h"
#include "base/json/value.h"
#include "base/random.h"
#include "inference/event.h"
#include "inference/message.h"

namespace api::chat {

// What every chunk and the object repeat.
struct Envelope {
  std::string id;
  std::int64_t created = 0;
  std::string model;
  std::string service_tier = "default";
  std::string fingerprint;
  bool logprobs = false;              // the request asked for them
  bool deprecated_functions = false;  // the request used `functions`: answer with `function_call`
  bool named_tool = false;            // a single tool was forced: the turn then ends with "stop"
};

Envelope envelope_for(const CreateRequest& request, std::string id, std::int64_t created);

// Collects events into the object. One request; one coroutine.
class Completion {
 public:
  explicit Completion(Envelope envelope) : envelope_(std::move(envelope)) {}

  void add(const inference::Event& event);
  // The object, once Finished was added. Choices in order of their index.
  json::Object object() const;

 private:
  struct Choice {
    std::string text, refusal, reasoning;
    bool has_text = false, has_refusal = false;
    std::vector<inference::ToolCall> calls;
    std::vector<inference::TokenLogprob> logprobs;
    inference::FinishReason reason = inference::FinishReason::Stop;
  };
  json::Object message(const Choice& choice) const;

  Envelope envelope_;
  std::map<int, Choice> choices_;
  inference::Usage usage_;
};

// Turns events into the JSON of chunks. One request; one coroutine.
class Chunks {
 public:
  struct Options {
    bool include_usage = false;
    bool obfuscate = true;
  };
  Chunks(Envelope envelope, Options options, base::Random& random)
      : envelope_(std::move(envelope)), options_(options), random_(random) {}

  // The chunks that follow from one event, in order; none for Started. Failed is not handled here.
  std::vector<std::string> add(const inference::Event& event);

 private:
  struct Choice {
    bool opened = false;       // the role was sent
    std::vector<bool> custom;  // by call index
  };
  std::string chunk(int index, json::Object delta, json::Value finish_reason, json::Value logprobs);
  std::string finish_chunk(json::Object chunk);
  json::Object head() const;
  // The delta that starts a choice: its role, and what it starts with.
  json::Object opening(Choice& choice, json::Value content) const;

  void text(const inference::TextDelta& event, std::vector<std::string>& out);
  void call_begin(const inference::ToolCallBegin& event, std::vector<std::string>& out);
  void call_delta(const inference::ToolCallDelta& event, std::vector<std::string>& out);
  void side_text(int index, const char* field, const std::string& text,
                 std::vector<std::string>& out);
  void finished(const inference::ChoiceFinished& event, std::vector<std::string>& out);

  Envelope envelope_;
  Options options_;
  base::Random& random_;
  std::map<int, Choice> choices_;
};

}  // namespace api::chat
