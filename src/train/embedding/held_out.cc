#include "train/embedding/held_out.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "train/data/clean.h"

namespace train::embedding {

namespace {

constexpr std::array<std::string_view, 6> kTestTitles{"Normans",     "Oxygen", "Warsaw",
                                                      "Chloroplast", "Kenya",  "Super_Bowl_50"};
constexpr std::array<std::string_view, 4> kDevTitles{"Rhine", "Prime_number", "Huguenot",
                                                     "Private_school"};
constexpr std::size_t kShingleWords = 8;

std::vector<std::uint64_t> word_hashes(std::string_view text) {
  std::vector<std::uint64_t> hashes;
  std::uint64_t hash = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || std::isalnum(byte)) {
      if (hash == 0) hash = 14695981039346656037u;  // FNV-1a
      hash = (hash ^ static_cast<std::uint64_t>(std::tolower(byte))) * 1099511628211u;
    } else if (hash != 0) {
      hashes.push_back(hash);
      hash = 0;
    }
  }
  if (hash != 0) hashes.push_back(hash);
  return hashes;
}

template <class Visit>
void each_shingle(std::string_view text, Visit visit) {
  const auto words = word_hashes(text);
  for (std::size_t i = 0; i + kShingleWords <= words.size(); ++i) {
    std::uint64_t hash = 0;
    for (std::size_t w = 0; w < kShingleWords; ++w)
      hash = hash * 0x9E3779B97F4A7C15u + words[i + w];
    visit(hash);
  }
}

}  // namespace

bool HeldOut::overlaps(std::string_view text) const {
  bool found = false;
  each_shingle(text, [&](std::uint64_t hash) { found = found || shingles.contains(hash); });
  return found;
}

bool HeldOut::has_title(std::string_view title) {
  const std::string spelled = replaced(std::string(title), " ", "_");
  return std::ranges::find(kTestTitles, spelled) != kTestTitles.end() ||
         std::ranges::find(kDevTitles, spelled) != kDevTitles.end();
}

Result<HeldOut> read_held_out(const Archives& archives) {
  HeldOut held;
  const auto add = [&](const json::Object& each) {
    const auto title = json::string_or(each, "title");
    const bool is_test = std::ranges::find(kTestTitles, title) != kTestTitles.end();
    const json::Value* asked = json::find(each, "qas");
    if (!HeldOut::has_title(title) || !asked || !asked->is_array()) return;
    auto& set = is_test ? held.test : held.dev;
    set.passages.emplace_back(json::string_or(each, "context"));
    each_shingle(set.passages.back(), [&](std::uint64_t hash) { held.shingles.insert(hash); });
    for (const json::Value& one : asked->get_array())
      set.questions.push_back(
          {std::string(json::string_or(one.as_object(), "q")), set.passages.size() - 1});
  };
  auto status = archives.each_json_line("squad_dev", "squad_1.1_dev.jsonl", add);
  if (!status) return fail(status.error());
  if (held.test.questions.empty() || held.dev.questions.empty())
    return fail(ErrorCode::CorruptData, "squad_dev: the held-out articles are missing");
  return held;
}

}  // namespace train::embedding
