#include "http/sse.h"

#include <algorithm>

namespace http {

std::string sse_event_text(std::string_view name, std::string_view data, std::string_view id) {
  std::string text;
  text.reserve(name.size() + data.size() + id.size() + 24);
  if (!name.empty()) text.append("event: ").append(name).append("\n");
  if (!id.empty()) text.append("id: ").append(id).append("\n");
  while (true) {
    const auto end = std::min(data.find_first_of("\r\n"), data.size());
    text.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == data.size()) break;
    const bool pair = data.substr(end).starts_with("\r\n");
    data.remove_prefix(end + (pair ? 2 : 1));
  }
  text += '\n';
  return text;
}

SseWriter::SseWriter(BodyWriter& body) : body_(body) {
  body_.keep_alive_with(": keep-alive\n\n");
}

awaitable<> SseWriter::event(std::string_view name, std::string_view data, std::string_view id) {
  co_await body_.write(sse_event_text(name, data, id));
}

awaitable<> SseWriter::data(std::string_view data) {
  co_await body_.write(sse_event_text("", data));
}

awaitable<> SseWriter::raw(std::string_view text) {
  co_await body_.write(text);
}

awaitable<> SseWriter::comment(std::string_view text) {
  std::string line = ": ";
  for (const char c : text) line += c == '\r' || c == '\n' ? ' ' : c;
  line += "\n\n";
  co_await body_.write(line);
}

awaitable<> SseWriter::flush() {
  co_await body_.flush();
}

}  // namespace http
