#include "documents/format.h"

#include <algorithm>
#include <array>
#include <string>

#include "documents/document.h"
#include "documents/zip_archive.h"

namespace documents {
namespace {

struct Known {
  std::string_view key;
  Format format;
};

constexpr Known kExtensions[] = {
    {"md", Format::Markdown}, {"markdown", Format::Markdown}, {"html", Format::Html},
    {"htm", Format::Html},    {"xhtml", Format::Html},        {"csv", Format::Csv},
    {"tsv", Format::Csv},     {"rtf", Format::Rtf},           {"eml", Format::Email},
    {"mht", Format::Email},
};

constexpr Known kMediaTypes[] = {
    {"text/markdown", Format::Markdown},
    {"text/html", Format::Html},
    {"application/xhtml+xml", Format::Html},
    {"text/csv", Format::Csv},
    {"text/tab-separated-values", Format::Csv},
    {"application/rtf", Format::Rtf},
    {"text/rtf", Format::Rtf},
    {"message/rfc822", Format::Email},
};

// First bytes of formats that are refused, although some of them would pass for text.
constexpr std::string_view kRefused[] = {
    "\xD0\xCF\x11\xE0",  // old Office
    "\x89PNG",
    "GIF8",
    "\xFF\xD8\xFF",
    "\x7F"
    "ELF",
    "MZ",
    "GGUF",
    "\x1F\x8B",
    "RIFF",
    "%!PS",
};

std::string extension(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string() : lower(name.substr(dot + 1));
}

std::unexpected<Error> unsupported() {
  return fail(ErrorCode::Unsupported, "The file type is not supported.");
}

// What an archive is, is told by the entry that makes it one.
Result<Format> detect_archive(std::string_view bytes) {
  auto archive = ZipArchive::open(bytes);
  if (!archive) return fail(archive.error());
  if (archive->has("word/document.xml")) return Format::Docx;
  if (archive->has("ppt/presentation.xml")) return Format::Pptx;
  if (archive->has("xl/workbook.xml")) return Format::Xlsx;
  if (archive->has("META-INF/container.xml")) return Format::Epub;
  return unsupported();
}

}  // namespace

const char* name(Format format) {
  static constexpr std::array kNames{"text", "markdown", "html", "pdf", "docx", "pptx",
                                     "xlsx", "epub",     "csv",  "rtf", "email"};
  return kNames[static_cast<std::size_t>(format)];
}

Result<Format> detect(std::string_view bytes, const FileName& file) {
  // Some PDF writers put a few bytes before the mark.
  if (bytes.substr(0, 1024).find("%PDF-") != std::string_view::npos) return Format::Pdf;
  if (bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06"))
    return detect_archive(bytes);
  if (bytes.starts_with("{\\rtf")) return Format::Rtf;
  for (const auto mark : kRefused) {
    if (bytes.starts_with(mark)) return unsupported();
  }
  const auto suffix = extension(file.name);
  for (const auto& known : kExtensions) {
    if (suffix == known.key) return known.format;
  }
  const auto media_type = lower(file.media_type.substr(0, file.media_type.find(';')));
  for (const auto& known : kMediaTypes) {
    if (media_type == known.key) return known.format;
  }
  const auto head = lower(bytes.substr(0, 512));
  if (suffix.empty() && (head.find("<!doctype html") != std::string::npos ||
                         head.find("<html") != std::string::npos)) {
    return Format::Html;
  }
  return Format::Text;
}

}  // namespace documents
