#include "http/sse_reader.h"

#include <algorithm>
#include <charconv>

namespace http {

Status SseReader::feed(std::string_view bytes, std::vector<SseEvent>& out) {
  while (!bytes.empty() && !failed_) {
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const auto end = std::min(bytes.find_first_of("\r\n"), bytes.size());
    if (line_.size() + event_.data.size() + end > event_bytes_max_) {
      failed_ = true;
      break;
    }
    line_ += bytes.substr(0, end);
    if (end == bytes.size()) break;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    end_line(out);
  }
  if (failed_) return fail(ErrorCode::TooLarge, "An event of the stream is too large.");
  return {};
}

void SseReader::end_line(std::vector<SseEvent>& out) {
  std::string_view line = line_;
  if (std::exchange(at_start_, false) && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
  if (line.empty()) {
    if (has_data_) {
      event_.data.pop_back();  // the line break after the last line
      out.push_back(event_);
    }
    event_.name.clear();
    event_.data.clear();
    has_data_ = false;
    line_.clear();
    return;
  }
  const auto colon = std::min(line.find(':'), line.size());
  const auto field = line.substr(0, colon);
  auto value = line.substr(std::min(colon + 1, line.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    event_.data.append(value).append("\n");
    has_data_ = true;
  } else if (field == "event") {
    event_.name = value;
  } else if (field == "id" && value.find('\0') == std::string_view::npos) {
    event_.id = value;
  } else if (field == "retry") {
    int ms = 0;
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), ms);
    if (failure == std::errc() && end == value.data() + value.size() && ms >= 0) retry_ms_ = ms;
  }
  line_.clear();
}

}  // namespace http
