// Workbooks (SpreadsheetML, ECMA-376 part 1 section 18): one section per sheet, one line per row.
// Formulas appear by the value that was stored with them; numbers with a date format as dates.
#include <charconv>
#include <chrono>
#include <cmath>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "base/limits/document.h"
#include "documents/formats/formats.h"
#include "documents/formats/office_parts.h"
#include "documents/xml.h"
#include "documents/zip_archive.h"

namespace documents {
namespace {

constexpr std::size_t kColumnsMax = 16'384;  // of the format itself

struct Sheet {
  std::string name, part;
};

Result<std::vector<std::string>> shared_strings(ZipArchive& archive) {
  std::vector<std::string> out;
  if (!archive.has("xl/sharedStrings.xml")) return out;
  auto xml = archive.read("xl/sharedStrings.xml");
  if (!xml) return fail(xml.error());
  XmlReader reader(*xml);
  std::string text;
  bool in_text = false, phonetic = false;
  while (reader.next()) {
    if (reader.opens("si")) text.clear();
    if (reader.opens("rPh")) phonetic = true;
    if (reader.closes("rPh")) phonetic = false;
    if (reader.opens("t")) in_text = !phonetic;
    if (reader.closes("t")) in_text = false;
    if (reader.node() == XmlReader::Node::Text && in_text) text += reader.text();
    if (reader.closes("si")) out.push_back(text);
  }
  if (auto status = reader.status(); !status) return fail(status.error());
  return out;
}

bool is_date_format(std::string_view code) {
  bool quoted = false;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '[') {  // a colour or a condition
      const auto end = code.find(']', i);
      if (end == std::string_view::npos) return false;
      i = end;
    } else if (c == '\\') {
      ++i;
    } else if (c == 'y' || c == 'd' || c == 'Y' || c == 'D') {
      return true;
    }
  }
  return false;
}

// The cell formats (by index) that show a number as a date.
Result<std::set<std::size_t>> date_styles(ZipArchive& archive) {
  std::set<std::size_t> out;
  if (!archive.has("xl/styles.xml")) return out;
  auto xml = archive.read("xl/styles.xml");
  if (!xml) return fail(xml.error());
  std::set<std::string> dates{"14", "15", "16", "17", "22"};  // section 18.8.30
  XmlReader reader(*xml);
  bool in_cell_formats = false;
  std::size_t index = 0;
  while (reader.next()) {
    if (reader.opens("numFmt") && is_date_format(reader.attribute("formatCode")))
      dates.insert(reader.attribute("numFmtId"));
    if (reader.opens("cellXfs")) in_cell_formats = true;
    if (reader.closes("cellXfs")) in_cell_formats = false;
    if (in_cell_formats && reader.opens("xf")) {
      if (dates.contains(reader.attribute("numFmtId"))) out.insert(index);
      ++index;
    }
  }
  if (auto status = reader.status(); !status) return fail(status.error());
  return out;
}

Result<std::vector<Sheet>> sheets_of(ZipArchive& archive) {
  const std::string part = "xl/workbook.xml";
  auto xml = archive.read(part);
  if (!xml) return fail(xml.error());
  auto links = relationships(archive, part);
  if (!links) return fail(links.error());
  std::vector<Sheet> out;
  XmlReader reader(*xml);
  while (reader.next()) {
    if (!reader.opens("sheet")) continue;
    const auto found = links->find(reader.attribute_of("r:id"));
    if (found != links->end() && found->second.type == "worksheet")
      out.push_back({reader.attribute("name"), found->second.target});
  }
  if (auto status = reader.status(); !status) return fail(status.error());
  return out;
}

// Days since 1899-12-30, as spreadsheets count them.
std::string date_text(const std::string& number) {
  double days = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), days);
  if (error != std::errc() || !(days >= 1 && days < 2'958'466)) return number;
  const auto epoch = std::chrono::sys_days(std::chrono::year(1899) / 12 / 30);
  const auto whole = static_cast<int>(std::floor(days));
  const std::chrono::year_month_day date(epoch + std::chrono::days(whole));
  std::string out =
      fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  const int minutes = static_cast<int>(std::lround((days - whole) * 24 * 60));
  if (minutes > 0 && minutes < 24 * 60)
    out += fmt::format(" {:02}:{:02}", minutes / 60, minutes % 60);
  return out;
}

// 0-based column of "AB12"; the last possible one for nonsense.
std::size_t column_of(std::string_view reference) {
  std::size_t column = 0;
  for (const char c : reference) {
    if (c < 'A' || c > 'Z') break;
    column = column * 26 + static_cast<std::size_t>(c - 'A' + 1);
    if (column > kColumnsMax) return kColumnsMax - 1;
  }
  return column == 0 ? 0 : column - 1;
}

struct CellContext {
  const std::vector<std::string>& strings;
  const std::set<std::size_t>& dates;
};

std::string cell_text(const std::string& raw, const std::string& type, const std::string& style,
                      const CellContext& context) {
  std::size_t index = 0;
  if (type == "s") {
    std::from_chars(raw.data(), raw.data() + raw.size(), index);
    return index < context.strings.size() ? context.strings[index] : std::string();
  }
  if (type == "b") return raw == "1" ? "TRUE" : "FALSE";
  if (type.empty() || type == "n") {
    const auto [end, error] = std::from_chars(style.data(), style.data() + style.size(), index);
    if (error == std::errc() && context.dates.contains(index)) return date_text(raw);
  }
  return raw;
}

std::string without_empty_end(std::vector<std::string>& row) {
  while (!row.empty() && row.back().empty()) row.pop_back();
  return joined(row);
}

Status write_sheet(Writer& writer, const std::string& xml, const CellContext& context) {
  XmlReader reader(xml);
  std::vector<std::string> row;
  std::string raw, type, style;
  std::size_t column = 0;
  bool in_value = false;
  while (!writer.full() && reader.next()) {
    if (reader.opens("row")) {
      row.clear();
      column = 0;
    } else if (reader.opens("c")) {
      raw.clear();
      type = reader.attribute("t");
      style = reader.attribute("s");
      if (const auto at = reader.attribute("r"); !at.empty()) column = column_of(at);
    } else if (reader.opens("v") || reader.opens("t")) {
      in_value = true;
    } else if (reader.closes("v") || reader.closes("t")) {
      in_value = false;
    } else if (reader.node() == XmlReader::Node::Text && in_value) {
      raw += reader.text();
    } else if (reader.closes("c")) {
      // Only rows with something in a far column become long: a cell costs its file some bytes.
      if (!raw.empty() && column < kColumnsMax) {
        if (row.size() <= column) row.resize(column + 1);
        row[column] = cell_text(raw, type, style, context);
      }
      ++column;
    } else if (reader.closes("row")) {
      if (const auto line = without_empty_end(row); !line.empty()) {
        writer.text(line);
        writer.text("\n");
      }
    }
  }
  return reader.status();
}

}  // namespace

Result<Document> read_xlsx(std::string_view bytes) {
  auto archive = ZipArchive::open(bytes);
  if (!archive) return fail(archive.error());
  auto strings = shared_strings(*archive);
  if (!strings) return fail(strings.error());
  auto dates = date_styles(*archive);
  if (!dates) return fail(dates.error());
  auto sheets = sheets_of(*archive);
  if (!sheets) return fail(sheets.error());
  Writer writer;
  for (const auto& sheet : *sheets) {
    auto xml = archive->read(sheet.part);
    if (!xml) return fail(xml.error());
    writer.named_section(sheet.name);
    const CellContext context{*strings, *dates};
    if (auto status = write_sheet(writer, *xml, context); !status) return fail(status.error());
    if (writer.full())
      return fail(ErrorCode::TooLarge, "The file could not be parsed because it is too large.");
  }
  return std::move(writer).finish();
}

}  // namespace documents
