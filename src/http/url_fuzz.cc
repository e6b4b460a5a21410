#include "http/url.h"

#include <cstdlib>

#include "http/query.h"

// What was accepted reads the same again.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto url = http::parse_url(text);
  if (url) {
    const auto again = http::parse_url(url->text());
    if (!again || *again != *url) std::abort();
  }
  // No target holds NUL: the server refuses it in the request line.
  if (text.find('\0') != text.npos) return 0;
  const http::Query query(text);
  if (http::Query(query.text()).pairs() != query.pairs()) std::abort();
  static const auto base = http::parse_url("https://a.example/b/c?d").value();
  if (auto resolved = http::resolve_url(base, text); resolved && resolved->host.empty())
    std::abort();
  return 0;
}
