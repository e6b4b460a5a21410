#include "documents/document.h"

#include "base/encoding.h"
#include "base/limits/document.h"

namespace documents {
namespace {

constexpr std::size_t kHeadingBytesMax = 200;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

std::string shortened(std::string_view text) {
  std::string out = collapse(text);
  if (out.size() > kHeadingBytesMax) {
    out.resize(base::utf8_complete_prefix(std::string_view(out).substr(0, kHeadingBytesMax)));
  }
  return out;
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string collapse(std::string_view text) {
  std::string out;
  for (const char c : trim(text)) {
    if (!is_blank(c)) {
      out += c;
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

std::string Document::text() const {
  std::string out;
  for (const auto& section : sections) {
    if (!out.empty()) out += "\n\n";
    out += section.text;
  }
  return out;
}

void Writer::end_section() {
  current_.text = std::string(trim(current_.text));
  if (current_.text.empty()) return;
  if (document_.sections.size() >= limits::document_sections_max) {
    full_ = true;
    return;
  }
  document_.sections.push_back(current_);
  current_.text.clear();
}

void Writer::page(int number) {
  end_section();
  current_.text.clear();
  current_.page = number;
}

void Writer::heading(int level, std::string_view title, std::string_view line) {
  const std::string clean = shortened(title);
  if (clean.empty()) return;
  end_section();
  current_.text.clear();
  while (!path_.empty() && path_.back().level >= level) path_.pop_back();
  if (path_.size() < limits::document_nesting_max) path_.push_back({level, clean});
  current_.heading.clear();
  for (const auto& part : path_) {
    if (!current_.heading.empty()) current_.heading += " > ";
    current_.heading += part.title;
  }
  text(line.empty() ? std::string_view(clean) : line);
  paragraph();
}

void Writer::text(std::string_view piece) {
  if (full_) return;
  if (bytes_ + piece.size() > limits::document_text_bytes_max) {
    full_ = true;
    return;
  }
  bytes_ += piece.size();
  current_.text += piece;
}

void Writer::line_break() {
  auto& text = current_.text;
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
  if (text.empty() || text.ends_with("\n\n")) return;
  text += '\n';
}

void Writer::paragraph() {
  line_break();
  if (!current_.text.empty() && !current_.text.ends_with("\n\n")) current_.text += '\n';
}

Document Writer::finish() && {
  end_section();
  return std::move(document_);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::string joined(const std::vector<std::string>& row) {
  std::string out;
  for (const auto& cell : row) {
    if (&cell != &row.front()) out += " | ";
    out += collapse(cell);
  }
  return out;
}

}  // namespace documents
