#include "inference/jinja/wrap.h"

#include <algorithm>

#include "inference/jinja/python_text.h"
#include "inference/jinja/value.h"

namespace inference::jinja {
namespace {

bool is_wrap_space(std::string_view character) {
  return character.size() == 1 &&
         std::string_view("\t\n\v\f\r ").find(character[0]) != std::string_view::npos;
}

// Words and the white space between them, alternating; words also end after a hyphen between
// letters where `on_hyphens` says so.
std::vector<std::string> chunks_of(std::string_view line, bool on_hyphens) {
  std::vector<std::string> chunks;
  const auto parts = characters(line);
  const auto is_letter_at = [&](std::size_t at) {
    return at < parts.size() && is_alphabetic(to_code_points(parts[at])[0]);
  };
  bool was_space = false;
  bool ends_chunk = true;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool space = is_wrap_space(parts[i]);
    if (ends_chunk || space != was_space) chunks.emplace_back();
    chunks.back() += parts[i];
    was_space = space;
    ends_chunk = on_hyphens && parts[i] == "-" && i >= 2 && is_letter_at(i - 1) &&
                 is_letter_at(i - 2) && is_letter_at(i + 1) && is_letter_at(i + 2);
  }
  return chunks;
}

std::string resolve_entities(std::string text) {
  for (const auto& [entity, character] : {std::pair{"&lt;", "<"},
                                          {"&gt;", ">"},
                                          {"&#34;", "\""},
                                          {"&quot;", "\""},
                                          {"&#39;", "'"},
                                          {"&nbsp;", "\u00a0"},
                                          {"&amp;", "&"}}) {
    text = replace(text, entity, character, -1);
  }
  return text;
}

}  // namespace

std::string pad_text(std::string_view text, std::int64_t width, std::string_view fill,
                     Alignment alignment) {
  const auto size = static_cast<std::int64_t>(count_characters(text));
  if (width <= size) return std::string(text);
  const auto missing = width - size;
  check_size(missing);
  // Python puts the odd one to the left when both are odd
  const auto left = alignment == Alignment::Left    ? 0
                    : alignment == Alignment::Right ? missing
                                                    : missing / 2 + (missing & width & 1);
  std::string out;
  for (std::int64_t i = 0; i < left; ++i) out += fill;
  out += text;
  for (std::int64_t i = left; i < missing; ++i) out += fill;
  return out;
}

std::vector<std::string> wrap_line(std::string_view line, const WrapStyle& style) {
  if (style.width <= 0) raise("invalid width " + std::to_string(style.width) + " (must be > 0)");
  auto chunks = chunks_of(line, style.breaks_on_hyphens);
  std::reverse(chunks.begin(), chunks.end());
  const auto width = static_cast<std::size_t>(style.width);
  const auto is_blank = [](const std::string& chunk) { return strip(chunk, Side::Both).empty(); };
  std::vector<std::string> lines;
  while (!chunks.empty()) {
    std::vector<std::string> taken;
    std::size_t size = 0;
    if (is_blank(chunks.back()) && !lines.empty()) chunks.pop_back();
    while (!chunks.empty() && size + count_characters(chunks.back()) <= width) {
      size += count_characters(chunks.back());
      taken.push_back(std::move(chunks.back()));
      chunks.pop_back();
    }
    if (!chunks.empty() && count_characters(chunks.back()) > width) {
      if (style.breaks_long_words) {
        const auto parts = characters(chunks.back());
        std::string head;
        std::string tail;
        for (std::size_t i = 0; i < parts.size(); ++i) (i < width - size ? head : tail) += parts[i];
        if (!head.empty()) taken.push_back(std::move(head));
        chunks.back() = std::move(tail);
      } else if (taken.empty()) {
        taken.push_back(std::move(chunks.back()));
        chunks.pop_back();
      }
    }
    if (!taken.empty() && is_blank(taken.back())) taken.pop_back();
    if (taken.empty()) continue;
    lines.emplace_back();
    for (const auto& chunk : taken) lines.back() += chunk;
  }
  return lines;
}

std::string strip_tags(std::string_view text) {
  std::string out(text);
  for (std::size_t start; (start = out.find("<!--")) != std::string::npos;) {
    const auto end = out.find("-->", start);
    if (end == std::string::npos) break;
    out.erase(start, end + 3 - start);
    Charge::work(out.size());
  }
  for (std::size_t start; (start = out.find('<')) != std::string::npos;) {
    const auto end = out.find('>', start);
    if (end == std::string::npos) break;
    out.erase(start, end + 1 - start);
    Charge::work(out.size());
  }
  std::string joined;
  for (const auto& word : split(out, std::nullopt, -1, false)) {
    if (!joined.empty()) joined += ' ';
    joined += word;
  }
  return resolve_entities(std::move(joined));
}

}  // namespace inference::jinja
