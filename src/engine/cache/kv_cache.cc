#include "engine/cache/kv_cache.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "base/check.h"

namespace engine {
namespace {

// Copying fewer tokens than this out of another page costs more than computing them.
constexpr int kPartialTokensMin = 8;

}  // namespace

Result<KvCache> KvCache::create(KvCacheOptions options) {
  CHECK(options.page_counts.size() == options.layout.group_count());
  std::vector<PagePool> pools;
  for (std::size_t group = 0; group < options.page_counts.size(); ++group) {
    auto pool = PagePool::create(options.layout.page_bytes(group), options.page_counts[group]);
    if (!pool) return fail(pool.error());
    pools.push_back(std::move(*pool));
  }
  return KvCache(std::move(options), std::move(pools));
}

KvCache::KvCache(KvCacheOptions options, std::vector<PagePool> pools)
    : options_(std::move(options)),
      pools_(std::move(pools)),
      tree_(std::make_unique<PrefixTree>(pools_.size())) {
  if (pools_.empty()) options_.share_prefixes = false;
}

KvSequence KvCache::begin(const std::string& salt, std::span<const TokenId> tokens, bool reuse) {
  KvSequence sequence;
  sequence.tables.resize(pools_.size());
  if (!options_.share_prefixes) return sequence;
  sequence.node = tree_->root(salt);
  if (reuse && tokens.size() > 1) reuse_prefix(sequence, tokens.first(tokens.size() - 1));
  ++sequence.node->users;
  return sequence;
}

// Takes whole pages from the root down, as deep as every windowed group still has what the next
// token would see; then the matching beginning of one more page.
void KvCache::reuse_prefix(KvSequence& sequence, std::span<const TokenId> tokens) {
  std::vector<PrefixNode*> path;
  auto* node = sequence.node;
  while ((path.size() + 1) * kPageTokens <= tokens.size()) {
    node = tree_->find(node, tokens.subspan(path.size() * kPageTokens, kPageTokens));
    if (node == nullptr) break;
    path.push_back(node);
  }
  while (!path.empty() &&
         !windows_present(path.back(), static_cast<int>(path.size()) * kPageTokens)) {
    path.pop_back();
  }
  for (auto* reused : path) {
    for (std::size_t group = 0; group < pools_.size(); ++group) {
      const PageId page = reused->pages[group];
      if (page != kNoPage) pools_[group].retain(page);
      sequence.tables[group].push_back(page);
    }
  }
  sequence.length = static_cast<int>(path.size()) * kPageTokens;
  sequence.registered = static_cast<int>(path.size());
  if (!path.empty()) {
    sequence.node = path.back();
    tree_->touch(sequence.node);
  }
  reuse_part_of_page(sequence, tokens.subspan(static_cast<std::size_t>(sequence.length)));
  release_passed_pages(sequence);
}

// `node` is the last of `length` tokens: are the pages there that the next token looks back at?
bool KvCache::windows_present(const PrefixNode* node, int length) const {
  for (int begin = length - kPageTokens; node->parent != nullptr;
       node = node->parent, begin -= kPageTokens) {
    for (std::size_t group = 0; group < pools_.size(); ++group) {
      const int window = options_.layout.window(group);
      const bool seen = window == 0 || begin + kPageTokens > length - window + 1;
      if (seen && node->pages[group] == kNoPage) return false;
    }
  }
  return true;
}

void KvCache::reuse_part_of_page(KvSequence& sequence, std::span<const TokenId> tokens) {
  const auto [source, shared] = tree_->find_longest(sequence.node, tokens);
  if (shared < kPartialTokensMin) return;
  if (std::ranges::find(source->pages, kNoPage) != source->pages.end()) return;
  tree_->touch(source);
  ++source->users;  // allocation below must not evict what it copies from
  std::vector<PageId> copies;
  for (std::size_t group = 0; group < pools_.size(); ++group) {
    const auto page = allocate(group);
    if (!page) break;
    std::memcpy(pools_[group].bytes(*page), pools_[group].bytes(source->pages[group]),
                pools_[group].page_bytes());
    copies.push_back(*page);
  }
  --source->users;
  const bool complete = copies.size() == pools_.size();
  for (std::size_t group = 0; group < copies.size(); ++group) {
    if (complete) {
      sequence.tables[group].push_back(copies[group]);
    } else {
      pools_[group].release(copies[group]);
    }
  }
  if (complete) sequence.length += shared;
}

KvSequence KvCache::fork(const KvSequence& sequence) {
  KvSequence copy = sequence;
  for (std::size_t group = 0; group < pools_.size(); ++group) {
    for (const PageId page : copy.tables[group]) {
      if (page != kNoPage) pools_[group].retain(page);
    }
  }
  if (copy.node != nullptr) ++copy.node->users;
  return copy;
}

bool KvCache::reserve(KvSequence& sequence, int count) {
  const auto first = static_cast<std::size_t>(sequence.length / kPageTokens);
  const auto end =
      static_cast<std::size_t>((sequence.length + count + kPageTokens - 1) / kPageTokens);
  for (std::size_t group = 0; group < pools_.size(); ++group) {
    auto& table = sequence.tables[group];
    for (std::size_t index = first; index < end; ++index) {
      if (index < table.size()) {
        if (!make_writable(sequence, group, index)) return false;
        continue;
      }
      const auto page = allocate(group);
      if (!page) return false;
      table.push_back(*page);
    }
  }
  return true;
}

// A page that others refer to is replaced by a copy.
bool KvCache::make_writable(KvSequence& sequence, std::size_t group, std::size_t index) {
  PageId& page = sequence.tables[group][index];
  CHECK(page != kNoPage);
  if (pools_[group].references(page) == 1) return true;
  const auto copy = allocate(group);
  if (!copy) return false;
  std::memcpy(pools_[group].bytes(*copy), pools_[group].bytes(page), pools_[group].page_bytes());
  pools_[group].release(page);
  page = *copy;
  return true;
}

void KvCache::advance(KvSequence& sequence, std::span<const TokenId> tokens, int length) {
  CHECK(length >= 0 && static_cast<std::size_t>(length) <= tokens.size());
  sequence.length = length;
  if (options_.share_prefixes) register_pages(sequence, tokens);
  release_passed_pages(sequence);
}

// Puts every page that is full by now into the tree. Where an equal one is there already, the
// sequence takes that one: the contents are the same bit by bit.
void KvCache::register_pages(KvSequence& sequence, std::span<const TokenId> tokens) {
  while ((sequence.registered + 1) * kPageTokens <= sequence.length) {
    const auto index = static_cast<std::size_t>(sequence.registered);
    const auto page_tokens = tokens.subspan(index * kPageTokens, kPageTokens);
    auto* node = tree_->find(sequence.node, page_tokens);
    std::vector<PageId> pages;
    for (std::size_t group = 0; group < pools_.size(); ++group) {
      PageId& own = sequence.tables[group][index];
      PageId shared = node != nullptr ? node->pages[group] : kNoPage;
      if (shared != kNoPage && own != kNoPage && shared != own) {
        pools_[group].retain(shared);
        pools_[group].release(own);
        own = shared;
      } else if (shared == kNoPage && own != kNoPage) {
        pools_[group].retain(own);  // the tree's reference
        shared = own;
        if (node != nullptr) node->pages[group] = own;
      }
      pages.push_back(shared);
    }
    if (node == nullptr) node = tree_->insert(sequence.node, page_tokens, std::move(pages));
    --sequence.node->users;
    ++node->users;
    sequence.node = node;
    ++sequence.registered;
  }
}

void KvCache::release_passed_pages(KvSequence& sequence) {
  for (std::size_t group = 0; group < pools_.size(); ++group) {
    const int window = options_.layout.window(group);
    if (window == 0) continue;
    auto& table = sequence.tables[group];
    const int first_seen = sequence.length - window + 1;
    for (int index = std::min<int>(first_seen / kPageTokens, static_cast<int>(table.size())) - 1;
         index >= 0 && first_seen > 0; --index) {
      if (table[index] == kNoPage) break;  // all before it went earlier
      pools_[group].release(table[index]);
      table[index] = kNoPage;
    }
  }
}

void KvCache::end(KvSequence& sequence, std::span<const TokenId> tokens) {
  if (options_.share_prefixes && sequence.node != nullptr) {
    tree_->touch(sequence.node);
    const auto begin = static_cast<std::size_t>(sequence.registered) * kPageTokens;
    const auto length = static_cast<std::size_t>(sequence.length);
    // The unfinished last page is worth keeping too: the next turn of a chat copies it.
    if (!tokens.empty() && length >= begin + kPartialTokensMin && length <= tokens.size()) {
      const auto rest = tokens.subspan(begin, length - begin);
      const auto index = static_cast<std::size_t>(sequence.registered);
      if (tree_->find_longest(sequence.node, rest).second < static_cast<int>(rest.size())) {
        std::vector<PageId> pages;
        for (std::size_t group = 0; group < pools_.size(); ++group) {
          pages.push_back(sequence.tables[group][index]);
          pools_[group].retain(pages.back());
        }
        tree_->insert(sequence.node, rest, std::move(pages));
      }
    }
    --sequence.node->users;
    auto* node = sequence.node;
    if (node->parent == nullptr) tree_->remove_root_if_idle(node);
  }
  for (std::size_t group = 0; group < pools_.size(); ++group) {
    for (const PageId page : sequence.tables[group]) {
      if (page != kNoPage) pools_[group].release(page);
    }
  }
  sequence = {};
}

std::optional<PageId> KvCache::allocate(std::size_t group) {
  while (true) {
    if (const auto page = pools_[group].allocate()) return page;
    if (!evict_one(group)) return std::nullopt;
  }
}

// Frees the page of `group` that was used least recently and that only the tree holds.
bool KvCache::evict_one(std::size_t group) {
  bool found = false;
  tree_->visit_oldest_first([&](PrefixNode& node) {
    const PageId page = node.pages[group];
    if (page == kNoPage || pools_[group].references(page) > 1) return false;
    if (options_.layout.window(group) > 0 && (node.users > 0 || !node.children.empty())) {
      // Inside a path: later tokens may still be reused once the window is past this page.
      pools_[group].release(page);
      node.pages[group] = kNoPage;
      return found = true;
    }
    if (node.users > 0 || !node.children.empty()) return false;
    auto* parent = node.parent;
    const auto pages = tree_->remove(&node);
    for (std::size_t other = 0; other < pages.size(); ++other) {
      if (pages[other] != kNoPage) pools_[other].release(pages[other]);
    }
    tree_->remove_root_if_idle(parent);
    return found = true;
  });
  return found;
}

std::size_t KvCache::evictable(std::size_t group) const {
  std::size_t count = 0;
  tree_->visit_oldest_first([&](PrefixNode& node) {
    const PageId page = node.pages[group];
    if (page != kNoPage && pools_[group].references(page) == 1) ++count;
    return false;
  });
  return count;
}

bool KvCache::has_room_for(std::size_t count, std::size_t step_tokens) const {
  for (std::size_t group = 0; group < pools_.size(); ++group) {
    const auto needed = options_.layout.pages_for(group, count, step_tokens);
    if (needed <= pools_[group].free_count()) continue;
    if (needed > pools_[group].free_count() + evictable(group)) return false;
  }
  return true;
}

KvUsage KvCache::usage() const {
  KvUsage usage;
  for (std::size_t group = 0; group < pools_.size(); ++group) {
    const auto& pool = pools_[group];
    const auto cached = evictable(group);
    usage.pages += pool.page_count();
    usage.pages_cached += cached;
    usage.pages_in_use += pool.page_count() - pool.free_count() - cached;
    usage.bytes += pool.page_count() * pool.page_bytes();
    usage.bytes_touched += pool.touched_count() * pool.page_bytes();
  }
  return usage;
}

void KvCache::check(std::span<const KvSequence* const> alive) const {
  for (std::size_t group = 0; group < pools_.size(); ++group) {
    std::map<PageId, int> expected;
    for (const auto* sequence : alive) {
      for (const PageId page : sequence->tables[group]) {
        if (page != kNoPage) ++expected[page];
      }
    }
    tree_->visit_oldest_first([&](PrefixNode& node) {
      if (node.pages[group] != kNoPage) ++expected[node.pages[group]];
      return false;
    });
    CHECK(expected.size() + pools_[group].free_count() == pools_[group].page_count());
    for (const auto& [page, references] : expected) {
      CHECK(pools_[group].references(page) == references);
    }
  }
}

}  // namespace engine
