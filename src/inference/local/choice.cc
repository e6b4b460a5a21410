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
               const std::string& prompt_text, base::IdGenerator& ids)
    : index_(index),
      model_(model),
      ids_(ids),
      // The parser reads the marks that special tokens stand for; plain completions hide them.
      stream_(*model.tokenizer, /*special_visible=*/!request.prompt.has_value()),
      stops_(request.sampling.stop) {
  if (request.prompt) return;
  const bool may_call = request.tool_choice.mode != ToolChoice::Mode::None;
  parser_ = std::make_unique<output::OutputParser>(
      model.syntax, may_call ? request.tools : std::vector<Tool>(), prompt_text);
}

void Choice::push(const engine::TokenGenerated& token, std::deque<Event>& out) {
  if (token.logprobs)
    logprobs_.push_back(describe(*model_.tokenizer, token.token, *token.logprobs));
  const std::size_t before = out.size();
  read(stops_.push(base::utf8_repair(stream_.push(token.token))), out);
  const bool thought = out.size() > before && std::holds_alternative<ReasoningDelta>(out.back());
  reasoning_tokens_ += thought;
}

void Choice::finish(const engine::ChoiceFinished& end, std::deque<Event>& out) {
  read(stops_.push(base::utf8_repair(stream_.finish())), out);
  read(stops_.flush(), out);
  const bool length = end.reason == engine::FinishReason::Length && !stops_.stopped();
  if (parser_) tell(parser_->finish(length), out);
  const auto reason = length       ? FinishReason::Length
                      : calls_ > 0 ? FinishReason::ToolCalls
                                   : FinishReason::Stop;
  out.push_back(ChoiceFinished{index_, reason});
}

void Choice::read(std::string text, std::deque<Event>& out) {
  if (text.empty()) return;
  if (parser_)
    tell(parser_->feed(text), out);
  else
    out.push_back(TextDelta{index_, std::move(text), std::exchange(logprobs_, {})});
}

void Choice::tell(std::vector<output::Delta> deltas, std::deque<Event>& out) {
  for (auto& delta : deltas) {
    if (auto* text = std::get_if<output::TextPiece>(&delta)) {
      out.push_back(TextDelta{index_, std::move(text->text), std::exchange(logprobs_, {})});
      continue;
    }
    // Log probabilities are reported for visible text only.
    logprobs_.clear();
    if (auto* reasoning = std::get_if<output::ReasoningPiece>(&delta)) {
      out.push_back(ReasoningDelta{index_, std::move(reasoning->text)});
    } else if (auto* begin = std::get_if<output::CallBegin>(&delta)) {
      ++calls_;
      out.push_back(
          ToolCallBegin{index_, begin->index, ids_.call(), std::move(begin->name), begin->custom});
    } else if (auto* piece = std::get_if<output::CallPiece>(&delta)) {
      out.push_back(ToolCallDelta{index_, piece->index, std::move(piece->arguments)});
    } else if (const auto* end = std::get_if<output::CallEnd>(&delta)) {
      out.push_back(ToolCallEnd{index_, end->index});
    }
  }
}

}  // namespace inference::local
