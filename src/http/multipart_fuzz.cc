#include "http/multipart.h"

// The first byte says how the rest is cut; the boundary is fixed so that the fuzzer can find it.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = bytes[0] + std::size_t{1};
  std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  http::multipart_boundary(text);
  http::MultipartReader reader("b", {.parts_max = 8, .header_bytes_max = 256});
  while (!text.empty()) {
    reader.feed(text.substr(0, step));
    text.remove_prefix(std::min(step, text.size()));
    while (true) {
      const auto event = reader.next();
      if (!event || event->kind == http::MultipartReader::Kind::End) return 0;
      if (event->kind == http::MultipartReader::Kind::NeedInput) break;
    }
  }
  return 0;
}
