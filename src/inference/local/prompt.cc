#include "inference/local/prompt.h"

#include <algorithm>

#include <fmt/format.h>

namespace inference::local {
namespace {

using engine::TokenId;

// Templates write their own BOS; where one does not, the tokenizer's habit decides.
std::vector<TokenId> encode_rendered(const engine::Tokenizer& tokenizer, const std::string& text) {
  auto tokens = tokenizer.encode(text, {.add_special = false, .parse_special = true});
  const TokenId bos = tokenizer.special().bos;
  if (tokenizer.add_bos() && bos != engine::kNoToken && (tokens.empty() || tokens.front() != bos)) {
    tokens.insert(tokens.begin(), bos);
  }
  return tokens;
}

Error too_long(std::size_t context, std::size_t tokens) {
  return {
      .code = ErrorCode::InvalidRequest,
      .message = fmt::format(
          "This model's maximum context length is {} tokens. However, your messages resulted in {} "
          "tokens. Please reduce the length of the messages.",
          context, tokens),
      .param = "messages",
      .reason = "context_length_exceeded"};
}

Error completion_too_long(std::size_t context, std::size_t prompt, std::int64_t wanted) {
  return {
      .code = ErrorCode::InvalidRequest,
      .message = fmt::format(
          "This model's maximum context length is {} tokens, however you requested {} tokens ({} "
          "in "
          "your prompt; {} for the completion). Please reduce your prompt; or completion length.",
          context, static_cast<std::int64_t>(prompt) + wanted, prompt, wanted),
      .param = "prompt",
      .reason = "context_length_exceeded"};
}

bool leads(const Message& message) {
  return message.role == Role::System || message.role == Role::Developer;
}

// Leaves out the earliest turn that may go: never a leading system message, never the last message;
// an assistant's calls go together with their answers. False when nothing is left to drop.
bool drop_earliest(std::vector<Message>& messages) {
  auto first = std::find_if_not(messages.begin(), messages.end(), leads);
  if (first == messages.end() || first + 1 == messages.end()) return false;
  auto end = first + 1;
  while (end != messages.end() && end->role == Role::Tool) ++end;
  if (end == messages.end()) return false;
  messages.erase(first, end);
  return true;
}

// The API's seven efforts as what templates know: a switch and three levels.
void set_effort(const std::optional<std::string>& effort, ChatTemplateOptions& options) {
  if (!effort) return;
  options.thinking = *effort != "none";
  if (*effort == "minimal" || *effort == "low")
    options.reasoning_effort = "low";
  else if (*effort == "medium")
    options.reasoning_effort = "medium";
  else if (*effort != "none")
    options.reasoning_effort = "high";
}

Result<std::string> render(const LoadedModel& model, const GenerateRequest& request,
                           const std::vector<Message>& messages, base::UnixTime now) {
  ChatTemplateOptions options;
  options.now = now;
  set_effort(request.reasoning_effort, options);
  for (const auto& [name, value] : request.template_arguments)
    options.kwargs.emplace_back(name, value);
  const bool offer_tools = request.tool_choice.mode != ToolChoice::Mode::None;
  return model.chat_template.render(messages, offer_tools ? request.tools : std::vector<Tool>(),
                                    options);
}

// The tokens of a fill-in-the-middle prompt, for models that were trained on them.
Result<std::vector<TokenId>> encode_infill(const LoadedModel& model, const std::string& before,
                                           const std::string& after) {
  const auto& special = model.tokenizer->special();
  if (special.fim_prefix == engine::kNoToken || special.fim_suffix == engine::kNoToken ||
      special.fim_middle == engine::kNoToken) {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("The model '{}' does not support the 'suffix' parameter.", model.id),
                "suffix", "unsupported_parameter");
  }
  std::vector<TokenId> out;
  if (model.tokenizer->add_bos()) out.push_back(special.bos);
  const auto append = [&](TokenId marker, const std::string& text) {
    out.push_back(marker);
    const auto tokens = model.tokenizer->encode(text);
    out.insert(out.end(), tokens.begin(), tokens.end());
  };
  append(special.fim_prefix, before);
  append(special.fim_suffix, after);
  out.push_back(special.fim_middle);
  return out;
}

Result<Prompt> build_raw(const LoadedModel& model, const GenerateRequest& request) {
  Prompt out;
  const auto* text = std::get_if<std::string>(&*request.prompt);
  auto tokens = request.suffix && text ? encode_infill(model, *text, *request.suffix)
                                       : encode_raw(model, *request.prompt);
  if (!tokens) return fail(tokens.error());
  out.tokens = std::move(*tokens);
  const auto context = static_cast<std::size_t>(model.engine->model().context_tokens);
  const std::int64_t wanted = request.sampling.tokens_max.value_or(0);
  if (out.tokens.size() + static_cast<std::size_t>(wanted) > context) {
    return fail(completion_too_long(context, out.tokens.size(), wanted));
  }
  return out;
}

}  // namespace

Result<std::vector<TokenId>> encode_raw(const LoadedModel& model, const RawPrompt& prompt) {
  std::vector<TokenId> tokens;
  if (const auto* text = std::get_if<std::string>(&prompt)) {
    tokens = model.tokenizer->encode(*text, {.add_special = true, .parse_special = false});
  } else {
    const auto n_vocab = static_cast<std::int64_t>(model.engine->model().n_vocab);
    for (const std::int32_t token : std::get<1>(prompt)) {
      if (token < 0 || token >= n_vocab) {
        return fail(ErrorCode::InvalidRequest,
                    fmt::format("Token {} is out of range: this model has {} tokens, from 0 to {}.",
                                token, n_vocab, n_vocab - 1),
                    "prompt", "invalid_value");
      }
      tokens.push_back(token);
    }
  }
  // Something must be read before anything can be said.
  if (tokens.empty()) {
    const auto& special = model.tokenizer->special();
    tokens.push_back(special.bos != engine::kNoToken ? special.bos : std::max(special.eos, 0));
  }
  return tokens;
}

Result<Prompt> build_prompt(const LoadedModel& model, const GenerateRequest& request,
                            base::UnixTime now) {
  if (request.prompt) return build_raw(model, request);

  const auto context = static_cast<std::size_t>(model.engine->model().context_tokens);
  std::vector<Message> messages = request.messages;
  while (true) {
    auto text = render(model, request, messages, now);
    if (!text) return fail(text.error());
    Prompt out{.tokens = encode_rendered(*model.tokenizer, *text),
               .text = std::move(*text),
               .prediction = {}};
    // At least one token of the context is for the answer.
    if (out.tokens.size() < context) {
      if (request.prediction) {
        out.prediction = model.tokenizer->encode(*request.prediction, {.add_special = false});
      }
      return out;
    }
    if (!request.truncate || !drop_earliest(messages))
      return fail(too_long(context, out.tokens.size()));
  }
}

}  // namespace inference::local
