#include "documents/formats/formats.h"

namespace documents {
namespace {

using Reader = Result<Document> (*)(std::string_view);

Reader reader_of(Format format) {
  switch (format) {
    case Format::Text: return read_text;
    case Format::Markdown: return read_markdown;
    case Format::Html: return read_html;
    case Format::Pdf: return read_pdf;
    case Format::Docx: return read_docx;
    case Format::Pptx: return read_pptx;
    case Format::Xlsx: return read_xlsx;
    case Format::Epub: return read_epub;
    case Format::Csv: return read_csv;
    case Format::Rtf: return read_rtf;
    case Format::Email: return read_email;
  }
  return read_text;
}

}  // namespace

Result<Document> read_document(Format format, std::string_view bytes) {
  return reader_of(format)(bytes);
}

}  // namespace documents
