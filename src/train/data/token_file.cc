#include "train/data/token_file.h"

#include <algorithm>
#include <fstream>

#include "base/check.h"

namespace train {

namespace {

template <class T>
Status write_all(const std::filesystem::path& file, const std::vector<T>& values) {
  std::ofstream out(file, std::ios::binary);
  out.write(reinterpret_cast<const char*>(values.data()),
            static_cast<std::streamsize>(values.size() * sizeof(T)));
  out.close();
  if (!out) return fail(ErrorCode::StorageFailed, "cannot write " + file.string());
  return {};
}

template <class T>
Result<std::vector<T>> read_all(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return fail(ErrorCode::NotFound, "cannot read " + file.string());
  std::vector<T> values(static_cast<std::size_t>(in.tellg()) / sizeof(T));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(values.data()),
          static_cast<std::streamsize>(values.size() * sizeof(T)));
  if (!in) return fail(ErrorCode::StorageFailed, "cannot read " + file.string());
  return values;
}

// The tokens of a conversation, as the model's chat template writes it.
std::vector<std::uint16_t> chat_tokens(const Document& document, Vocabulary& vocabulary) {
  std::vector<std::uint16_t> words;
  const auto put = [&](int token, bool light) {
    words.push_back(static_cast<std::uint16_t>(token | (light ? kLightBit : 0)));
  };
  const auto put_text = [&](const std::string& text, bool light) {
    std::vector<int> tokens;
    vocabulary.encode(text, tokens);
    for (const int token : tokens) put(token, light);
  };
  for (const Message& message : document.messages) {
    const bool light = !document.between_equals && message.role != "assistant";
    put(kMessageStart, true);
    put_text(message.role + "\n", true);
    put_text(message.text, light);
    put(kMessageEnd, light);
    put_text("\n", true);
  }
  return words;
}

}  // namespace

std::span<const std::uint16_t> TokenSet::document(std::size_t index) const {
  return std::span(words).subspan(starts_[index], lengths[index]);
}

void TokenSet::add(std::span<const std::uint16_t> document) {
  starts_.push_back(words.size());
  words.insert(words.end(), document.begin(), document.end());
  lengths.push_back(static_cast<std::uint32_t>(document.size()));
}

Status TokenSet::save(const std::filesystem::path& folder, const std::string& name) const {
  if (auto status = write_all(folder / (name + ".tokens"), words); !status) return status;
  return write_all(folder / (name + ".lengths"), lengths);
}

Result<TokenSet> TokenSet::load(const std::filesystem::path& folder, const std::string& name) {
  auto words = read_all<std::uint16_t>(folder / (name + ".tokens"));
  if (!words) return fail(words.error());
  auto lengths = read_all<std::uint32_t>(folder / (name + ".lengths"));
  if (!lengths) return fail(lengths.error());
  TokenSet set;
  set.words = std::move(*words);
  set.lengths = std::move(*lengths);
  std::size_t start = 0;
  for (const std::uint32_t length : set.lengths) {
    set.starts_.push_back(start);
    start += length;
  }
  if (start != set.words.size())
    return fail(ErrorCode::CorruptData, name + ": lengths do not add up");
  return set;
}

void add_document(const Document& document, Vocabulary& vocabulary, TokenSet& to) {
  if (!document.messages.empty()) {
    auto words = chat_tokens(document, vocabulary);
    if (words.size() > kDocumentTokensMax) words.resize(kDocumentTokensMax);
    to.add(words);
    return;
  }
  std::vector<int> tokens;
  vocabulary.encode(document.text, tokens);
  tokens.push_back(kEndOfText);
  const std::vector<std::uint16_t> words(tokens.begin(), tokens.end());
  for (std::size_t at = 0; at < words.size(); at += kDocumentTokensMax) {
    const std::size_t length = std::min<std::size_t>(kDocumentTokensMax, words.size() - at);
    if (length >= 8) to.add(std::span(words).subspan(at, length));
  }
}

}  // namespace train
