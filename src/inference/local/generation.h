// The events of one generation on the engine: tokens become text, text becomes meaning.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "inference/activity.h"
#include "inference/backend.h"
#include "inference/local/choice.h"
#include "inference/local/event_reader.h"
#include "inference/local/loaded_model.h"
#include "inference/local/prompt.h"

namespace inference::local {

// One coroutine. Destroying it cancels what still runs in the engine.
class Generation final : public EventStream {
 public:
  Generation(std::shared_ptr<LoadedModel> model, const GenerateRequest& request, Prompt prompt,
             base::IdGenerator& ids, base::asio::any_io_executor executor,
             Activity::Guard activity);

  // Hands the request to the engine.
  Status start(engine::GenerateRequest request);
  base::awaitable<Event> next() override;

 private:
  void take(engine::Event event);
  void take_token(const engine::TokenGenerated& event);
  void take_end(const engine::ChoiceFinished& event);
  Started started(const engine::PromptRead& event) const;

  Activity::Guard activity_;
  std::shared_ptr<LoadedModel> model_;
  std::vector<engine::TokenId> prompt_;
  std::vector<engine::TokenId> prediction_;  // until the engine has it
  std::int64_t predicted_tokens_ = 0;
  bool echo_logprobs_;
  std::vector<Choice> choices_;
  std::int64_t surplus_tokens_ = 0;  // came after a stop string: nobody asked for them
  std::deque<Event> queue_;
  EventReader reader_;  // before model_ in destruction: it cancels on the engine
};

}  // namespace inference::local
