// A tokenizer's tokens as bytes, indexed for masks: a trie of all of them, what kinds of bytes each
// is made of, and which of them leave a quoted text. Built once per tokenizer, then shared.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/grammar/byte_set.h"

namespace engine::grammar {

using TokenId = std::uint32_t;

// Groups of bytes, as bits of a word. The first kByteGroups partition ASCII; a further one stands
// for whole characters beyond it. Length bits say that a token has more characters than a
// threshold.
using Groups = std::uint32_t;
inline constexpr std::size_t kByteGroups = 20;
inline constexpr Groups kWideGroup = 1u << kByteGroups;          // whole non-ASCII characters
inline constexpr Groups kBrokenGroup = 1u << (kByteGroups + 1);  // parts of characters
inline constexpr std::size_t kFirstLengthBit = kByteGroups + 2;
inline constexpr std::array<std::uint32_t, 9> kLengthSteps{1, 2, 3, 4, 6, 8, 12, 16, 32};
const std::array<ByteSet, kByteGroups>& byte_groups();
// The groups that never appear plainly inside a quoted text: quote, backslash, control bytes.
Groups unquotable_groups();

class Vocabulary {
 public:
  // tokens[i] are the bytes of token i; empty for special tokens, which no text contains.
  // end_tokens: those that end a generation.
  Vocabulary(std::span<const std::string> tokens, std::span<const TokenId> end_tokens);

  struct Node {          // of a trie in depth-first order
    std::uint32_t end;   // index after the subtree
    std::int32_t token;  // that ends here, or -1
    Groups groups;       // of all tokens at and below the node
    std::uint8_t byte;
    std::uint16_t wide = 0;  // its list of children, where they are many; 0 for none
  };
  struct Child {
    std::uint8_t byte;
    std::uint32_t node;
  };
  struct Exit {  // a token that leaves a quoted text: content, quote, suffix
    TokenId token;
    std::uint32_t n_points;  // characters of the content
    std::uint32_t suffix;    // node of the suffix trie; 0 when the quote is the last byte
  };
  // Tokens that leave a text, and by their content the ranges of them.
  struct Exits {
    struct Group {
      std::string_view content;  // as written, escapes included
      std::uint32_t first, last;
    };
    std::vector<Exit> exits;    // in trie order
    std::vector<Group> groups;  // sorted by content
  };
  // The tokens below a node whose byte is a quote, seen as the opening of a text that lets
  // everything in.
  struct Opening {
    std::vector<TokenId> inside;  // that end in the text
    Exits exits;
  };
  struct SuffixNode {
    std::uint32_t end;
    std::uint8_t byte;
  };

  std::size_t n_tokens() const { return tokens_.size(); }
  std::size_t n_words() const { return (tokens_.size() + 31) / 32; }
  std::string_view bytes(TokenId token) const { return tokens_[token]; }
  std::span<const TokenId> end_tokens() const { return end_tokens_; }
  bool is_end(TokenId token) const;
  std::span<const Node> nodes() const { return nodes_; }
  // The tokens in two tries of their own: those of whole characters that may stand in a quoted text
  // as they are, and the odd others, with quotes, escapes, control bytes or parts of characters.
  std::span<const Node> plain_nodes() const { return plain_nodes_; }
  std::span<const Node> odd_nodes() const { return odd_nodes_; }
  // The tokens of the first.
  std::span<const std::uint32_t> plain() const { return plain_; }
  // The children of nodes that have many, side by side in memory; [0] are the root's.
  std::span<const Child> children(std::uint16_t wide) const { return wide_[wide]; }
  // Sets the bits of all tokens whose bytes are those of `token`.
  void allow(TokenId token, std::span<std::uint32_t> bits) const {
    for (; token != kNoToken; token = next_same_[token]) bits[token >> 5] |= 1u << (token & 31);
  }

  void forbid(TokenId token, std::span<std::uint32_t> bits) const {
    for (; token != kNoToken; token = next_same_[token]) bits[token >> 5] &= ~(1u << (token & 31));
  }

  // Sets the bits of the tokens made of nothing but these groups.
  void allow_made_of(Groups groups, std::span<std::uint32_t> bits) const;
  // Tokens that stay inside a quoted text which lets everything in.
  std::span<const std::uint32_t> quoted() const { return quoted_; }
  bool is_quoted(TokenId token) const { return quoted_[token >> 5] >> (token & 31) & 1; }
  // From inside a text.
  const Exits& exits() const { return exits_; }
  // Nothing for nodes with few tokens below.
  const Opening* opening(std::uint32_t node) const {
    const auto found = openings_.find(node);
    return found == openings_.end() ? nullptr : &found->second;
  }
  // Exits whose token is at or below a node of the odd ones are
  // exits().exits[exits_before(node)...].
  std::size_t exits_before(std::uint32_t odd_node) const { return exits_before_[odd_node]; }
  std::span<const SuffixNode> suffixes() const { return suffixes_; }  // [0] is the root
  // Clears the tokens that spell more than this many characters inside a quoted text.
  void keep_short(std::uint32_t points_max, std::span<std::uint32_t> bits) const;

 private:
  static constexpr TokenId kNoToken = UINT32_MAX;
  static constexpr std::uint32_t kShortMax = 16;

  void build_tries();
  std::vector<Node> trie(std::span<const TokenId> order) const;
  void list_same(std::span<const TokenId> order);
  void list_children();
  std::vector<Child> children_between(std::uint32_t first, std::uint32_t last) const;
  void classify_tokens();
  void find_exits();
  void find_openings();
  void add_exit(Exits& exits, TokenId token, std::size_t begin, std::size_t quote,
                std::uint32_t n_points);
  void build_suffixes();
  template <class Visit>
  void each_exits(Visit&& visit);

  std::vector<std::string> tokens_;
  std::vector<TokenId> end_tokens_;
  std::vector<TokenId> next_same_;  // tokens with the same bytes, as lists
  std::vector<Node> nodes_, plain_nodes_, odd_nodes_;
  std::vector<std::uint32_t> plain_;
  std::vector<std::vector<Child>> wide_;
  std::vector<Groups> groups_;  // by token
  // By bit of Groups: the tokens whose groups have it not. [32, n_words]
  std::vector<std::uint32_t> lacking_;
  std::vector<std::uint32_t> quoted_;
  Exits exits_;
  std::unordered_map<std::uint32_t, Opening> openings_;  // by node
  std::vector<std::uint32_t> exits_before_;
  std::vector<SuffixNode> suffixes_;
  std::vector<std::vector<std::uint32_t>> short_;        // by points: masks of at most so many
  std::vector<std::pair<std::uint32_t, TokenId>> long_;  // (points, token), longest first
};

}  // namespace engine::grammar
