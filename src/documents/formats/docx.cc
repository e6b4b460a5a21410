// Word documents (WordprocessingML, ECMA-376 part 1 section 17): paragraphs, headings by style,
// tables row by row, footnotes at the end. Pages where the writer recorded them.
#include <charconv>
#include <map>

#include "documents/formats/formats.h"
#include "documents/formats/office_parts.h"
#include "documents/xml.h"
#include "documents/zip_archive.h"

namespace documents {
namespace {

int digit_after(std::string_view text, std::string_view word) {
  const auto at = text.find(word);
  if (at == std::string_view::npos || at + word.size() >= text.size()) return 0;
  const char c = text[at + word.size()];
  return c >= '1' && c <= '9' ? c - '0' : 0;
}

// The heading level of a style by its id or its name; 0 for other styles.
int level_of(std::string text) {
  for (auto& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (text == "title") return 1;
  if (const int level = digit_after(text, "heading")) return level;
  return digit_after(text, "heading ");
}

// Style ids differ by language; their names or outline levels tell which are headings.
Result<std::map<std::string, int>> heading_styles(ZipArchive& archive) {
  std::map<std::string, int> out;
  if (!archive.has("word/styles.xml")) return out;
  auto xml = archive.read("word/styles.xml");
  if (!xml) return fail(xml.error());
  XmlReader reader(*xml);
  std::string id;
  while (reader.next()) {
    if (reader.opens("style")) {
      id = reader.attribute("styleId");
    } else if (reader.opens("name") && !id.empty()) {
      if (const int level = level_of(reader.attribute("val"))) out[id] = level;
    } else if (reader.opens("outlineLvl") && !id.empty()) {
      const int level = digit_after("l" + reader.attribute("val"), "l");
      out[id] = reader.attribute("val") == "0" ? 1 : level + 1;
    } else if (reader.closes("style")) {
      id.clear();
    }
  }
  if (auto status = reader.status(); !status) return fail(status.error());
  return out;
}

class DocxText {
 public:
  DocxText(Writer& writer, const std::map<std::string, int>& styles)
      : writer_(writer), styles_(styles) {}

  Status read(const std::string& xml) {
    XmlReader reader(xml);
    while (!writer_.full() && reader.next()) {
      switch (reader.node()) {
        case XmlReader::Node::Open: open(reader); break;
        case XmlReader::Node::Close: close(reader); break;
        case XmlReader::Node::Text:
          if (in_text_ && !in_deleted_) paragraph_ += reader.text();
          break;
      }
    }
    return reader.status();
  }

 private:
  void open(const XmlReader& reader) {
    const auto name = reader.name();
    if (name == "t") {
      in_text_ = true;
    } else if (name == "p") {
      level_ = 0;
    } else if (name == "pStyle") {
      const auto style = reader.attribute("val");
      const auto known = styles_.find(style);
      level_ = known != styles_.end() ? known->second : level_of(style);
    } else if (name == "tab") {
      paragraph_ += '\t';
    } else if (name == "br" || name == "cr") {
      reader.attribute("type") == "page" ? next_page() : void(paragraph_ += '\n');
    } else if (name == "lastRenderedPageBreak") {
      next_page();
    } else if (name == "numPr" && table_depth_ == 0) {
      is_list_item_ = true;
    } else if (name == "tbl") {
      ++table_depth_;
    } else if (name == "tr") {
      row_.clear();
    } else if (name == "tc") {
      cell_.clear();
    } else if (name == "del" || name == "moveFrom" || name == "delText") {
      in_deleted_ = true;
    }
  }

  void close(const XmlReader& reader) {
    const auto name = reader.name();
    if (name == "t") {
      in_text_ = false;
    } else if (name == "p") {
      end_paragraph();
    } else if (name == "tc") {
      if (!row_.empty()) row_ += " | ";
      row_ += collapse(cell_);
    } else if (name == "tr") {
      writer_.line_break();
      writer_.text(row_);
      writer_.line_break();
    } else if (name == "tbl") {
      --table_depth_;
      writer_.paragraph();
    } else if (name == "del" || name == "moveFrom" || name == "delText") {
      in_deleted_ = false;
    }
  }

  void end_paragraph() {
    if (table_depth_ > 0) {
      cell_ += paragraph_ + " ";
    } else if (level_ > 0) {
      writer_.heading(level_, paragraph_);
    } else {
      if (is_list_item_) writer_.text("- ");
      writer_.text(paragraph_);
      is_list_item_ ? writer_.line_break() : writer_.paragraph();
    }
    paragraph_.clear();
    is_list_item_ = false;
  }

  void next_page() {
    if (table_depth_ > 0) return;  // a row is not torn
    if (!paragraph_.empty()) writer_.text(paragraph_);
    paragraph_.clear();
    writer_.page(++page_);
  }

  Writer& writer_;
  const std::map<std::string, int>& styles_;
  std::string paragraph_, row_, cell_;
  int level_ = 0, table_depth_ = 0, page_ = 1;
  bool in_text_ = false, in_deleted_ = false, is_list_item_ = false;
};

}  // namespace

Result<Document> read_docx(std::string_view bytes) {
  auto archive = ZipArchive::open(bytes);
  if (!archive) return fail(archive.error());
  auto styles = heading_styles(*archive);
  if (!styles) return fail(styles.error());
  Writer writer;
  DocxText text(writer, *styles);
  for (const char* part :
       {"word/document.xml", "word/footnotes.xml", "word/endnotes.xml", "word/comments.xml"}) {
    if (!archive->has(part)) continue;
    auto xml = archive->read(part);
    if (!xml) return fail(xml.error());
    // Without recorded breaks there are no pages to speak of.
    if (part == std::string_view("word/document.xml") &&
        (xml->find("lastRenderedPageBreak") != std::string::npos ||
         xml->find("w:type=\"page\"") != std::string::npos)) {
      writer.page(1);
    }
    if (auto status = text.read(*xml); !status) return fail(status.error());
    writer.paragraph();
  }
  if (writer.full())
    return fail(ErrorCode::TooLarge, "The file could not be parsed because it is too large.");
  return std::move(writer).finish();
}

}  // namespace documents
