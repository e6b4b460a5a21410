// `golden DIR [--markdown] [--only NAME]`: runs every comparison found in a folder laid out like
// the reference results and prints a table. Exits 1 when something is wrong.
#include <cstdio>
#include <filesystem>
#include <string>

#include "engine/golden/report.h"
#include "sections.h"

int main(int argc, char** argv) {
  std::filesystem::path folder;
  std::string only;
  bool markdown = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--markdown") {
      markdown = true;
    } else if (argument == "--only" && i + 1 < argc) {
      only = argv[++i];
    } else {
      folder = argument;
    }
  }
  if (folder.empty()) {
    std::fputs("usage: golden DIR [--markdown] [--only NAME]\n", stderr);
    return 2;
  }
  engine::golden::Report report;
  for (const auto& section : golden::sections()) {
    std::error_code error;
    if (!std::filesystem::is_directory(folder / section.folder, error)) continue;
    for (auto& row : section.compare(folder / section.folder, only)) {
      report.push_back(std::move(row));
    }
  }
  if (report.empty()) {
    std::fputs("golden: nothing to compare there\n", stderr);
    return 2;
  }
  const auto text = markdown ? as_markdown(report) : as_text(report);
  std::fputs(text.c_str(), stdout);
  return anything_wrong(report) ? 1 : 0;
}
