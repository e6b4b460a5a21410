#include "api/chat/completion.h"

#include "api/common/fingerprint.h"
#include "api/common/obfuscation.h"
#include "api/common/usage.h"

namespace api::chat {
namespace {

json::Object call_object(const inference::ToolCall& call) {
  if (call.custom) {
    return {{"id", call.id},
            {"type", "custom"},
            {"custom", {{"name", call.name}, {"input", call.arguments}}}};
  }
  return {{"id", call.id},
          {"type", "function"},
          {"function", {{"name", call.name}, {"arguments", call.arguments}}}};
}

}  // namespace

Envelope envelope_for(const CreateRequest& request, std::string id, std::int64_t created) {
  Envelope out;
  out.id = std::move(id);
  out.created = created;
  out.model = request.model;
  const std::string tier = request.service_tier.value_or("auto");
  if (tier == "fast" || tier == "priority") out.service_tier = "priority";
  if (tier == "flex" || tier == "scale") out.service_tier = tier;
  out.fingerprint = fingerprint(request.model);
  out.logprobs = request.logprobs.value_or(false);
  out.deprecated_functions = request.functions.has_value();
  out.named_tool = request.tool_choice && request.tool_choice->named;
  return out;
}

const char* finish_text(const Envelope& envelope, inference::FinishReason reason) {
  if (reason == inference::FinishReason::ToolCalls) {
    if (envelope.deprecated_functions) return "function_call";
    if (envelope.named_tool) return "stop";
  }
  return finish_reason(reason);
}

void Completion::add(const inference::Event& event) {
  using namespace inference;
  if (const auto* text = std::get_if<TextDelta>(&event)) {
    Choice& choice = choices_[text->choice];
    choice.text += text->text;
    choice.has_text = true;
    choice.logprobs.insert(choice.logprobs.end(), text->logprobs.begin(), text->logprobs.end());
  } else if (const auto* reasoning = std::get_if<ReasoningDelta>(&event)) {
    choices_[reasoning->choice].reasoning += reasoning->text;
  } else if (const auto* refusal = std::get_if<RefusalDelta>(&event)) {
    choices_[refusal->choice].refusal += refusal->text;
    choices_[refusal->choice].has_refusal = true;
  } else if (const auto* begin = std::get_if<ToolCallBegin>(&event)) {
    choices_[begin->choice].calls.push_back(
        {.id = begin->id, .name = begin->name, .arguments = {}, .custom = begin->custom});
  } else if (const auto* piece = std::get_if<ToolCallDelta>(&event)) {
    choices_[piece->choice].calls.at(static_cast<std::size_t>(piece->index)).arguments +=
        piece->arguments;
  } else if (const auto* end = std::get_if<ChoiceFinished>(&event)) {
    choices_[end->choice].reason = end->reason;
  } else if (const auto* finished = std::get_if<Finished>(&event)) {
    usage_ = finished->usage;
  }
}

json::Object Completion::message(const Choice& choice) const {
  json::Object out;
  out["role"] = "assistant";
  const bool null_content = !choice.has_text && (!choice.calls.empty() || choice.has_refusal);
  out["content"] = null_content ? json::Value(nullptr) : json::Value(choice.text);
  if (!choice.reasoning.empty()) out["reasoning_content"] = choice.reasoning;
  out["refusal"] = choice.has_refusal ? json::Value(choice.refusal) : json::Value(nullptr);
  out["annotations"] = json::Array();
  if (envelope_.deprecated_functions && !choice.calls.empty()) {
    out["function_call"] = {{"name", choice.calls[0].name},
                            {"arguments", choice.calls[0].arguments}};
  } else if (!choice.calls.empty()) {
    json::Array calls;
    for (const auto& call : choice.calls) calls.emplace_back(call_object(call));
    out["tool_calls"] = std::move(calls);
  }
  return out;
}

json::Object Completion::object() const {
  json::Array choices;
  for (const auto& [index, choice] : choices_) {
    json::Object one;
    one["index"] = index;
    one["message"] = message(choice);
    one["logprobs"] = nullptr;
    if (envelope_.logprobs) {
      one["logprobs"] =
          json::Object{{"content", token_logprobs(choice.logprobs)}, {"refusal", nullptr}};
    }
    one["finish_reason"] = finish_text(envelope_, choice.reason);
    choices.emplace_back(std::move(one));
  }
  return {{"id", envelope_.id},
          {"object", "chat.completion"},
          {"created", envelope_.created},
          {"model", envelope_.model},
          {"choices", std::move(choices)},
          {"usage", completion_usage(usage_)},
          {"service_tier", envelope_.service_tier},
          {"system_fingerprint", envelope_.fingerprint}};
}

json::Object Chunks::head() const {
  return {{"id", envelope_.id},
          {"object", "chat.completion.chunk"},
          {"created", envelope_.created},
          {"model", envelope_.model},
          {"service_tier", envelope_.service_tier},
          {"system_fingerprint", envelope_.fingerprint}};
}

std::string Chunks::finish_chunk(json::Object chunk) {
  if (!options_.obfuscate) return json::dump(chunk);
  std::string text = json::dump(chunk);
  text.pop_back();
  text += ",\"obfuscation\":\"" + obfuscation(random_, text.size()) + "\"}";
  return text;
}

std::string Chunks::chunk(int index, json::Object delta, json::Value finish_reason,
                          json::Value logprobs) {
  json::Object out = head();
  out["choices"] = json::Array{json::Object{{"index", index},
                                            {"delta", std::move(delta)},
                                            {"logprobs", std::move(logprobs)},
                                            {"finish_reason", std::move(finish_reason)}}};
  if (options_.include_usage) out["usage"] = nullptr;
  return finish_chunk(std::move(out));
}

json::Object Chunks::opening(Choice& choice, json::Value content) const {
  choice.opened = true;
  return {{"role", "assistant"}, {"content", std::move(content)}, {"refusal", nullptr}};
}

std::vector<std::string> Chunks::add(const inference::Event& event) {
  using namespace inference;
  std::vector<std::string> out;
  if (const auto* piece = std::get_if<TextDelta>(&event)) {
    text(*piece, out);
  } else if (const auto* reasoning = std::get_if<ReasoningDelta>(&event)) {
    side_text(reasoning->choice, "reasoning_content", reasoning->text, out);
  } else if (const auto* refusal = std::get_if<RefusalDelta>(&event)) {
    side_text(refusal->choice, "refusal", refusal->text, out);
  } else if (const auto* begin = std::get_if<ToolCallBegin>(&event)) {
    call_begin(*begin, out);
  } else if (const auto* delta = std::get_if<ToolCallDelta>(&event)) {
    call_delta(*delta, out);
  } else if (const auto* end = std::get_if<ChoiceFinished>(&event)) {
    finished(*end, out);
  } else if (const auto* all = std::get_if<Finished>(&event); all && options_.include_usage) {
    json::Object last = head();
    last["choices"] = json::Array();
    last["usage"] = completion_usage(all->usage);
    out.push_back(finish_chunk(std::move(last)));
  }
  return out;
}

void Chunks::text(const inference::TextDelta& event, std::vector<std::string>& out) {
  Choice& choice = choices_[event.choice];
  if (!choice.opened) out.push_back(chunk(event.choice, opening(choice, ""), nullptr, nullptr));
  json::Value logprobs = nullptr;
  if (envelope_.logprobs) {
    logprobs = json::Object{{"content", token_logprobs(event.logprobs)}, {"refusal", nullptr}};
  }
  out.push_back(chunk(event.choice, {{"content", event.text}}, nullptr, std::move(logprobs)));
}

void Chunks::side_text(int index, const char* field, const std::string& text,
                       std::vector<std::string>& out) {
  Choice& choice = choices_[index];
  if (!choice.opened) out.push_back(chunk(index, opening(choice, nullptr), nullptr, nullptr));
  json::Object delta;
  delta[field] = text;
  out.push_back(chunk(index, std::move(delta), nullptr, nullptr));
}

void Chunks::call_begin(const inference::ToolCallBegin& event, std::vector<std::string>& out) {
  Choice& choice = choices_[event.choice];
  choice.custom.resize(static_cast<std::size_t>(event.index) + 1);
  choice.custom.back() = event.custom;
  // The first call shares its chunk with the role; `id` and `name` are sent this once.
  json::Object delta = choice.opened ? json::Object() : opening(choice, nullptr);
  if (envelope_.deprecated_functions) {
    delta["function_call"] = {{"name", event.name}, {"arguments", ""}};
  } else if (event.custom) {
    delta["tool_calls"] =
        json::Array{json::Object{{"index", event.index},
                                 {"id", event.id},
                                 {"type", "custom"},
                                 {"custom", {{"name", event.name}, {"input", ""}}}}};
  } else {
    delta["tool_calls"] =
        json::Array{json::Object{{"index", event.index},
                                 {"id", event.id},
                                 {"type", "function"},
                                 {"function", {{"name", event.name}, {"arguments", ""}}}}};
  }
  out.push_back(chunk(event.choice, std::move(delta), nullptr, nullptr));
}

void Chunks::call_delta(const inference::ToolCallDelta& event, std::vector<std::string>& out) {
  const Choice& choice = choices_[event.choice];
  json::Object delta;
  if (envelope_.deprecated_functions) {
    delta["function_call"] = {{"arguments", event.arguments}};
  } else {
    const bool custom = choice.custom.at(static_cast<std::size_t>(event.index));
    json::Object piece{{"index", event.index}};
    if (custom)
      piece["custom"] = {{"input", event.arguments}};
    else
      piece["function"] = {{"arguments", event.arguments}};
    delta["tool_calls"] = json::Array{std::move(piece)};
  }
  out.push_back(chunk(event.choice, std::move(delta), nullptr, nullptr));
}

void Chunks::finished(const inference::ChoiceFinished& event, std::vector<std::string>& out) {
  Choice& choice = choices_[event.choice];
  // A choice that said nothing still needs its role.
  if (!choice.opened) out.push_back(chunk(event.choice, opening(choice, ""), nullptr, nullptr));
  out.push_back(chunk(event.choice, {}, finish_text(envelope_, event.reason), nullptr));
}

}  // namespace api::chat
