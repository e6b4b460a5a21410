#include "http/sse_reader.h"

#include <cstdlib>

// Cut anywhere, the events are the same.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const std::size_t cut = text.empty() ? 0 : bytes[0] % text.size();
  std::vector<http::SseEvent> whole;
  std::vector<http::SseEvent> pieces;
  http::SseReader first;
  http::SseReader second;
  const bool whole_ok = first.feed(text, whole).has_value();
  const bool pieces_ok = second.feed(text.substr(0, cut), pieces).has_value() &&
                         second.feed(text.substr(cut), pieces).has_value();
  if (whole_ok != pieces_ok || whole != pieces) std::abort();
  return 0;
}
