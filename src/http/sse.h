// Server-sent events, as a server writes them (HTML Living Standard, section 9.2).
#pragma once

#include <string>
#include <string_view>

#include "http/body.h"

namespace http {

// One event in wire form. Line breaks in `data` become further `data:` lines; `name` and `id` hold
// none. An empty name or id is left out.
std::string sse_event_text(std::string_view name, std::string_view data, std::string_view id = {});

// Writes events to the body of one response. One coroutine; lives inside the producer.
// Events written while a network write is under way leave together in the next one. When
// the client is gone, or stays too slow, waiting ends with system_error(operation_aborted).
class SseWriter {
 public:
  explicit SseWriter(BodyWriter& body);

  // Returns when the event is in the bounded buffer; waits while that is full.
  awaitable<> event(std::string_view name, std::string_view data, std::string_view id = {});
  // An event without a name: `data: ...`.
  awaitable<> data(std::string_view data);
  // Several events already in wire form.
  awaitable<> raw(std::string_view text);
  awaitable<> comment(std::string_view text);
  awaitable<> flush();

 private:
  BodyWriter& body_;
};

}  // namespace http
