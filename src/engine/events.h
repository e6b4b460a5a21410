// What the engine tells about one request, and the bounded channel that carries it out of the
// engine thread. The order per request: PromptRead, then tokens of all choices and one
// ChoiceFinished each, then Finished. Or Embedded, Finished. Or, at any point, Failed. Nothing
// follows Finished or Failed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "base/error.h"
#include "engine/sampling/logprobs.h"
#include "engine/token.h"

namespace engine {

struct Usage {
  int prompt_tokens = 0;
  int cached_tokens = 0;     // part of prompt_tokens: not computed again
  int generated_tokens = 0;  // of all choices, a final stop token included
  int predicted_tokens = 0;  // part of generated_tokens: as the prediction said
};

struct PromptRead {
  int prompt_tokens = 0;
  int cached_tokens = 0;
  // One entry per prompt token when the request asked for them; the first has none.
  std::vector<std::optional<Logprobs>> logprobs = {};
};
struct TokenGenerated {
  int choice = 0;
  TokenId token = 0;
  std::optional<Logprobs> logprobs = {};  // when the request asked for them
};
enum class FinishReason : std::uint8_t { Stop, Length };
struct ChoiceFinished {
  int choice = 0;
  FinishReason reason = FinishReason::Stop;
  std::optional<TokenId> stop_token = {};  // the one that ended it; it is not told as generated
};
struct Embedded {
  // One vector per request, or one per token (Pooling::None), or {score...} (Pooling::Rank). As the
  // model gives them: not normalised.
  std::vector<std::vector<float>> vectors = {};
};
struct Finished {
  Usage usage;
};
struct Failed {
  Error error;
};

using Event = std::variant<PromptRead, TokenGenerated, ChoiceFinished, Embedded, Finished, Failed>;

constexpr bool is_last(const Event& event) {
  return std::holds_alternative<Finished>(event) || std::holds_alternative<Failed>(event);
}

// A bounded queue from the engine thread to one reader. Shared by both, hence always held by
// shared_ptr. The engine never waits: when the reader is too slow the request fails.
class EventChannel {
 public:
  // `notify` is called on the engine thread after an event was added to an empty channel; it must
  // not block (post to an executor). May be empty: then the reader uses wait().
  EventChannel(std::size_t capacity, std::function<void()> notify)
      : capacity_(capacity), notify_(std::move(notify)) {}

  // Engine side. False, and the event is dropped, when the channel is full; last events always fit.
  bool push(Event event);

  // Reader side: the next event, if there is one now.
  std::optional<Event> try_pop();
  // Reader side, for programs and tests without an executor: blocks until there is one.
  Event wait();

 private:
  const std::size_t capacity_;
  const std::function<void()> notify_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Event> events_;
};

}  // namespace engine
