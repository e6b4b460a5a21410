// EPUB books (EPUB 3.3): the chapters of the spine in order, each as HTML.
#include <map>
#include <vector>

#include "documents/encoding.h"
#include "documents/formats/formats.h"
#include "documents/formats/office_parts.h"
#include "documents/xml.h"
#include "documents/zip_archive.h"

namespace documents {
namespace {

Result<std::string> package_of(ZipArchive& archive) {
  auto xml = archive.read("META-INF/container.xml");
  if (!xml) return fail(xml.error());
  XmlReader reader(*xml);
  while (reader.next()) {
    if (reader.opens("rootfile")) return reader.attribute("full-path");
  }
  return fail(ErrorCode::InvalidRequest, "The file could not be parsed: the book has no package.");
}

// %20 and the like in a reference.
std::string percent_decoded(const std::string& text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

Result<std::vector<std::string>> chapters_of(ZipArchive& archive, const std::string& package) {
  auto xml = archive.read(package);
  if (!xml) return fail(xml.error());
  std::map<std::string, std::string> manifest;
  std::vector<std::string> chapters;
  XmlReader reader(*xml);
  while (reader.next()) {
    if (reader.opens("item")) {
      manifest[reader.attribute("id")] =
          resolve_part(package, percent_decoded(reader.attribute("href")));
    } else if (reader.opens("itemref")) {
      const auto found = manifest.find(reader.attribute("idref"));
      if (found != manifest.end()) chapters.push_back(found->second);
    }
  }
  if (auto status = reader.status(); !status) return fail(status.error());
  return chapters;
}

}  // namespace

Result<Document> read_epub(std::string_view bytes) {
  auto archive = ZipArchive::open(bytes);
  if (!archive) return fail(archive.error());
  auto package = package_of(*archive);
  if (!package) return fail(package.error());
  auto chapters = chapters_of(*archive, *package);
  if (!chapters) return fail(chapters.error());
  Writer writer;
  for (const auto& chapter : *chapters) {
    if (!archive->has(chapter)) continue;
    auto bytes_of_chapter = archive->read(chapter);
    if (!bytes_of_chapter) return fail(bytes_of_chapter.error());
    auto html = decode_text(*bytes_of_chapter);
    if (!html) continue;  // a picture in the spine
    if (auto status = write_html(writer, *html); !status) return fail(status.error());
    writer.paragraph();
  }
  return std::move(writer).finish();
}

}  // namespace documents
