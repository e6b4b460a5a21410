// One reader per format: bytes to sections. They run in the sandboxed child (worker.h), on input
// that wants to break them.
#pragma once

#include <string_view>

#include "base/error.h"
#include "documents/document.h"
#include "documents/format.h"

namespace documents {

// Any of the below, by format. InvalidRequest (cannot be parsed, and why), TooLarge, Unsupported.
Result<Document> read_document(Format format, std::string_view bytes);

// Of any encoding.
Result<Document> read_text(std::string_view bytes);
Result<Document> read_markdown(std::string_view bytes);
Result<Document> read_html(std::string_view bytes);
Result<Document> read_csv(std::string_view bytes);
// Archives of XML.
Result<Document> read_docx(std::string_view bytes);
Result<Document> read_pptx(std::string_view bytes);
Result<Document> read_xlsx(std::string_view bytes);
Result<Document> read_epub(std::string_view bytes);
Result<Document> read_pdf(std::string_view bytes);
Result<Document> read_rtf(std::string_view bytes);
Result<Document> read_email(std::string_view bytes);

// HTML that is UTF-8 already, appended to what the writer has.
Status write_html(Writer& writer, const std::string& html);

}  // namespace documents
