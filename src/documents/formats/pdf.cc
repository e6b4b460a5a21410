// PDF through poppler: text in reading order, page by page.
#include <poppler/cpp/poppler-document.h>
#include <poppler/cpp/poppler-global.h>
#include <poppler/cpp/poppler-page.h>

#include <limits>
#include <memory>

#include "base/encoding.h"
#include "base/limits/document.h"
#include "documents/formats/formats.h"

namespace documents {
namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

// Joins words that were divided at the end of a line, and leaves out page feeds.
std::string mend(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool divided = c == '-' && i + 2 < text.size() && text[i + 1] == '\n' &&
                         is_lower(text[i + 2]) && !out.empty() && is_lower(out.back());
    if (divided) {
      ++i;
    } else if (c != '\f' && c != '\0') {
      out += c;
    }
  }
  return out;
}

std::unexpected<Error> too_large() {
  return fail(ErrorCode::TooLarge, "The file could not be parsed because it is too large.");
}

}  // namespace

Result<Document> read_pdf(std::string_view bytes) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return too_large();
  poppler::set_debug_error_function([](const std::string&, void*) {}, nullptr);
  const std::unique_ptr<poppler::document> document(
      poppler::document::load_from_raw_data(bytes.data(), static_cast<int>(bytes.size())));
  if (!document)
    return fail(ErrorCode::InvalidRequest, "The file could not be parsed: it is no valid PDF.");
  if (document->is_locked())
    return fail(ErrorCode::InvalidRequest,
                "The file could not be parsed: it is protected by a password.");
  const int pages = document->pages();
  if (pages > limits::document_pages_max) return too_large();

  Writer writer;
  for (int i = 0; i < pages && !writer.full(); ++i) {
    const std::unique_ptr<poppler::page> page(document->create_page(i));
    if (!page) continue;
    const auto text =
        page->text(poppler::rectf(), poppler::page::non_raw_non_physical_layout).to_utf8();
    writer.page(i + 1);
    writer.text(mend(base::utf8_repair(std::string_view(text.data(), text.size()))));
  }
  if (writer.full()) return too_large();
  return std::move(writer).finish();
}

}  // namespace documents
