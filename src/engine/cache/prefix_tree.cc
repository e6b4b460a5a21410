#include "engine/cache/prefix_tree.h"

#include <algorithm>

#include "base/check.h"
#include "engine/sampling/counter_random.h"

namespace engine {
namespace {

std::uint64_t hash_tokens(std::span<const TokenId> tokens) {
  std::uint64_t hash = tokens.size();
  for (const TokenId token : tokens) hash = mix_bits(hash ^ static_cast<std::uint32_t>(token));
  return hash;
}

}  // namespace

PrefixNode* PrefixTree::root(const std::string& salt) {
  auto& slot = roots_[salt];
  if (!slot) {
    slot = std::make_unique<PrefixNode>();
    slot->salt = salt;
  }
  return slot.get();
}

PrefixNode* PrefixTree::find(PrefixNode* parent, std::span<const TokenId> tokens) const {
  const auto [begin, end] = parent->children.equal_range(hash_tokens(tokens));
  for (auto it = begin; it != end; ++it) {
    if (std::ranges::equal(it->second->tokens, tokens)) return it->second.get();
  }
  return nullptr;
}

std::pair<PrefixNode*, int> PrefixTree::find_longest(PrefixNode* parent,
                                                     std::span<const TokenId> tokens) const {
  std::pair<PrefixNode*, int> best{nullptr, 0};
  for (const auto& [hash, child] : parent->children) {
    const auto differs = std::ranges::mismatch(child->tokens, tokens);
    const auto shared = static_cast<int>(differs.in1 - child->tokens.begin());
    // Equal lengths are told apart by age, not by the order of a hash table.
    const bool better = shared > best.second ||
                        (shared > 0 && shared == best.second && Older()(best.first, child.get()));
    if (better) best = {child.get(), shared};
  }
  return best;
}

PrefixNode* PrefixTree::insert(PrefixNode* parent, std::span<const TokenId> tokens,
                               std::vector<PageId> pages) {
  CHECK(!tokens.empty() && tokens.size() <= kPageTokens && pages.size() == n_groups_);
  auto node = std::make_unique<PrefixNode>();
  node->parent = parent;
  node->tokens.assign(tokens.begin(), tokens.end());
  node->pages = std::move(pages);
  node->depth = parent->depth + 1;
  auto* inserted = node.get();
  parent->children.emplace(hash_tokens(tokens), std::move(node));
  by_age_.insert(inserted);
  touch(inserted);
  return inserted;
}

void PrefixTree::touch(PrefixNode* node) {
  ++tick_;
  for (; node->parent != nullptr; node = node->parent) {
    by_age_.erase(node);
    node->last_used = tick_;
    by_age_.insert(node);
  }
}

std::vector<PageId> PrefixTree::remove(PrefixNode* leaf) {
  CHECK(leaf->children.empty() && leaf->users == 0 && leaf->parent != nullptr);
  by_age_.erase(leaf);
  auto pages = std::move(leaf->pages);
  auto& siblings = leaf->parent->children;
  const auto [begin, end] = siblings.equal_range(hash_tokens(leaf->tokens));
  for (auto it = begin; it != end; ++it) {
    if (it->second.get() == leaf) {
      siblings.erase(it);
      return pages;
    }
  }
  CHECK(false && "a node is among its parent's children");
  return pages;
}

void PrefixTree::remove_root_if_idle(PrefixNode* root) {
  if (root->parent == nullptr && root->users == 0 && root->children.empty()) {
    roots_.erase(std::string(root->salt));
  }
}

void PrefixTree::visit_oldest_first(const std::function<bool(PrefixNode&)>& visit) {
  for (auto it = by_age_.begin(); it != by_age_.end();) {
    auto* node = *it++;
    if (visit(*node)) return;
  }
}

}  // namespace engine
