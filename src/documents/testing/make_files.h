// For tests only: small documents of the binary formats.
#pragma once

#include <zip.h>

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace documents::testing {

using Entries = std::vector<std::pair<std::string, std::string>>;

inline std::string make_zip(const Entries& entries) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(target);
  zip_t* archive = zip_open_from_source(target, ZIP_TRUNCATE, &error);
  for (const auto& [name, text] : entries) {
    zip_source_t* source = zip_source_buffer(archive, text.data(), text.size(), 0);
    zip_file_add(archive, name.c_str(), source, ZIP_FL_OVERWRITE);
  }
  zip_close(archive);
  std::string out;
  zip_source_open(target);
  char piece[4096];
  for (zip_int64_t n = 0; (n = zip_source_read(target, piece, sizeof piece)) > 0;)
    out.append(piece, static_cast<std::size_t>(n));
  zip_source_close(target);
  zip_source_free(target);
  return out;
}

// One line of text per page.
inline std::string make_pdf(const std::vector<std::string>& pages) {
  std::vector<std::string> objects;
  std::string kids;
  for (std::size_t i = 0; i < pages.size(); ++i) kids += fmt::format("{} 0 R ", 4 + 2 * i);
  objects.push_back("<< /Type /Catalog /Pages 2 0 R >>");
  objects.push_back(fmt::format("<< /Type /Pages /Kids [{}] /Count {} >>", kids, pages.size()));
  objects.push_back("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
  for (std::size_t i = 0; i < pages.size(); ++i) {
    objects.push_back(
        fmt::format("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R "
                    "/Resources << /Font << /F1 3 0 R >> >> >>",
                    5 + 2 * i));
    const std::string content = fmt::format("BT /F1 12 Tf 72 720 Td ({}) Tj ET", pages[i]);
    objects.push_back(
        fmt::format("<< /Length {} >>\nstream\n{}\nendstream", content.size(), content));
  }
  std::string out = "%PDF-1.4\n";
  std::vector<std::size_t> offsets;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    offsets.push_back(out.size());
    out += fmt::format("{} 0 obj\n{}\nendobj\n", i + 1, objects[i]);
  }
  const auto table = out.size();
  out += fmt::format("xref\n0 {}\n0000000000 65535 f \n", objects.size() + 1);
  for (const auto offset : offsets) out += fmt::format("{:010} 00000 n \n", offset);
  out += fmt::format("trailer << /Size {} /Root 1 0 R >>\nstartxref\n{}\n%%EOF\n",
                     objects.size() + 1, table);
  return out;
}

inline std::string make_docx(const std::string& body) {
  return make_zip({{"[Content_Types].xml", "<Types/>"},
                   {"word/document.xml",
                    "<w:document xmlns:w=\"w\"><w:body>" + body + "</w:body></w:document>"}});
}

}  // namespace documents::testing
