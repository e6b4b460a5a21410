#include "vector/indexes.h"

#include <algorithm>

#include "base/log.h"

namespace vector {
namespace {

// Saved again when it has grown by an eighth, or by a hundredth and is left in peace: what a start
// after a kill has to read from the rows is at most that.
constexpr std::size_t kGrownShare = 8, kCalmShare = 100;

void warn(const char* what, const Error& error) {
  LOG(Warning, "vector index: {}: {}", what, error.message);
}

}  // namespace

Indexes::~Indexes() {
  stopping_ = true;
  background_.stop();
  background_.join();
  entries_.with([](Entries& entries) { entries.by_store.clear(); });  // timers before their pool
}

std::shared_ptr<Index> Indexes::make_index(const store::chunks::StoreKey& key) const {
  return std::make_shared<Index>(
      database_, terms_, key,
      IndexOptions{.flat_max = limits::vector_flat_max, .stopping = &stopping_});
}

std::shared_ptr<Index> Indexes::of(const store::chunks::StoreKey& key) {
  const Key name{key.project.value, key.store};
  bool worn = false;
  auto index = entries_.with([&](Entries& entries) {
    auto& entry = entries.by_store[name];
    if (!entry.index) entry.index = make_index(key);
    entry.last_used = ++entries.uses;
    if (!entry.rebuilding && entry.index->is_worn()) worn = entry.rebuilding = true;
    auto found = entry.index;
    make_room(entries, name);
    return found;
  });
  if (worn) base::asio::post(background_, [this, key] { rebuild(key); });
  return index;
}

// From what was kept, if anything; the rest comes from the rows.
void Indexes::begin(const store::chunks::StoreKey& key, Index& index) {
  auto loaded = shelf_.load(key, index);
  if (!loaded && loaded.error().code != ErrorCode::NotFound) {
    warn("what was kept cannot be used, it is made from the rows", loaded.error());
    return;
  }
  entries_.with([&](Entries& entries) {
    const auto found = entries.by_store.find({key.project.value, key.store});
    if (found != entries.by_store.end()) found->second.kept = index.size();
  });
}

Result<std::shared_ptr<const Index>> Indexes::fresh(const store::chunks::StoreKey& key) {
  auto index = of(key);
  index->begin_with([&](Index& each) { begin(key, each); });
  if (auto refreshed = index->refresh(); !refreshed) return fail(refreshed.error());
  return index;
}

void Indexes::make_room(Entries& entries, const Key& keep) const {
  while (true) {
    std::size_t bytes = 0;
    auto oldest = entries.by_store.end();
    for (auto it = entries.by_store.begin(); it != entries.by_store.end(); ++it) {
      if (it->second.index) bytes += it->second.index->bytes();
      if (it->first == keep || it->second.rebuilding) continue;
      if (oldest == entries.by_store.end() || it->second.last_used < oldest->second.last_used)
        oldest = it;
    }
    if (bytes <= options_.bytes_max || oldest == entries.by_store.end()) return;
    entries.by_store.erase(oldest);
  }
}

// The old one serves until the new one has read all rows.
void Indexes::rebuild(const store::chunks::StoreKey& key) {
  auto anew = make_index(key);
  anew->begin_with([](Index&) {});
  const auto loaded = anew->refresh();
  if (!loaded) warn("cannot be made anew", loaded.error());
  const bool taken = entries_.with([&](Entries& entries) {
    const auto found = entries.by_store.find({key.project.value, key.store});
    if (found == entries.by_store.end()) return false;
    found->second.rebuilding = false;
    if (!loaded) return false;
    found->second.index = std::move(anew);
    found->second.kept = 0;  // its lists are not those of the snapshot
    return true;
  });
  if (taken) tend(key);
}

void Indexes::grown(const store::chunks::StoreKey& key) {
  const bool is_first = entries_.with([&](Entries& entries) {
    auto& entry = entries.by_store[{key.project.value, key.store}];
    return !std::exchange(entry.tended, true);
  });
  if (is_first) base::asio::post(background_, [this, key] { tend(key); });
}

// Reads what is new, so that no search waits for it, and keeps the index now or once it is calm.
void Indexes::tend(const store::chunks::StoreKey& key) {
  entries_.with([&](Entries& entries) {
    const auto found = entries.by_store.find({key.project.value, key.store});
    if (found != entries.by_store.end()) found->second.tended = false;
  });
  auto index = fresh(key);
  if (!index) return warn("cannot be read ahead", index.error());
  const std::size_t size = (*index)->size();
  if (size < options_.kept_min) return;
  const bool now = entries_.with([&](Entries& entries) {
    const auto found = entries.by_store.find({key.project.value, key.store});
    if (found == entries.by_store.end() || found->second.rebuilding) return false;
    auto& entry = found->second;
    if (size >= entry.kept + entry.kept / kGrownShare + options_.kept_min) return true;
    if (size <= entry.kept + entry.kept / kCalmShare) return false;
    if (!entry.calm) entry.calm.emplace(background_);
    entry.calm->expires_after(options_.calm);  // the wait that was begun before ends, cancelled
    entry.calm->async_wait([this, key](const auto& error) {
      if (!error) keep(key);
    });
    return false;
  });
  if (now) keep(key);
}

void Indexes::keep(const store::chunks::StoreKey& key) {
  const auto index = entries_.with([&](Entries& entries) -> std::shared_ptr<Index> {
    const auto found = entries.by_store.find({key.project.value, key.store});
    return found == entries.by_store.end() ? nullptr : found->second.index;
  });
  if (!index) return;
  const std::size_t size = index->size();
  if (auto saved = shelf_.save(key, *index); !saved) {
    if (saved.error().code != ErrorCode::NotFound) warn("cannot be kept", saved.error());
    return;
  }
  entries_.with([&](Entries& entries) {
    const auto found = entries.by_store.find({key.project.value, key.store});
    if (found != entries.by_store.end()) found->second.kept = size;
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
