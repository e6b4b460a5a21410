// What a run says, as a response: its output items, and the events of its stream in their exact
// order. Source: OpenAI API reference, "Streaming events" of Responses; research notes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/event.h"
#include "api/items/stored.h"
#include "api/responses/request.h"
#include "base/ids.h"

namespace api::responses {

struct WireEvent {
  std::int64_t sequence_number = 0;
  std::string type;  // "response.output_text.delta"
  std::string body;  // JSON
};

struct TranscriptOptions {
  bool events = false;  // whether anyone wants them; the items are made in any case
  bool obfuscate = false;
  bool summaries = false;  // thoughts are shown as a summary, else as they are
  items::Include include;
  std::string family;                // what the ids of a response's items share
  std::int64_t sequence_number = 0;  // of the first event
  // In the events, of the first item: what an interrupted run had begun keeps its indexes.
  std::size_t output_index = 0;
  Namespaces namespaces;
  std::optional<items::Item> first = {};  // an item that is whole already, before all others
  // `encrypted_content` of a thought; empty: thoughts are never sealed.
  std::function<std::string(std::string_view)> seal;
};

// One response. One coroutine.
class Transcript {
 public:
  Transcript(TranscriptOptions options, base::IdGenerator& ids)
      : options_(std::move(options)), ids_(ids) {}

  // "response.created", "response.completed"...: `response` as it is then.
  void lifecycle(std::string_view type, const json::Object& response);
  // The `error` event: nested as it is on the wire, and flat as the description has it.
  void error(const Error& error);
  // The event of a stream that has nothing to say yet.
  void keepalive() { emit("keepalive", {}); }
  void add(const agent::Event& event);
  // Ends the item under way. `complete`: false when the output was cut off.
  void close(bool complete);

  // The events since the last call.
  std::vector<WireEvent> take_events() { return std::exchange(events_, {}); }
  std::int64_t next_sequence_number() const { return options_.sequence_number; }
  // As they are stored.
  const std::vector<items::Item>& output() const { return output_; }
  // As they are shown.
  json::Array shown_output() const;

 private:
  // The item under way: a message, a thought, or a call of the client's.
  struct Open {
    std::string type;  // of the item
    std::string id;
    std::size_t index = 0;  // in the output
    std::string part_type;  // of a message's part; empty before the first
    std::size_t part_index = 0;
    std::string text;  // of the part, or the arguments
    std::vector<inference::TokenLogprob> logprobs;
    json::Array annotations = {};
    int call = 0;      // the model's index
    std::string name;  // of the function
  };

  void emit(std::string type, json::Object fields, bool pad = false);
  json::Object item_event() const;
  json::Object place(bool with_part) const;
  items::Item& item() { return output_[open_->index]; }
  void open(items::Item item, std::string_view type);
  void finish_item(bool complete);

  void say(std::string_view part_type, const std::string& text,
           const std::vector<inference::TokenLogprob>& logprobs);
  void cite(const agent::Cited& cited);
  void open_part(std::string_view part_type);
  void close_part();
  json::Object part_object(bool empty) const;

  void think(const std::string& text);
  void close_thought();
  void call(const inference::ToolCallBegin& begin);
  void call_piece(const inference::ToolCallDelta& piece);
  void close_call();
  void hosted(const agent::HostedStarted& started);
  void hosted(const agent::HostedProgress& progress);
  void hosted(const agent::HostedFinished& finished);

  TranscriptOptions options_;
  base::IdGenerator& ids_;
  std::vector<items::Item> output_;
  std::optional<Open> open_;
  std::vector<WireEvent> events_;
};

}  // namespace api::responses
