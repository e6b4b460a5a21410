#include "inference/local/choice.h"

#include <utility>

#include "base/encoding.h"

namespace inference::local {

TokenLogprob describe(const engine::Tokenizer& tokenizer, engine::TokenId token,
                      const engine::Logprobs& logprobs) {
  TokenLogprob out{.token = std::string(tokenizer.piece(token)),
                   .logprob = logprobs.chosen,
                   .id = token,
                   .top = {}};
  for (const auto& rival : logprobs.top) {
    out.top.push_back({.token = std::string(tokenizer.piece(rival.token)),
                       .logprob = rival.logprob,
                       .id = rival.token});
  }
  return out;
}

Choice::Choice(int index, const LoadedModel& model, const GenerateRequest& request,
               const std::string&, base::IdGenerator&)
    : index_(index), model_(model), stream_(*model.tokenizer), stops_(request.sampling.stop) {}

void Choice::push(const engine::TokenGenerated& token, std::deque<Event>& out) {
  if (token.logprobs)
    logprobs_.push_back(describe(*model_.tokenizer, token.token, *token.logprobs));
  say(stops_.push(base::utf8_repair(stream_.push(token.token))), out);
}

void Choice::finish(const engine::ChoiceFinished& end, std::deque<Event>& out) {
  say(stops_.push(base::utf8_repair(stream_.finish())), out);
  say(stops_.flush(), out);
  const bool length = end.reason == engine::FinishReason::Length && !stops_.stopped();
  const auto reason = length       ? FinishReason::Length
                      : calls_ > 0 ? FinishReason::ToolCalls
                                   : FinishReason::Stop;
  out.push_back(ChoiceFinished{index_, reason});
}

void Choice::say(std::string text, std::deque<Event>& out) {
  if (text.empty()) return;
  out.push_back(TextDelta{index_, std::move(text), std::exchange(logprobs_, {})});
}

}  // namespace inference::local
