// Comma-separated values (RFC 4180, and its relatives with semicolons and tabs): one line per row.
// The header row is the section's heading, so that every chunk knows its columns.
#include <algorithm>
#include <array>
#include <vector>

#include "documents/encoding.h"
#include "documents/formats/formats.h"

namespace documents {
namespace {

// The separator that the first line has most of, outside quotes.
char separator_of(std::string_view text) {
  std::array<std::pair<char, int>, 4> counts{{{',', 0}, {';', 0}, {'\t', 0}, {'|', 0}}};
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (c == '\n' && !quoted) break;
    for (auto& [separator, count] : counts) {
      if (c == separator && !quoted) ++count;
    }
  }
  return std::max_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

// One row; advances `text`.
std::vector<std::string> take_row(std::string_view& text, char separator) {
  std::vector<std::string> row(1);
  bool quoted = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        row.back() += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        row.back() += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"' && row.back().empty()) {
      quoted = true;
    } else if (c == separator) {
      row.emplace_back();
    } else if (c == '\n') {
      break;
    } else if (c != '\r') {
      row.back() += c;
    }
  }
  text.remove_prefix(std::min(text.size(), i + 1));
  return row;
}

}  // namespace

Result<Document> read_csv(std::string_view bytes) {
  auto text = decode_text(bytes);
  if (!text) return fail(text.error());
  const char separator = separator_of(*text);
  std::string_view rest = *text;
  Writer writer;
  const auto header = take_row(rest, separator);
  writer.heading(1, joined(header), joined(header));
  while (!rest.empty() && !writer.full()) {
    const auto row = take_row(rest, separator);
    if (row.size() == 1 && row[0].empty()) continue;
    writer.text(joined(row));
    writer.text("\n");
  }
  if (writer.full())
    return fail(ErrorCode::TooLarge, "The file could not be parsed because it is too large.");
  return std::move(writer).finish();
}

}  // namespace documents
