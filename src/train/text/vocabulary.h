// A byte-level BPE vocabulary: three special tokens, the 256 bytes, then one token per merge.
// Encodes, decodes and is written to a small text file. Learning one is bpe_trainer.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace train {

inline constexpr int kEndOfText = 0;
inline constexpr int kMessageStart = 1;
inline constexpr int kMessageEnd = 2;
inline constexpr int kFirstByte = 3;
inline constexpr int kFirstMerge = kFirstByte + 256;
inline constexpr const char* kSpecialTexts[] = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};

struct Merge {
  int left = 0;
  int right = 0;
  bool operator==(const Merge&) const = default;
};

// One thread: encode keeps the words it has met.
class Vocabulary {
 public:
  Vocabulary() = default;
  // Merge i makes token kFirstMerge + i of two earlier tokens.
  explicit Vocabulary(std::vector<Merge> merges);

  // Appends the tokens of `text`; special tokens in it are plain characters.
  void encode(std::string_view text, std::vector<int>& out);
  // The bytes of one token; a special token's name.
  std::string_view bytes(int token) const { return bytes_[static_cast<std::size_t>(token)]; }
  std::string decode(const std::vector<int>& tokens) const;

  int size() const { return static_cast<int>(bytes_.size()); }
  const std::vector<Merge>& merges() const { return merges_; }

  Status save(const std::filesystem::path& file) const;
  static Result<Vocabulary> load(const std::filesystem::path& file);

 private:
  std::vector<int> encode_word(std::string_view word) const;

  std::vector<Merge> merges_;
  std::vector<std::string> bytes_;
  std::unordered_map<std::uint64_t, int> rank_;  // left and right as one number -> merge index
  std::unordered_map<std::string, std::vector<int>> words_;
};

}  // namespace train
