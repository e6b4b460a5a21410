// `golden DIR [--markdown] [--only NAME]`: runs every comparison found in a folder laid out like
// the reference results and prints a table. Exits 1 when something is wrong.
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/golden/architectures.h"
#include "engine/golden/report.h"
#include "engine/golden/sections.h"

namespace {

using engine::golden::Report;

struct Section {
  const char* folder;
  Report (*compare)(const std::filesystem::path& folder);
};

// A new kind of comparison is one line here.
constexpr Section kSections[] = {
    {"architectures", engine::golden::compare_architectures},
    {"quants", engine::golden::compare_quants},
    {"tokenizers", engine::golden::compare_tokenizers},
    {"sampling", engine::golden::compare_sampling},
};

}  // namespace

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
    std::fputs("usage: golden DIR [--markdown] [--only ARCHITECTURE-FILE]\n", stderr);
    return 2;
  }
  Report report;
  if (!only.empty()) {
    report.push_back(engine::golden::compare_architecture(folder / "architectures", only));
  } else {
    for (const auto& section : kSections) {
      std::error_code error;
      if (!std::filesystem::is_directory(folder / section.folder, error)) continue;
      for (auto& row : section.compare(folder / section.folder)) report.push_back(std::move(row));
    }
  }
  const auto text = markdown ? as_markdown(report) : as_text(report);
  std::fputs(text.c_str(), stdout);
  return anything_wrong(report) ? 1 : 0;
}
