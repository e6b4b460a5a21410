#include "documents/encoding.h"

#include <unicode/ucnv.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "base/encoding.h"
#include "base/limits/document.h"

namespace documents {
namespace {

struct CloseConverter {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, CloseConverter>;

constexpr std::size_t kSample = 4096;

// "LE", "BE" or empty: ASCII in UTF-16 has a zero in every other byte.
std::string utf16_without_mark(std::string_view bytes) {
  const auto sample = bytes.substr(0, kSample & ~std::size_t{1});
  std::size_t even = 0, odd = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    if (sample[i] == '\0') ++(i % 2 == 0 ? even : odd);
  }
  const std::size_t half = sample.size() / 2;
  if (half < 2) return {};
  if (odd > half * 2 / 5 && even == 0) return "UTF-16LE";
  if (even > half * 2 / 5 && odd == 0) return "UTF-16BE";
  return {};
}

// Text has no zeros and next to no control characters.
bool is_text(std::string_view bytes) {
  const auto sample = bytes.substr(0, 64 * 1024);
  std::size_t controls = 0;
  for (const unsigned char c : sample) {
    if (c == 0) return false;
    if (c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b) ++controls;
  }
  return controls * 50 <= sample.size();
}

}  // namespace

bool convert_charset(std::string_view bytes, const std::string& charset, std::string& out) {
  UErrorCode status = U_ZERO_ERROR;
  const Converter from(ucnv_open(charset.c_str(), &status));
  if (U_FAILURE(status)) return false;
  const Converter to(ucnv_open("UTF-8", &status));
  if (U_FAILURE(status)) return false;
  out.clear();
  const char* source = bytes.data();
  const char* const source_end = bytes.data() + bytes.size();
  UChar pivot[1024];
  UChar* pivot_source = pivot;
  UChar* pivot_target = pivot;
  char piece[8192];
  bool first = true;
  while (true) {
    char* target = piece;
    status = U_ZERO_ERROR;
    ucnv_convertEx(to.get(), from.get(), &target, piece + sizeof piece, &source, source_end, pivot,
                   &pivot_source, &pivot_target, pivot + 1024, first, true, &status);
    first = false;
    out.append(piece, static_cast<std::size_t>(target - piece));
    if (status != U_BUFFER_OVERFLOW_ERROR) break;
    if (out.size() > limits::document_unpacked_bytes_max) return false;
  }
  return U_SUCCESS(status);
}

Result<std::string> decode_text(std::string_view bytes, std::string_view charset) {
  std::string out;
  if (bytes.starts_with("\xEF\xBB\xBF")) return base::utf8_repair(bytes.substr(3));
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
    const bool little = bytes.front() == '\xFF';
    if (convert_charset(bytes.substr(2), little ? "UTF-16LE" : "UTF-16BE", out)) return out;
  }
  if (is_text(bytes) && base::utf8_valid(bytes)) return std::string(bytes);
  if (const auto wide = utf16_without_mark(bytes); !wide.empty()) {
    if (convert_charset(bytes, wide, out)) return out;
  }
  if (!is_text(bytes)) return fail(ErrorCode::Unsupported, "The file type is not supported.");
  if (!charset.empty() && convert_charset(bytes, std::string(charset), out)) return out;
  if (convert_charset(bytes, "windows-1252", out)) return out;
  return base::utf8_repair(bytes);
}

}  // namespace documents
