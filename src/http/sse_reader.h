// Server-sent events as a client reads them (HTML Living Standard, section 9.2.6), byte by byte if
// need be.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace http {

struct SseEvent {
  std::string name;  // empty stands for "message"
  std::string data;
  std::string id;  // the last one seen so far

  bool operator==(const SseEvent&) const = default;
};

// Not thread-safe. Lines may end in LF, CR or CRLF; a byte order mark at the start is skipped.
class SseReader {
 public:
  // More bytes than this in one event are an error.
  explicit SseReader(std::size_t event_bytes_max = 1024 * 1024)
      : event_bytes_max_(event_bytes_max) {}

  // Appends the events that are complete. After an error, nothing more is read.
  Status feed(std::string_view bytes, std::vector<SseEvent>& out);
  // What the server asked for with `retry:`, in milliseconds.
  std::optional<int> retry_ms() const { return retry_ms_; }

 private:
  void end_line(std::vector<SseEvent>& out);

  std::size_t event_bytes_max_;
  std::string line_;
  SseEvent event_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool at_start_ = true;
  bool failed_ = false;
  std::optional<int> retry_ms_;
};

}  // namespace http
