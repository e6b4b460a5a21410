// The keys and values of all sequences of a model: page tables, sharing of equal beginnings,
// copying on write, letting go of what was used least recently.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/cache/layout.h"
#include "engine/cache/page_pool.h"
#include "engine/cache/prefix_tree.h"
#include "engine/token.h"

namespace engine {

// One sequence's share of the cache. Made by KvCache::begin, given back with KvCache::end.
struct KvSequence {
  // [n_groups][page of the sequence]; kNoPage where a window has passed.
  std::vector<std::vector<PageId>> tables;
  int length = 0;              // tokens whose keys and values are there
  int registered = 0;          // full pages that the tree knows
  PrefixNode* node = nullptr;  // the tree's node of the last of them, or the root
};

struct KvCacheOptions {
  KvLayout layout;
  std::vector<std::size_t> page_counts;  // [n_groups]
  bool share_prefixes = true;            // false for models with state beside the pages
};

struct KvUsage {
  std::size_t pages = 0;          // all groups together
  std::size_t pages_in_use = 0;   // by a sequence
  std::size_t pages_cached = 0;   // by the tree only; free on demand
  std::size_t bytes = 0;          // of all pages
  std::size_t bytes_touched = 0;  // of those that were used at some time: memory by now
};

// Owned by the engine; engine thread only.
// Invariant: references of a page = tables it stands in + 1 when the tree holds it (`check`).
class KvCache {
 public:
  static Result<KvCache> create(KvCacheOptions options);

  // Starts a sequence with as much of `tokens` as is cached under `salt`, at most all but the last
  // token, which the model must see to say what comes next. `length` says how much that was.
  KvSequence begin(const std::string& salt, std::span<const TokenId> tokens, bool reuse = true);
  // Shares all pages with a new sequence.
  KvSequence fork(const KvSequence& sequence);
  // Makes room for `count` tokens after `length`, each in a page that only this sequence writes.
  // False, with nothing changed that matters, when there are not enough pages even after eviction.
  bool reserve(KvSequence& sequence, int count);
  // The first `length` tokens of `tokens` are computed now. Full pages become shareable, pages that
  // no later token sees are let go.
  void advance(KvSequence& sequence, std::span<const TokenId> tokens, int length);
  // Gives the pages back. What is computed of `tokens` stays cached until the room is needed; pass
  // none to forget it.
  void end(KvSequence& sequence, std::span<const TokenId> tokens);

  // Whether `count` more tokens would find room next to what is already in use, for a sequence that
  // holds none of them yet.
  bool has_room_for(std::size_t count, std::size_t step_tokens) const;
  KvUsage usage() const;
  const KvLayout& layout() const { return options_.layout; }
  const PagePool& pool(std::size_t group) const { return pools_[group]; }

  // CHECKs the invariant against the sequences that are alive. For tests and simulations.
  void check(std::span<const KvSequence* const> alive) const;

 private:
  KvCache(KvCacheOptions options, std::vector<PagePool> pools);

  std::optional<PageId> allocate(std::size_t group);
  bool evict_one(std::size_t group);
  void reuse_prefix(KvSequence& sequence, std::span<const TokenId> tokens);
  void reuse_part_of_page(KvSequence& sequence, std::span<const TokenId> tokens);
  bool windows_present(const PrefixNode* node, int length) const;
  void register_pages(KvSequence& sequence, std::span<const TokenId> tokens);
  void release_passed_pages(KvSequence& sequence);
  bool make_writable(KvSequence& sequence, std::size_t group, std::size_t index);
  std::size_t evictable(std::size_t group) const;

  KvCacheOptions options_;
  std::vector<PagePool> pools_;  // [n_groups]
  // On the heap because nodes point to one another while a KvCache may be moved.
  std::unique_ptr<PrefixTree> tree_;
};

}  // namespace engine
