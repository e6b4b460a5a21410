// The stack of a machine: immutable frames in one arena, each naming its parent, so that a position
// is a small value, copying it is free, and going back is reading an older one.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

namespace engine::grammar {

using FrameId = std::uint32_t;  // offset in the arena, in words; 0 is the empty stack

enum class FrameKind : std::uint8_t { Record, List, Call };

struct Frame {
  FrameId parent = 0;
  FrameKind kind = FrameKind::Call;
  bool digesting = false;     // some enclosing list compares its items
  std::uint16_t n_words = 0;  // of bits, after the frame: keys seen, or matches counted
  std::uint16_t depth = 0;
  std::uint16_t reserved = 0;
  std::uint32_t shape = 0;    // Call: where the rule goes on
  std::uint32_t count = 0;    // of keys or items begun
  std::uint32_t child = 0;    // the one whose value is being written
  std::uint32_t digests = 0;  // list of digests (keys or items) that must not come again
  std::uint64_t digest = 0;   // of the value so far
  std::uint64_t key_digest = 0;
};
static_assert(sizeof(Frame) % 8 == 0);

class Arena {
 public:
  Arena() { words_.reserve(256), words_.push_back(0); }

  FrameId push(const Frame& frame) {
    const auto id = static_cast<FrameId>(words_.size());
    words_.resize(words_.size() + kFrameWords + frame.n_words);
    std::memcpy(&words_[id], &frame, sizeof frame);
    return id;
  }
  // A copy of the frame and its words, to be changed before anything else is pushed.
  FrameId clone(FrameId frame) {
    const auto id = static_cast<FrameId>(words_.size());
    const std::size_t n = kFrameWords + at(frame).n_words;
    words_.resize(words_.size() + n);
    std::memcpy(&words_[id], &words_[frame], n * sizeof(std::uint64_t));
    return id;
  }
  Frame& at(FrameId id) { return *reinterpret_cast<Frame*>(&words_[id]); }
  const Frame& at(FrameId id) const { return *reinterpret_cast<const Frame*>(&words_[id]); }
  std::uint64_t* words(FrameId id) { return &words_[id + kFrameWords]; }
  const std::uint64_t* words(FrameId id) const { return &words_[id + kFrameWords]; }

  // Persistent lists of digests: {digest, previous}.
  std::uint32_t link(std::uint64_t digest, std::uint32_t previous) {
    words_.push_back(digest);
    words_.push_back(previous);
    return static_cast<std::uint32_t>(words_.size() - 2);
  }
  bool linked(std::uint32_t list, std::uint64_t digest) const {
    for (; list != 0; list = static_cast<std::uint32_t>(words_[list + 1])) {
      if (words_[list] == digest) return true;
    }
    return false;
  }
  std::uint64_t linked_digest(std::uint32_t list) const { return words_[list]; }
  std::uint32_t linked_next(std::uint32_t list) const {
    return static_cast<std::uint32_t>(words_[list + 1]);
  }

  std::size_t mark() const { return words_.size(); }
  void release(std::size_t mark) { words_.resize(mark); }
  std::size_t bytes() const { return words_.capacity() * sizeof(std::uint64_t); }

 private:
  static constexpr std::size_t kFrameWords = sizeof(Frame) / sizeof(std::uint64_t);
  std::vector<std::uint64_t> words_;
};

}  // namespace engine::grammar
