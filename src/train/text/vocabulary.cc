#include "train/text/vocabulary.h"

#include <fstream>
#include <limits>

#include "base/check.h"
#include "train/text/pretokenize.h"

namespace train {

namespace {

std::uint64_t as_key(int left, int right) {
  return (static_cast<std::uint64_t>(left) << 32) | static_cast<std::uint32_t>(right);
}

}  // namespace

Vocabulary::Vocabulary(std::vector<Merge> merges) : merges_(std::move(merges)) {
  for (const char* special : kSpecialTexts) bytes_.emplace_back(special);
  for (int byte = 0; byte < 256; ++byte) bytes_.emplace_back(1, static_cast<char>(byte));
  for (std::size_t i = 0; i < merges_.size(); ++i) {
    const auto [left, right] = merges_[i];
    CHECK(left >= kFirstByte && left < size() && right >= kFirstByte && right < size());
    bytes_.push_back(bytes_[std::size_t(left)] + bytes_[std::size_t(right)]);
    rank_.emplace(as_key(left, right), static_cast<int>(i));
  }
}

// Repeats the earliest-learned merge until none applies.
std::vector<int> Vocabulary::encode_word(std::string_view word) const {
  std::vector<int> tokens;
  for (const char byte : word) tokens.push_back(kFirstByte + static_cast<std::uint8_t>(byte));
  while (tokens.size() > 1) {
    int best = std::numeric_limits<int>::max();
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      const auto found = rank_.find(as_key(tokens[i], tokens[i + 1]));
      if (found != rank_.end() && found->second < best) best = found->second;
    }
    if (best == std::numeric_limits<int>::max()) break;
    const Merge merge = merges_[std::size_t(best)];
    std::size_t kept = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const bool here =
          i + 1 < tokens.size() && tokens[i] == merge.left && tokens[i + 1] == merge.right;
      tokens[kept++] = here ? kFirstMerge + best : tokens[i];
      if (here) ++i;
    }
    tokens.resize(kept);
  }
  return tokens;
}

void Vocabulary::encode(std::string_view text, std::vector<int>& out) {
  for (const std::string_view word : pretokenize(text)) {
    auto found = words_.find(std::string(word));
    if (found == words_.end()) found = words_.emplace(std::string(word), encode_word(word)).first;
    out.insert(out.end(), found->second.begin(), found->second.end());
  }
}

std::string Vocabulary::decode(const std::vector<int>& tokens) const {
  std::string text;
  for (const int token : tokens) text += bytes(token);
  return text;
}

Status Vocabulary::save(const std::filesystem::path& file) const {
  std::ofstream out(file);
  for (const Merge& merge : merges_) out << merge.left << ' ' << merge.right << '\n';
  out.close();
  if (!out) return fail(ErrorCode::StorageFailed, "cannot write " + file.string());
  return {};
}

Result<Vocabulary> Vocabulary::load(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return fail(ErrorCode::NotFound, "cannot read " + file.string());
  std::vector<Merge> merges;
  for (Merge merge; in >> merge.left >> merge.right;) {
    const int known = kFirstMerge + static_cast<int>(merges.size());
    if (merge.left < kFirstByte || merge.left >= known || merge.right < kFirstByte ||
        merge.right >= known)
      return fail(ErrorCode::CorruptData, file.string() + " is no vocabulary");
    merges.push_back(merge);
  }
  return Vocabulary(std::move(merges));
}

}  // namespace train
