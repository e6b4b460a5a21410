// What the sources give: plain text, or a conversation.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace train {

struct Message {
  std::string role;  // "system", "user" or "assistant"
  std::string text;
};

struct Document {
  std::string text = {};               // plain text, when there are no messages
  std::vector<Message> messages = {};  // a conversation
  // A conversation between two equals is learned from whole; otherwise the assistant's words count
  // fully and the rest lightly.
  bool between_equals = false;
};

// Takes the documents of a source, one after the other.
using DocumentSink = std::function<void(Document)>;

}  // namespace train
