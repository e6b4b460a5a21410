// Documents made to do harm: each ends, in its child, with a reason that can be shown.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "base/limits/document.h"
#include "documents/extractor.h"
#include "documents/testing/make_files.h"

namespace documents {
namespace {

using testing::make_docx;
using testing::make_zip;

std::string repeated(std::string_view part, std::size_t times) {
  std::string out;
  out.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += part;
  return out;
}

Result<Document> extract_hostile(const std::string& bytes, const std::string& name) {
  const Extractor extractor({.program = PARLANCE_EXTRACT_DOCUMENT});
  auto input = Input::from(bytes);
  if (!input) return fail(input.error());
  return extractor.extract_blocking(*input, name, "");
}

// Objects as given, without a table of where they are: readers look for them.
std::string loose_pdf(const std::string& objects, const std::string& trailer) {
  return "%PDF-1.4\n" + objects + "trailer << /Root 1 0 R " + trailer + " >>\n%%EOF\n";
}

struct Hostile {
  const char* name;
  std::string file;
  std::string bytes;
};

std::vector<Hostile> archives() {
  const std::string spaces(limits::document_unpacked_bytes_max + 1, ' ');
  const std::string cells = "<worksheet><sheetData>" +
                            repeated("<row><c r=\"XFD1\" t=\"n\"><v>1</v></c></row>", 50'000) +
                            "</sheetData></worksheet>";
  const std::string workbook =
      "<workbook xmlns:r=\"r\"><sheets><sheet name=\"a\" sheetId=\"1\" r:id=\"r1\"/></sheets>"
      "</workbook>";
  const std::string sheet =
      "<Relationships><Relationship Id=\"r1\" Target=\"worksheets/sheet1.xml\"/></Relationships>";
  return {
      {"an archive that unpacks to more than may be", "a.docx", make_docx(spaces)},
      {"elements within elements", "a.docx",
       make_docx(repeated("<w:p>", 200'000) + "<w:t>x</w:t>" + repeated("</w:p>", 200'000))},
      {"elements that never end", "a.docx", make_docx(repeated("<w:p>", 100'000))},
      {"rows whose last column is meant", "a.xlsx",
       make_zip({{"xl/workbook.xml", workbook},
                 {"xl/_rels/workbook.xml.rels", sheet},
                 {"xl/worksheets/sheet1.xml", cells}})},
      {"an archive of archives", "a.zip", make_zip({{"a.zip", make_zip({{"a.zip", "PK"}})}})},
      {"an archive called a document", "a.docx", make_zip({{"../../etc/passwd", "x"}})},
      {"an archive of nothing", "a.docx", make_zip({{"word/document.xml", ""}})},
      {"a protected document of Office", "a.docx", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 and more"},
  };
}

std::vector<Hostile> pages() {
  const std::string catalog = "1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n";
  const std::string page =
      "2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj\n"
      "3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources "
      "<< /XObject << /X 5 0 R >> >> >> endobj\n"
      "4 0 obj << /Length 5 >> stream\n/X Do\nendstream endobj\n";
  return {
      {"pages that contain themselves", "a.pdf",
       loose_pdf(catalog + "2 0 obj << /Type /Pages /Kids [2 0 R 2 0 R] /Count 99 >> endobj\n",
                 "")},
      {"a drawing that draws itself", "a.pdf",
       loose_pdf(
           catalog + page +
               "5 0 obj << /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length 5 "
               "/Resources << /XObject << /X 5 0 R >> >> >> stream\n/X Do\nendstream endobj\n",
           "")},
      {"a password", "a.pdf",
       loose_pdf(catalog + page,
                 "/ID [(a) (a)] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O (" +
                     std::string(32, 'o') + ") /U (" + std::string(32, 'u') + ") >>")},
      {"arrays within arrays", "a.pdf",
       loose_pdf(catalog + "2 0 obj " + std::string(500'000, '[') + " endobj\n", "")},
      {"the beginning of a PDF", "a.pdf", "%PDF-1.7\n1 0 obj"},
  };
}

std::vector<Hostile> texts() {
  return {
      {"nothing", "a.txt", ""},
      {"nothing but space", "a.md", repeated(" \n\t", 100'000)},
      {"a picture called a text", "a.txt", "\x89PNG\r\n\x1a\n0000"},
      {"a program called a PDF", "a.pdf", "MZ and what follows"},
      {"more text than may be", "a.txt", std::string(limits::document_text_bytes_max + 1, 'x')},
      {"groups within groups", "a.rtf", "{\\rtf1 " + std::string(3'000'000, '{')},
      {"pages of nothing", "a.html", repeated("<div>", 300'000)},
      {"mails in mails", "a.eml", repeated("Content-Type: message/rfc822\r\n\r\n", 100'000)},
  };
}

class HostileDocuments : public ::testing::TestWithParam<Hostile> {};

TEST_P(HostileDocuments, EndWithAReason) {
  const auto& hostile = GetParam();
  const auto read = extract_hostile(hostile.bytes, hostile.file);
  ASSERT_FALSE(read) << hostile.name << ": " << read->text().size() << " bytes of text";
  EXPECT_FALSE(read.error().message.empty());
  EXPECT_NE(read.error().code, ErrorCode::Internal) << hostile.name;
  EXPECT_NE(read.error().code, ErrorCode::ResourceExhausted) << hostile.name;
}

std::string words_of(const ::testing::TestParamInfo<Hostile>& info) {
  std::string out;
  for (const char c : std::string_view(info.param.name)) out += c == ' ' ? '_' : c;
  return out;
}

INSTANTIATE_TEST_SUITE_P(Archives, HostileDocuments, ::testing::ValuesIn(archives()), words_of);
INSTANTIATE_TEST_SUITE_P(Pages, HostileDocuments, ::testing::ValuesIn(pages()), words_of);
INSTANTIATE_TEST_SUITE_P(Texts, HostileDocuments, ::testing::ValuesIn(texts()), words_of);

// What only has the wrong name is read as what it is.
TEST(WrongNames, DoNotMatter) {
  EXPECT_EQ(extract_hostile(testing::make_pdf({"in a PDF"}), "a.txt")->text(), "in a PDF");
  EXPECT_EQ(extract_hostile(make_docx("<w:p><w:t>in Word</w:t></w:p>"), "a.pdf")->text(),
            "in Word");
  EXPECT_EQ(extract_hostile("only text", "a.docx")->text(), "only text");
}

}  // namespace
}  // namespace documents
