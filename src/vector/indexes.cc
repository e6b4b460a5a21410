#include "vector/indexes.h"

#include <algorithm>

#include "base/log.h"

namespace vector {

std::shared_ptr<Index> Indexes::of(const store::chunks::StoreKey& key) {
  const Key name{key.project.value, key.store};
  bool worn = false;
  auto index = entries_.with([&](Entries& entries) {
    auto& entry = entries.by_store[name];
    if (!entry.index)
      entry.index = std::make_shared<Index>(database_, key,
                                            IndexOptions{.flat_max = limits::vector_flat_max});
    entry.last_used = ++entries.uses;
    if (!entry.rebuilding && entry.index->is_worn()) worn = entry.rebuilding = true;
    auto found = entry.index;
    make_room(entries, name);
    return found;
  });
  if (worn) base::asio::post(rebuilding_, [this, key] { rebuild(key); });
  return index;
}

void Indexes::make_room(Entries& entries, const Key& keep) const {
  while (true) {
    std::size_t bytes = 0;
    auto oldest = entries.by_store.end();
    for (auto it = entries.by_store.begin(); it != entries.by_store.end(); ++it) {
      bytes += it->second.index->bytes();
      if (it->first == keep || it->second.rebuilding) continue;
      if (oldest == entries.by_store.end() || it->second.last_used < oldest->second.last_used)
        oldest = it;
    }
    if (bytes <= bytes_max_ || oldest == entries.by_store.end()) return;
    entries.by_store.erase(oldest);
  }
}

// The old one serves until the new one has read all rows.
void Indexes::rebuild(const store::chunks::StoreKey& key) {
  auto fresh =
      std::make_shared<Index>(database_, key, IndexOptions{.flat_max = limits::vector_flat_max});
  const auto loaded = fresh->load();
  if (!loaded) LOG(Warning, "vector index: cannot be made anew: {}", loaded.error().message);
  entries_.with([&](Entries& entries) {
    const auto found = entries.by_store.find({key.project.value, key.store});
    if (found == entries.by_store.end()) return;
    found->second.rebuilding = false;
    if (loaded) found->second.index = std::move(fresh);
  });
}

void Indexes::forget(const store::chunks::StoreKey& key, std::span<const std::int64_t> sets) {
  const auto index = entries_.with([&](Entries& entries) -> std::shared_ptr<Index> {
    const auto found = entries.by_store.find({key.project.value, key.store});
    return found == entries.by_store.end() ? nullptr : found->second.index;
  });
  if (index) index->forget(sets);
}

void Indexes::drop(const store::chunks::StoreKey& key) {
  entries_.with([&](Entries& entries) { entries.by_store.erase({key.project.value, key.store}); });
}

}  // namespace vector
