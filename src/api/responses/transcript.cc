#include "api/responses/transcript.h"

#include "api/common/error_body.h"
#include "api/common/obfuscation.h"
#include "api/common/usage.h"
#include "base/check.h"
#include "base/encoding.h"

namespace api::responses {
void Transcript::emit(std::string type, json::Object fields, bool pad) {
  if (!options_.events) return;
  WireEvent event{
      .sequence_number = options_.sequence_number++, .type = "response." + type, .body = {}};
  if (type == "error" || type == "keepalive") event.type = type;
  json::Object body{{"type", event.type}, {"sequence_number", event.sequence_number}};
  for (auto& [name, value] : fields) body[name] = std::move(value);
  event.body = json::dump(body);
  if (pad && options_.obfuscate) {
    event.body.pop_back();
    event.body += ",\"obfuscation\":\"" + obfuscation(ids_.random(), event.body.size()) + "\"}";
  }
  events_.push_back(std::move(event));
}

void Transcript::lifecycle(std::string_view type, const json::Object& response) {
  if (!options_.events) return;
  emit(std::string(type), {{"response", response}});
}

void Transcript::error(const Error& error) {
  json::Object nested = error_object(error);
  json::Object fields{{"code", nested["code"]},
                      {"message", nested["message"]},
                      {"param", nested["param"]},
                      {"error", nested}};
  emit("error", std::move(fields));
}

json::Array Transcript::shown_output() const {
  json::Array out;
  for (const auto& item : output_) out.emplace_back(items::shown(item, options_.include));
  return out;
}

// The item under way as it is now.
json::Object Transcript::item_event() const {
  return {{"output_index", open_->index + options_.output_index},
          {"item", items::shown(output_[open_->index], options_.include)}};
}

// Where the item under way stands.
json::Object Transcript::place(bool with_part) const {
  json::Object out{{"item_id", open_->id}, {"output_index", open_->index + options_.output_index}};
  if (with_part) {
    const bool summary = open_->type == "reasoning" && options_.summaries;
    out[summary ? "summary_index" : "content_index"] = open_->part_index;
  }
  return out;
}

void Transcript::open(items::Item item, std::string_view type) {
  open_ = Open{.type = std::string(type),
               .id = std::string(items::id_of(item)),
               .index = output_.size(),
               .part_type = {},
               .text = {},
               .logprobs = {},
               .name = {}};
  output_.push_back(std::move(item));
  emit("output_item.added", item_event());
}

void Transcript::finish_item(bool complete) {
  if (item().contains("status")) item()["status"] = complete ? "completed" : "incomplete";
  emit("output_item.done", item_event());
  open_.reset();
}

void Transcript::close(bool complete) {
  if (!open_) return;
  if (open_->type == "message" && !open_->part_type.empty()) close_part();
  if (open_->type == "reasoning") close_thought();
  if (open_->type == "function_call" || open_->type == "custom_tool_call") close_call();
  finish_item(complete);
}

void Transcript::add(const agent::Event& event) {
  using namespace inference;
  if (auto first = std::exchange(options_.first, std::nullopt)) {
    open(std::move(*first), "compaction");
    finish_item(true);
  }
  if (const auto* text = std::get_if<TextDelta>(&event)) {
    say("output_text", text->text, text->logprobs);
  } else if (const auto* thought = std::get_if<ReasoningDelta>(&event)) {
    think(thought->text);
  } else if (const auto* refusal = std::get_if<RefusalDelta>(&event)) {
    say("refusal", refusal->text, {});
  } else if (const auto* begin = std::get_if<ToolCallBegin>(&event)) {
    call(*begin);
  } else if (const auto* piece = std::get_if<ToolCallDelta>(&event)) {
    call_piece(*piece);
  } else if (const auto* end = std::get_if<ToolCallEnd>(&event)) {
    if (open_ && open_->call == end->index && !open_->name.empty()) close(true);
  } else if (const auto* started = std::get_if<agent::HostedStarted>(&event)) {
    hosted(*started);
  } else if (const auto* progress = std::get_if<agent::HostedProgress>(&event)) {
    hosted(*progress);
  } else if (const auto* finished = std::get_if<agent::HostedFinished>(&event)) {
    hosted(*finished);
  } else if (const auto* cited = std::get_if<agent::Cited>(&event)) {
    cite(*cited);
  } else if (const auto* all = std::get_if<agent::Finished>(&event)) {
    const bool complete = all->reason != FinishReason::Length;
    if (output_.empty() && complete) say("output_text", "", {});  // it chose to say nothing
    close(complete);
  }
}

// --- Messages.

void Transcript::say(std::string_view part_type, const std::string& text,
                     const std::vector<inference::TokenLogprob>& logprobs) {
  if (!open_ || open_->type != "message") {
    close(true);
    open({{"id", items::new_id(ids_, "message", options_.family)},
          {"type", "message"},
          {"status", "in_progress"},
          {"content", json::Array()},
          {"role", "assistant"}},
         "message");
  }
  if (open_->part_type != part_type) {
    if (!open_->part_type.empty()) close_part();
    open_part(part_type);
  }
  if (text.empty()) return;
  open_->text += text;
  json::Object delta;
  if (options_.events) {
    delta = place(true);
    delta["delta"] = text;
  }
  if (part_type == "refusal") return emit("refusal.delta", std::move(delta), true);
  json::Array shown_logprobs;
  if (options_.include.logprobs) {
    open_->logprobs.insert(open_->logprobs.end(), logprobs.begin(), logprobs.end());
    shown_logprobs = token_logprobs(logprobs);
  }
  delta["logprobs"] = std::move(shown_logprobs);
  emit("output_text.delta", std::move(delta), true);
}

// At the character where the text stands now.
void Transcript::cite(const agent::Cited& cited) {
  if (!open_ || open_->part_type != "output_text") return;
  json::Object annotation = cited.annotation;
  annotation["index"] = base::utf8_length(open_->text);
  json::Object fields = place(true);
  fields["annotation_index"] = open_->annotations.size();
  fields["annotation"] = annotation;
  open_->annotations.emplace_back(std::move(annotation));
  emit("output_text.annotation.added", std::move(fields));
}

json::Object Transcript::part_object(bool empty) const {
  const std::string text = empty ? "" : open_->text;
  if (open_->part_type == "refusal") return {{"type", "refusal"}, {"refusal", text}};
  return {{"type", "output_text"},
          {"annotations", empty ? json::Array() : open_->annotations},
          {"logprobs", empty ? json::Array() : token_logprobs(open_->logprobs)},
          {"text", text}};
}

void Transcript::open_part(std::string_view part_type) {
  open_->part_index = item()["content"].get_array().size();
  open_->part_type = part_type;
  open_->text.clear();
  open_->annotations.clear();
  open_->logprobs.clear();
  json::Object fields = place(true);
  fields["part"] = part_object(true);
  emit("content_part.added", std::move(fields));
}

void Transcript::close_part() {
  json::Object part = part_object(false);
  json::Object done = place(true);
  if (open_->part_type == "refusal") {
    done["refusal"] = open_->text;
    emit("refusal.done", std::move(done));
  } else {
    done["text"] = open_->text;
    done["logprobs"] = part["logprobs"];
    emit("output_text.done", std::move(done));
  }
  json::Object fields = place(true);
  fields["part"] = part;
  emit("content_part.done", std::move(fields));
  item()["content"].get_array().emplace_back(std::move(part));
  open_->part_type.clear();
}

// --- Thoughts.

void Transcript::think(const std::string& text) {
  const bool summary = options_.summaries;
  if (!open_ || open_->type != "reasoning") {
    close(true);
    items::Item item{{"id", items::new_id(ids_, "reasoning", options_.family)},
                     {"type", "reasoning"},
                     {"summary", json::Array()}};
    open(std::move(item), "reasoning");
    json::Object fields = place(true);
    fields["part"] =
        json::Object{{"type", summary ? "summary_text" : "reasoning_text"}, {"text", ""}};
    emit(summary ? "reasoning_summary_part.added" : "content_part.added", std::move(fields));
  }
  open_->text += text;
  json::Object delta = place(true);
  delta["delta"] = text;
  emit(summary ? "reasoning_summary_text.delta" : "reasoning_text.delta", std::move(delta), true);
}

void Transcript::close_thought() {
  const bool summary = options_.summaries;
  json::Object part{{"type", summary ? "summary_text" : "reasoning_text"}, {"text", open_->text}};
  json::Object done = place(true);
  done["text"] = open_->text;
  emit(summary ? "reasoning_summary_text.done" : "reasoning_text.done", std::move(done));
  json::Object fields = place(true);
  fields["part"] = part;
  emit(summary ? "reasoning_summary_part.done" : "content_part.done", std::move(fields));
  item()[summary ? "summary" : "content"] = json::Array{std::move(part)};
  if (options_.include.encrypted_reasoning && options_.seal)
    item()["encrypted_content"] = options_.seal(open_->text);
}

// --- Calls of the client's own tools.

void Transcript::call(const inference::ToolCallBegin& begin) {
  close(true);
  const char* type = begin.custom ? "custom_tool_call" : "function_call";
  items::Item item{{"id", items::new_id(ids_, type, options_.family)},
                   {"type", type},
                   {"status", "in_progress"},
                   {begin.custom ? "input" : "arguments", ""},
                   {"call_id", begin.id},
                   {"name", begin.name}};
  if (const auto found = options_.namespaces.find(begin.name); found != options_.namespaces.end()) {
    item["name"] = found->second.name;
    item["namespace"] = found->second.space;
  }
  const std::string name(json::string_or(item, "name"));
  open(std::move(item), type);
  open_->call = begin.index;
  open_->name = name;
}

void Transcript::call_piece(const inference::ToolCallDelta& piece) {
  if (!open_ || open_->name.empty() || open_->call != piece.index) return;
  open_->text += piece.arguments;
  json::Object delta = place(false);
  delta["delta"] = piece.arguments;
  const bool custom = open_->type == "custom_tool_call";
  emit(custom ? "custom_tool_call_input.delta" : "function_call_arguments.delta", std::move(delta),
       true);
}

void Transcript::close_call() {
  const bool custom = open_->type == "custom_tool_call";
  item()[custom ? "input" : "arguments"] = open_->text;
  json::Object done = place(false);
  done[custom ? "input" : "arguments"] = open_->text;
  if (!custom) done["name"] = open_->name;
  emit(custom ? "custom_tool_call_input.done" : "function_call_arguments.done", std::move(done));
}

// --- Hosted calls: their items and events are the tools'.

void Transcript::hosted(const agent::HostedStarted& started) {
  close(true);
  items::Item item{{"id", started.id}, {"type", started.item_type}};
  for (const auto& [name, value] : started.item) item[name] = value;
  open(std::move(item), started.item_type);
}

void Transcript::hosted(const agent::HostedProgress& progress) {
  if (!open_ || open_->id != progress.id) return;
  json::Object fields = progress.fields;
  fields["item_id"] = open_->id;
  fields["output_index"] = open_->index + options_.output_index;
  emit(progress.type, std::move(fields), progress.type.ends_with(".delta"));
}

void Transcript::hosted(const agent::HostedFinished& finished) {
  if (!open_ || open_->id != finished.id) return;
  items::Item whole{{"id", finished.id}, {"type", finished.item_type}};
  for (const auto& [name, value] : finished.item) whole[name] = value;
  whole[items::kModelCall] = json::Object{{"round", finished.round},
                                          {"name", finished.name},
                                          {"arguments", finished.arguments},
                                          {"output", finished.output}};
  item() = std::move(whole);
  emit("output_item.done", item_event());
  open_.reset();
}

}  // namespace api::responses
