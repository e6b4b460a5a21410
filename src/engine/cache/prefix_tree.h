// Which pages hold which beginnings of sequences: a radix tree with one node per page of tokens.
// Every salt has a tree of its own, so nobody can learn another's prompts from what is cached.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/cache/layout.h"
#include "engine/cache/page_pool.h"
#include "engine/token.h"

namespace engine {

// One page of tokens after the tokens of its parents. Only full nodes have children.
struct PrefixNode {
  PrefixNode* parent = nullptr;  // nullptr for the root of a salt, which has no tokens
  std::vector<TokenId> tokens;   // 1 to kPageTokens
  std::vector<PageId> pages;     // [n_groups]; kNoPage where a windowed group let go
  std::unordered_multimap<std::uint64_t, std::unique_ptr<PrefixNode>> children;  // by tokens
  std::string salt;                                                              // of a root
  int depth = 0;
  int users = 0;                // sequences whose last registered page this is: it must stay
  std::uint64_t last_used = 0;  // tick; never later than its parent's
};

// Owned by the KvCache; engine thread only. Holds one reference to every page in it.
class PrefixTree {
 public:
  explicit PrefixTree(std::size_t n_groups) : n_groups_(n_groups) {}

  // The root for `salt`, made when absent.
  PrefixNode* root(const std::string& salt);
  // The child with exactly these tokens, or nullptr.
  PrefixNode* find(PrefixNode* parent, std::span<const TokenId> tokens) const;
  // The child that shares the longest beginning with `tokens`, and how much; {nullptr, 0} if none.
  std::pair<PrefixNode*, int> find_longest(PrefixNode* parent,
                                           std::span<const TokenId> tokens) const;
  // The caller has given the tree a reference to each of `pages`.
  PrefixNode* insert(PrefixNode* parent, std::span<const TokenId> tokens,
                     std::vector<PageId> pages);
  // Marks the node and those above it as used now.
  void touch(PrefixNode* node);
  // Takes a leaf out; its pages' references pass to the caller.
  std::vector<PageId> remove(PrefixNode* leaf);
  // Removes the root of a salt that nobody uses and that has no pages.
  void remove_root_if_idle(PrefixNode* root);

  // Oldest first, children before parents, until visit returns true. visit may remove the node it
  // is given, nothing else.
  void visit_oldest_first(const std::function<bool(PrefixNode&)>& visit);
  std::size_t node_count() const { return by_age_.size(); }

 private:
  struct Older {
    bool operator()(const PrefixNode* a, const PrefixNode* b) const {
      if (a->last_used != b->last_used) return a->last_used < b->last_used;
      if (a->depth != b->depth) return a->depth > b->depth;
      return a < b;
    }
  };
  std::size_t n_groups_;
  std::uint64_t tick_ = 0;
  std::map<std::string, std::unique_ptr<PrefixNode>> roots_;
  std::set<PrefixNode*, Older> by_age_;  // all but roots
};

}  // namespace engine
