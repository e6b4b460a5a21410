// One choice of a generation: from its tokens to text without cut characters, without stop strings,
// and with its meaning.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "engine/events.h"
#include "engine/tokenizer/stream.h"
#include "inference/backend.h"
#include "inference/local/loaded_model.h"
#include "inference/stop_strings.h"

namespace inference::local {

TokenLogprob describe(const engine::Tokenizer& tokenizer, engine::TokenId token,
                      const engine::Logprobs& logprobs);

// One coroutine. Refers to the model, which the generation keeps.
class Choice {
 public:
  Choice(int index, const LoadedModel& model, const GenerateRequest& request,
         const std::string& prompt_text, base::IdGenerator& ids);

  // Adds the events that follow from one token.
  void push(const engine::TokenGenerated& token, std::deque<Event>& out);
  // Adds what was held back, and ChoiceFinished.
  void finish(const engine::ChoiceFinished& end, std::deque<Event>& out);
  // A stop string was found: the rest is not wanted.
  bool stopped() const { return stops_.stopped(); }
  std::int64_t reasoning_tokens() const { return reasoning_tokens_; }

 private:
  // Text that is neither cut nor beyond a stop string.
  void read(std::string text, std::deque<Event>& out);
  void tell(std::vector<output::Delta> deltas, std::deque<Event>& out);

  int index_;
  const LoadedModel& model_;
  base::IdGenerator& ids_;
  engine::TokenStream stream_;
  StopStrings stops_;
  std::vector<TokenLogprob> logprobs_;            // of tokens whose text has not been told yet
  std::unique_ptr<output::OutputParser> parser_;  // none for plain completions
  std::int64_t reasoning_tokens_ = 0;
  int calls_ = 0;
};

}  // namespace inference::local
