// Plain text, code and Markdown: kept as they are; Markdown's headings make sections.
#include "documents/encoding.h"
#include "documents/formats/formats.h"

namespace documents {
namespace {

// The next line without its end; advances `text`.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// 1 to 6 for `# Title`, else 0 (CommonMark 4.2).
int heading_level(std::string_view line) {
  std::size_t marks = 0;
  while (marks < line.size() && line[marks] == '#') ++marks;
  const bool followed = marks < line.size() && (line[marks] == ' ' || line[marks] == '\t');
  return marks >= 1 && marks <= 6 && followed ? static_cast<int>(marks) : 0;
}

std::string_view heading_title(std::string_view line) {
  while (line.starts_with('#')) line.remove_prefix(1);
  line = trim(line);
  while (line.ends_with('#')) line.remove_suffix(1);
  return trim(line);
}

// 1 or 2 when `line` underlines the one before it (CommonMark 4.3).
int underline_level(std::string_view line) {
  line = trim(line);
  if (line.size() < 3) return 0;
  if (line.find_first_not_of('=') == std::string_view::npos) return 1;
  if (line.find_first_not_of('-') == std::string_view::npos) return 2;
  return 0;
}

bool is_fence(std::string_view line) {
  line = trim(line);
  return line.starts_with("```") || line.starts_with("~~~");
}

}  // namespace

Result<Document> read_text(std::string_view bytes) {
  auto text = decode_text(bytes);
  if (!text) return fail(text.error());
  Writer writer;
  writer.text(*text);
  if (writer.full())
    return fail(ErrorCode::TooLarge, "The file could not be parsed because it is too large.");
  return std::move(writer).finish();
}

Result<Document> read_markdown(std::string_view bytes) {
  auto text = decode_text(bytes);
  if (!text) return fail(text.error());
  Writer writer;
  std::string_view rest = *text;
  bool fenced = false;
  bool after_blank = true;  // an underline makes a heading only of the first line of a paragraph
  while (!rest.empty()) {
    const auto line = take_line(rest);
    if (is_fence(line)) fenced = !fenced;
    if (!fenced) {
      if (const int level = heading_level(line)) {
        writer.heading(level, heading_title(line), line);
        after_blank = true;
        continue;
      }
      std::string_view ahead = rest;
      const auto below = take_line(ahead);
      const int level = after_blank && !trim(line).empty() ? underline_level(below) : 0;
      if (level) {
        writer.heading(level, trim(line), std::string(line) + "\n" + std::string(below));
        rest = ahead;
        continue;
      }
    }
    after_blank = trim(line).empty();
    writer.text(line);
    writer.text("\n");
  }
  if (writer.full())
    return fail(ErrorCode::TooLarge, "The file could not be parsed because it is too large.");
  return std::move(writer).finish();
}

}  // namespace documents
