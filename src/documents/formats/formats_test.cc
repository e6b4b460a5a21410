#include "documents/formats/formats.h"

#include <gtest/gtest.h>

#include "base/limits/document.h"
#include "documents/testing/make_files.h"
#include "documents/zip_archive.h"

namespace documents {
namespace {

using testing::make_docx;
using testing::make_pdf;
using testing::make_zip;

Document read(std::string_view bytes, std::string_view name = {}) {
  auto format = detect(bytes, {.name = name});
  EXPECT_TRUE(format) << format.error().message;
  auto document = read_document(*format, bytes);
  EXPECT_TRUE(document) << document.error().message;
  return document ? std::move(*document) : Document{};
}

Error error_of(std::string_view bytes, std::string_view name = {}) {
  auto format = detect(bytes, {.name = name});
  if (!format) return format.error();
  auto document = read_document(*format, bytes);
  EXPECT_FALSE(document);
  return document ? Error{} : document.error();
}

TEST(Formats, TextInAnyEncodingBecomesUtf8) {
  EXPECT_EQ(read("na\xC3\xAFve").text(), "na\xC3\xAFve");
  EXPECT_EQ(read("\xEF\xBB\xBFna\xC3\xAFve").text(), "na\xC3\xAFve");
  EXPECT_EQ(read("na\xEFve caf\xE9").text(), "na\xC3\xAFve caf\xC3\xA9");
  EXPECT_EQ(read(std::string_view("\xFF\xFEh\0i\0", 6)).text(), "hi");
  EXPECT_EQ(read(std::string_view("h\0i\0 \0y\0o\0u\0", 12)).text(), "hi you");
}

TEST(Formats, PicturesAndProgramsAreNotSupported) {
  EXPECT_EQ(error_of("\x89PNG\r\n\x1a\n").message, "The file type is not supported.");
  EXPECT_EQ(error_of(std::string_view("\0\1\2\3\4\5\6\7", 8)).code, ErrorCode::Unsupported);
  EXPECT_EQ(error_of("\xD0\xCF\x11\xE0 old", "a.doc").code, ErrorCode::Unsupported);
}

TEST(Formats, MarkdownHeadingsMakeAPath) {
  const auto document = read("intro\n# One\ntext\n## Two\nmore\n\nThree\n===\nlast\n", "a.md");
  ASSERT_EQ(document.sections.size(), 4u);
  EXPECT_EQ(document.sections[0].text, "intro");
  EXPECT_EQ(document.sections[1].heading, "One");
  EXPECT_EQ(document.sections[2].heading, "One > Two");
  EXPECT_EQ(document.sections[2].text, "## Two\n\nmore");
  EXPECT_EQ(document.sections[3].heading, "Three");
}

TEST(Formats, MarkdownCodeHasNoHeadings) {
  EXPECT_EQ(read("```\n# not a heading\n```\n", "a.md").sections.size(), 1u);
}

TEST(Formats, HtmlShowsWhatAReaderSees) {
  const auto document = read(
      "<html><head><title>t</title><script>evil()</script></head><body><h1>Top</h1><p>One "
      "<b>two</b>\n three</p><style>x</style><ul><li>a</li><li>b</li></ul><h2>Sub</h2>"
      "<table><tr><td>1</td><td>2</td></tr></table></body></html>",
      "a.html");
  ASSERT_EQ(document.sections.size(), 2u);
  EXPECT_EQ(document.sections[0].text, "Top\n\nOne two three\n\n- a\n- b");
  EXPECT_EQ(document.sections[1].heading, "Top > Sub");
  EXPECT_EQ(document.sections[1].text, "Sub\n\n1 | 2");
}

TEST(Formats, DeepHtmlIsRead) {
  std::string html;
  for (int i = 0; i < 20'000; ++i) html += "<div>";
  EXPECT_TRUE(read_html(html + "x"));
}

TEST(Formats, PdfByPages) {
  const auto document = read(make_pdf({"First page", "Second page"}));
  ASSERT_EQ(document.sections.size(), 2u);
  EXPECT_EQ(document.sections[1].page, 2);
  EXPECT_EQ(document.sections[1].text, "Second page");
}

TEST(Formats, DamagedPdfSaysSo) {
  EXPECT_EQ(error_of("%PDF-1.4 nonsense").code, ErrorCode::InvalidRequest);
}

TEST(Formats, WordParagraphsHeadingsTablesAndDeletions) {
  const auto document = read(make_docx(
      "<w:p><w:pPr><w:pStyle w:val=\"Heading1\"/></w:pPr><w:r><w:t>Title</w:t></w:r></w:p>"
      "<w:p><w:r><w:t>Some </w:t></w:r><w:r><w:t>text.</w:t></w:r>"
      "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>"
      "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc>"
      "<w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
      "<w:p><w:r><w:br w:type=\"page\"/><w:t>On page two</w:t></w:r></w:p>"));
  ASSERT_EQ(document.sections.size(), 2u);
  EXPECT_EQ(document.sections[0].heading, "Title");
  EXPECT_EQ(document.sections[0].page, 1);
  EXPECT_EQ(document.sections[0].text, "Title\n\nSome text.\n\na | b");
  EXPECT_EQ(document.sections[1].page, 2);
}

TEST(Formats, SlidesInOrderWithTitlesAndNotes) {
  const auto slide = [](const std::string& title, const std::string& text) {
    return "<p:sld xmlns:p=\"p\" xmlns:a=\"a\"><p:sp><p:nvPr><p:ph type=\"title\"/></p:nvPr>"
           "<a:p><a:r><a:t>" +
           title + "</a:t></a:r></a:p></p:sp><p:sp><a:p><a:r><a:t>" + text +
           "</a:t></a:r></a:p></p:sp></p:sld>";
  };
  const auto document = read(make_zip({
      {"ppt/presentation.xml",
       "<p:presentation xmlns:p=\"p\" xmlns:r=\"r\"><p:sldIdLst><p:sldId id=\"256\" r:id=\"rId2\"/>"
       "<p:sldId id=\"257\" r:id=\"rId1\"/></p:sldIdLst></p:presentation>"},
      {"ppt/_rels/presentation.xml.rels",
       "<Relationships><Relationship Id=\"rId1\" Type=\"x/slide\" Target=\"slides/slide1.xml\"/>"
       "<Relationship Id=\"rId2\" Type=\"x/slide\" Target=\"slides/slide2.xml\"/></Relationships>"},
      {"ppt/slides/slide1.xml", slide("Second", "two")},
      {"ppt/slides/slide2.xml", slide("First", "one")},
      {"ppt/slides/_rels/slide2.xml.rels",
       "<Relationships><Relationship Id=\"n\" Type=\"x/notesSlide\" "
       "Target=\"../notesSlides/notesSlide1.xml\"/></Relationships>"},
      {"ppt/notesSlides/notesSlide1.xml",
       "<p:notes xmlns:p=\"p\" xmlns:a=\"a\"><a:p><a:t>say this</a:t></a:p></p:notes>"},
  }));
  ASSERT_EQ(document.sections.size(), 2u);
  EXPECT_EQ(document.sections[0].heading, "First");
  EXPECT_EQ(document.sections[0].text, "First\n\none\n\nsay this");
  EXPECT_EQ(document.sections[1].page, 2);
}

TEST(Formats, SheetsRowByRowWithDates) {
  const auto document = read(make_zip({
      {"xl/workbook.xml",
       "<workbook xmlns:r=\"r\"><sheets><sheet name=\"Sales\" r:id=\"a\"/></sheets></workbook>"},
      {"xl/_rels/workbook.xml.rels",
       "<Relationships><Relationship Id=\"a\" Type=\"x/worksheet\" "
       "Target=\"worksheets/sheet1.xml\"/></Relationships>"},
      {"xl/sharedStrings.xml", "<sst><si><t>When</t></si><si><t>Sum</t></si></sst>"},
      {"xl/styles.xml",
       "<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"},
      {"xl/worksheets/sheet1.xml",
       "<worksheet><sheetData><row><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"C1\" t=\"s\"><v>1</v></c>"
       "</row><row><c r=\"A2\" s=\"1\"><v>45292</v></c><c r=\"C2\"><v>7.5</v></c></row>"
       "</sheetData></worksheet>"},
  }));
  ASSERT_EQ(document.sections.size(), 1u);
  EXPECT_EQ(document.sections[0].heading, "Sales");
  EXPECT_EQ(document.sections[0].text, "Sales\n\nWhen |  | Sum\n2024-01-01 |  | 7.5");
}

TEST(Formats, BooksByTheirSpine) {
  const auto document = read(make_zip({
      {"META-INF/container.xml",
       "<container><rootfiles><rootfile full-path=\"o/p.opf\"/></rootfiles></container>"},
      {"o/p.opf",
       "<package><manifest><item id=\"b\" href=\"b.xhtml\"/><item id=\"a\" href=\"a%20a.xhtml\"/>"
       "</manifest><spine><itemref idref=\"a\"/><itemref idref=\"b\"/></spine></package>"},
      {"o/a a.xhtml", "<html><body><h1>Chapter 1</h1><p>Begin.</p></body></html>"},
      {"o/b.xhtml", "<html><body><h1>Chapter 2</h1><p>End.</p></body></html>"},
  }));
  ASSERT_EQ(document.sections.size(), 2u);
  EXPECT_EQ(document.sections[0].heading, "Chapter 1");
  EXPECT_EQ(document.sections[1].text, "Chapter 2\n\nEnd.");
}

TEST(Formats, CsvWithQuotes) {
  const auto document = read("name;note\n\"A \"\"x\"\"\";\"two\nlines\"\n", "t.csv");
  ASSERT_EQ(document.sections.size(), 1u);
  EXPECT_EQ(document.sections[0].heading, "name | note");
  EXPECT_EQ(document.sections[0].text, "name | note\n\nA \"x\" | two lines");
}

TEST(Formats, RichText) {
  EXPECT_EQ(read("{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}{\\*\\x hidden}Caf\\'e9 \\u8364?\\par Two"
                 "\\tab x}")
                .text(),
            "Caf\xC3\xA9 \xE2\x82\xAC\n\nTwo\tx");
}

TEST(Formats, MailWithAlternatives) {
  const auto document = read(
      "From: =?utf-8?q?Zo=C3=AB?= <z@example.org>\r\nSubject: =?utf-8?B?SGVsbG8=?=\r\n"
      "Content-Type: multipart/mixed; boundary=\"out\"\r\n\r\n--out\r\n"
      "Content-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\nContent-Type: text/plain; "
      "charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nCaf=E9 at=\r\n "
      "noon\r\n--in\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--in--\r\n--out\r\n"
      "Content-Disposition: attachment; filename=\"a.pdf\"\r\n\r\nxx\r\n--out--\r\n",
      "m.eml");
  ASSERT_EQ(document.sections.size(), 1u);
  EXPECT_EQ(document.sections[0].text,
            "Hello\n\nFrom: Zo\xC3\xAB <z@example.org>\n\nCaf\xC3\xA9 at noon\n\n"
            "Attachment: a.pdf");
}

TEST(Formats, EntitiesAreNeverDefined) {
  const std::string bomb =
      "<!DOCTYPE w [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>"
      "<w:document xmlns:w=\"w\"><w:p><w:t>&b;</w:t></w:p></w:document>";
  EXPECT_EQ(error_of(make_zip({{"word/document.xml", bomb}})).message,
            "The file could not be parsed: it declares a document type.");
}

TEST(Formats, ArchivesUnpackWithinTheLimit) {
  const auto bytes = make_zip({{"a", std::string(1'000, ' ')}, {"b", "x"}});
  auto archive = ZipArchive::open(bytes, {.unpacked_bytes_max = 1'000});
  ASSERT_TRUE(archive);
  EXPECT_TRUE(archive->read("a"));
  EXPECT_EQ(archive->read("b").error().code, ErrorCode::TooLarge);
  EXPECT_TRUE(ZipArchive::open(bytes, {.entries_max = 2}));
  EXPECT_EQ(ZipArchive::open(bytes, {.entries_max = 1}).error().code, ErrorCode::TooLarge);
}

TEST(Formats, TextStopsAtItsLimit) {
  EXPECT_TRUE(read_text(std::string(limits::document_text_bytes_max, 'x')));
  EXPECT_EQ(read_text(std::string(limits::document_text_bytes_max + 1, 'x')).error().code,
            ErrorCode::TooLarge);
}

// Every prefix of a valid file ends in an answer.
TEST(Formats, TruncatedFilesDoNotBreakReaders) {
  const std::string files[] = {make_pdf({"a", "b"}), make_docx("<w:p><w:t>x</w:t></w:p>"),
                               "{\\rtf1 \\'e9\\u12?{\\*\\x}}"};
  for (const auto& file : files) {
    for (std::size_t n = 0; n < file.size(); n += 7) {
      const auto part = std::string_view(file).substr(0, n);
      if (const auto format = detect(part, {})) (void)read_document(*format, part);
    }
  }
}

}  // namespace
}  // namespace documents
