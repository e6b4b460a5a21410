#include "engine/golden/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace engine::golden {
namespace {

const char* name(Verdict verdict) {
  switch (verdict) {
    case Verdict::Equal: return "equal";
    case Verdict::Within: return "within tolerance";
    case Verdict::Wrong: return "WRONG";
    case Verdict::NotCovered: break;
  }
  return "not covered";
}

// The beginning of a detail on one line of a table: differences quote whole texts.
std::string one_line(std::string_view detail) {
  constexpr std::size_t kBytesMax = 300;
  std::string line;
  for (const char c : detail.substr(0, kBytesMax)) {
    if (c == '|') line += '\\';
    line += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return detail.size() > kBytesMax ? line + "..." : line;
}

// Per section: how many rows of each verdict.
std::string summary(const Report& report) {
  std::map<std::string, std::map<Verdict, int>> counts;
  for (const auto& row : report) ++counts[row.section][row.verdict];
  std::string text;
  for (const auto& [section, verdicts] : counts) {
    text += section + ":";
    for (const auto& [verdict, count] : verdicts)
      text += fmt::format(" {} {}", count, name(verdict));
    text += "\n";
  }
  return text;
}

}  // namespace

bool anything_wrong(const Report& report) {
  return std::ranges::any_of(report, [](const Row& row) { return row.verdict == Verdict::Wrong; });
}

std::string as_text(const Report& report) {
  std::string text;
  for (const auto& row : report) {
    text += fmt::format("{:<14} {:<28} {:<17} {}\n", row.section, row.name, name(row.verdict),
                        one_line(row.detail));
  }
  return text + "\n" + summary(report);
}

std::string as_markdown(const Report& report) {
  std::string text, section;
  for (const auto& row : report) {
    if (row.section != section) {
      section = row.section;
      text += fmt::format("\n## {}\n\n| what | result | detail |\n| --- | --- | --- |\n", section);
    }
    text += fmt::format("| {} | {} | {} |\n", row.name, name(row.verdict), one_line(row.detail));
  }
  return text;
}

}  // namespace engine::golden
