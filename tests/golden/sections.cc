#include "sections.h"

#include <fmt/format.h>

#include "engine/golden/architectures.h"
#include "engine/golden/cache_types.h"
#include "engine/golden/quantisers.h"
#include "engine/golden/quants.h"
#include "engine/golden/sampling.h"
#include "engine/golden/tokenizers.h"
#include "inference/jinja/golden.h"

namespace golden {
namespace {

using engine::golden::Report;
using engine::golden::Verdict;

Report compare_chat_templates(const std::filesystem::path& folder, std::string_view only) {
  Report report;
  for (const auto& one : inference::jinja::compare_templates(folder, only)) {
    const auto n_wrong = one.differences.size();
    auto detail = fmt::format("{} conversations", one.n_cases);
    if (n_wrong > 0) detail += fmt::format(", {} differ: {}", n_wrong, one.differences[0]);
    report.push_back(
        {"chat_templates", one.name, n_wrong > 0 ? Verdict::Wrong : Verdict::Equal, detail});
  }
  return report;
}

// A new kind of comparison is one line here.
constexpr Section kSections[] = {
    {"architectures", engine::golden::compare_architectures},
    {"architectures", engine::golden::compare_texts},
    {"architectures", engine::golden::compare_cache_types},
    {"quants", engine::golden::compare_formats},
    {"quants", engine::golden::compare_quantisers},
    {"tokenizers", engine::golden::compare_tokenizers},
    {"chat_templates", compare_chat_templates},
    {"sampling", engine::golden::compare_sampling},
};

}  // namespace

std::span<const Section> sections() {
  return kSections;
}

}  // namespace golden
