#include "inference/local/generation.h"

#include <algorithm>

namespace inference::local {

Generation::Generation(std::shared_ptr<LoadedModel> model, const GenerateRequest& request,
                       Prompt prompt, base::IdGenerator& ids, base::asio::any_io_executor executor,
                       Activity::Guard activity)
    : activity_(std::move(activity)),
      model_(std::move(model)),
      prompt_(std::move(prompt.tokens)),
      prediction_(std::move(prompt.prediction)),
      predicted_tokens_(static_cast<std::int64_t>(prediction_.size())),
      echo_logprobs_(request.echo_logprobs),
      reader_(std::move(executor)) {
  for (int i = 0; i < request.choices; ++i)
    choices_.emplace_back(i, *model_, request, prompt.text, ids);
}

Status Generation::start(engine::GenerateRequest request) {
  request.prompt = prompt_;
  request.prediction = std::move(prediction_);
  auto handle = model_->engine->submit(std::move(request), reader_.notify());
  if (!handle) return fail(handle.error());
  reader_.attach(*model_->engine, std::move(*handle));
  return {};
}

base::awaitable<Event> Generation::next() {
  while (queue_.empty()) {
    engine::Event event = co_await reader_.next();
    take(std::move(event));
  }
  Event event = std::move(queue_.front());
  queue_.pop_front();
  co_return event;
}

void Generation::take(engine::Event event) {
  if (const auto* read = std::get_if<engine::PromptRead>(&event)) {
    queue_.push_back(started(*read));
  } else if (const auto* token = std::get_if<engine::TokenGenerated>(&event)) {
    take_token(*token);
  } else if (const auto* end = std::get_if<engine::ChoiceFinished>(&event)) {
    take_end(*end);
  } else if (const auto* finished = std::get_if<engine::Finished>(&event)) {
    Usage usage{.input_tokens = finished->usage.prompt_tokens,
                .cached_tokens = finished->usage.cached_tokens,
                .output_tokens = finished->usage.generated_tokens - surplus_tokens_};
    // What came after a stop string may have been predicted too.
    usage.accepted_prediction_tokens =
        std::min<std::int64_t>(finished->usage.predicted_tokens, usage.output_tokens);
    // A prediction that repeats itself may hold more than once.
    usage.rejected_prediction_tokens =
        std::max<std::int64_t>(0, predicted_tokens_ - usage.accepted_prediction_tokens);
    for (const Choice& choice : choices_) usage.reasoning_tokens += choice.reasoning_tokens();
    queue_.push_back(Finished{usage});
  } else if (const auto* failed = std::get_if<engine::Failed>(&event)) {
    queue_.push_back(Failed{failed->error});
  }
}

void Generation::take_token(const engine::TokenGenerated& event) {
  Choice& choice = choices_[static_cast<std::size_t>(event.choice)];
  if (choice.stopped()) {  // it was under way when the stop string was seen
    ++surplus_tokens_;
    return;
  }
  choice.push(event, queue_);
  if (choice.stopped()) reader_.stop_choice(event.choice);
}

void Generation::take_end(const engine::ChoiceFinished& event) {
  Choice& choice = choices_[static_cast<std::size_t>(event.choice)];
  if (choice.stopped() && event.stop_token) ++surplus_tokens_;
  choice.finish(event, queue_);
}

Started Generation::started(const engine::PromptRead& event) const {
  Started out{
      .input_tokens = event.prompt_tokens, .cached_tokens = event.cached_tokens, .prompt = {}};
  if (!echo_logprobs_) return out;
  for (std::size_t i = 0; i < prompt_.size(); ++i) {
    const bool known = i < event.logprobs.size() && event.logprobs[i];
    out.prompt.push_back(
        known ? describe(*model_->tokenizer, prompt_[i], *event.logprobs[i])
              : TokenLogprob{.token = std::string(model_->tokenizer->piece(prompt_[i])),
                             .logprob = 0,
                             .id = prompt_[i],
                             .top = {}});
  }
  return out;
}

}  // namespace inference::local
