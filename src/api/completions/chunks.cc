#include "api/completions/chunks.h"

#include "api/common/fingerprint.h"
#include "api/common/obfuscation.h"
#include "api/common/usage.h"
#include "api/completions/logprobs.h"
#include "base/encoding.h"

namespace api::completions {

json::Object head(const CreateRequest& wire, const std::string& id, std::int64_t created) {
  return {{"id", id},
          {"object", "text_completion"},
          {"created", created},
          {"model", wire.model},
          {"system_fingerprint", fingerprint(wire.model)}};
}

void add(inference::Usage& total, const inference::Usage& one) {
  total.input_tokens += one.input_tokens;
  total.cached_tokens += one.cached_tokens;
  total.output_tokens += one.output_tokens;
}

std::string text_of(const std::vector<inference::TokenLogprob>& tokens) {
  std::string out;
  for (const auto& token : tokens) out += token.token;
  return out;
}

Chunks::Chunks(const CreateRequest& wire, std::string id, std::int64_t created,
               base::Random& random)
    : wire_(wire), id_(std::move(id)), created_(created), random_(random) {
  const StreamOptions options = wire.stream_options.value_or(StreamOptions{});
  with_usage_ = options.include_usage.value_or(false);
  obfuscate_ = options.include_obfuscation.value_or(true);
}

std::vector<std::string> Chunks::add(std::size_t prompt, const inference::Event& event) {
  std::vector<std::string> out;
  if (const auto* started = std::get_if<inference::Started>(&event);
      started && !started->prompt.empty()) {
    for (int choice = 0; choice < wire_.n.value_or(1); ++choice) {
      out.push_back(tell(prompt, choice,
                         {.text = base::utf8_repair(text_of(started->prompt)),
                          .tokens = started->prompt,
                          .prompt_start = true}));
    }
  } else if (const auto* piece = std::get_if<inference::TextDelta>(&event)) {
    out.push_back(tell(prompt, piece->choice, {.text = piece->text, .tokens = piece->logprobs}));
  } else if (const auto* end = std::get_if<inference::ChoiceFinished>(&event)) {
    out.push_back(tell(prompt, end->choice,
                       {.text = {}, .tokens = {}, .finish_reason = finish_reason(end->reason)}));
  } else if (const auto* finished = std::get_if<inference::Finished>(&event)) {
    completions::add(usage_, finished->usage);
  }
  return out;
}

std::vector<std::string> Chunks::finish() {
  if (!with_usage_) return {};
  return {chunk({}, completion_usage(usage_))};
}

std::string Chunks::tell(std::size_t prompt, int choice, Piece piece) {
  std::size_t& offset = offsets_[{prompt, choice}];
  json::Value logprobs = nullptr;
  if (wire_.logprobs && !piece.tokens.empty()) {
    logprobs = legacy_logprobs(piece.tokens, offset, piece.prompt_start);
  }
  offset += base::utf8_length(piece.text);
  const auto index = static_cast<std::int64_t>(prompt) * wire_.n.value_or(1) + choice;
  return chunk({json::Object{{"text", std::move(piece.text)},
                             {"index", index},
                             {"logprobs", std::move(logprobs)},
                             {"finish_reason", std::move(piece.finish_reason)}}},
               nullptr);
}

std::string Chunks::chunk(json::Array choices, json::Value usage) {
  json::Object out = head(wire_, id_, created_);
  out["choices"] = std::move(choices);
  if (with_usage_) out["usage"] = std::move(usage);
  if (obfuscate_) out["obfuscation"] = obfuscation(random_, json::dump(out).size());
  return json::dump(out);
}

}  // namespace api::completions
