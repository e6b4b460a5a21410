// What an observer of a run hears, in order. Texts and the client's own calls are the model's
// events; hosted calls have three of their own. At the very end one Finished or one Failed.
#pragma once

#include <string>
#include <variant>

#include "base/async.h"
#include "base/json/value.h"
#include "inference/event.h"

namespace agent {

struct HostedStarted {
  std::string id;         // of the item
  std::string item_type;  // "file_search_call"
  json::Object item;      // its members so far, besides `id` and `type`
};
struct HostedProgress {
  std::string id;
  std::string type;  // "file_search_call.searching"
  json::Object fields;
};
struct HostedFinished {
  std::string id;
  std::string item_type;
  json::Object item;
  // For reading it back in a later turn: calls of one round stand in one message.
  std::string round, name, arguments, output;
};
// Where the text stands now, it refers to this: the annotation without its place.
struct Cited {
  json::Object annotation;
};
struct Finished {
  inference::FinishReason reason = inference::FinishReason::Stop;
  inference::Usage usage;  // of all rounds together
};

using Event =
    std::variant<inference::TextDelta, inference::ReasoningDelta, inference::RefusalDelta,
                 inference::ToolCallBegin, inference::ToolCallDelta, inference::ToolCallEnd,
                 HostedStarted, HostedProgress, HostedFinished, Cited, Finished, inference::Failed>;

// One coroutine.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual base::awaitable<> on(Event event) = 0;
};

}  // namespace agent
