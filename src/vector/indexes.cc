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
  for (auto* pool : {&reading_, &background_}) pool->stop();
  for (auto* pool : {&reading_, &background_}) pool->join();
  entries_.with([](Entries& entries) { entries.by_store.clear(); });  // before their pools
}

std::shared_ptr<Index> Indexes::make_index(const store::chunks::StoreKey& key) const {
  return std::make_shared<Index>(database_, terms_, key, IndexOptions{.stopping = &stopping_});
}

Indexes::Opened Indexes::of(const store::chunks::StoreKey& key) {
  const Key name{key.project.value, key.store};
  std::shared_ptr<Index> anew;
  std::vector<Entry> old;
  auto opened = entries_.with([&](Entries& entries) {
    auto& entry = entries.by_store[name];
    if (!entry.index) entry.index = make_index(key);
    if (!entry.strand) entry.strand.emplace(reading_.get_executor());
    entry.last_used = ++entries.uses;
    if (!entry.anew && entry.index->is_worn()) anew = entry.anew = make_index(key);
    old = make_room(entries, name);
    return Opened{entry.index, *entry.strand};
  });
  let_go(std::move(old));
  if (anew) base::asio::post(background_, [this, key, anew] { rebuild(key, anew); });
  return opened;
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

// On the store's strand. Between two turns, those of other stores and what is to be forgotten.
base::awaitable<Status> Indexes::read(store::chunks::StoreKey key, std::shared_ptr<Index> index) {
  index->begin_with([&](Index& each) { begin(key, each); });
  while (true) {
    auto more = index->read_some();
    if (!more) co_return fail(more.error());
    if (!*more) co_return Status();
    co_await base::asio::post(base::asio::use_awaitable);
  }
}

base::awaitable<Result<std::shared_ptr<const Index>>> Indexes::fresh(store::chunks::StoreKey key) {
  auto opened = of(key);
  auto read_all = read(std::move(key), opened.index);
  auto status =
      co_await base::asio::co_spawn(opened.strand, std::move(read_all), base::asio::use_awaitable);
  if (!status) co_return fail(status.error());
  co_return std::move(opened.index);
}

// Those that leave, the least recently used first.
std::vector<Indexes::Entry> Indexes::make_room(Entries& entries, const Key& keep) const {
  std::vector<Entry> out;
  while (true) {
    std::size_t bytes = 0;
    auto oldest = entries.by_store.end();
    for (auto it = entries.by_store.begin(); it != entries.by_store.end(); ++it) {
      for (const auto* index : {&it->second.index, &it->second.anew})
        bytes += *index ? (*index)->bytes() : 0;
      if (it->first == keep || it->second.anew) continue;
      if (oldest == entries.by_store.end() || it->second.last_used < oldest->second.last_used)
        oldest = it;
    }
    if (bytes <= options_.bytes_max || oldest == entries.by_store.end()) return out;
    out.push_back(std::move(oldest->second));
    entries.by_store.erase(oldest);
  }
}

// To take a large one apart takes time.
void Indexes::let_go(std::vector<Entry> entries) {
  if (!entries.empty()) base::asio::post(background_, [entries = std::move(entries)] {});
}

// The old one serves until the new one has read all rows.
void Indexes::rebuild(const store::chunks::StoreKey& key, const std::shared_ptr<Index>& anew) {
  anew->begin_with([](Index&) {});
  const auto loaded = anew->refresh();
  if (!loaded) warn("cannot be made anew", loaded.error());
  std::shared_ptr<Index> old;
  entries_.with([&](Entries& entries) {
    const auto found = entries.by_store.find({key.project.value, key.store});
    if (found == entries.by_store.end() || found->second.anew != anew) return;
    old = std::exchange(found->second.anew, nullptr);
    if (!loaded) return;
    std::swap(found->second.index, old);
    found->second.kept = 0;  // its lists are not those of the snapshot
  });
  if (loaded) grown(key);
}

void Indexes::grown(const store::chunks::StoreKey& key) {
  const auto strand = of(key).strand;
  const bool is_first = entries_.with([&](Entries& entries) {
    const auto found = entries.by_store.find({key.project.value, key.store});
    return found != entries.by_store.end() && !std::exchange(found->second.tended, true);
  });
  if (is_first) base::asio::co_spawn(strand, tend(key), base::asio::detached);
}

// Reads what is new, so that no search waits for it, and keeps the index now or once it is calm.
base::awaitable<void> Indexes::tend(store::chunks::StoreKey key) {
  entries_.with([&](Entries& entries) {
    const auto found = entries.by_store.find({key.project.value, key.store});
    if (found != entries.by_store.end()) found->second.tended = false;
  });
  auto index = co_await fresh(key);
  if (!index) {
    warn("cannot be read ahead", index.error());
  } else if (is_to_be_kept_now(key, (*index)->size())) {
    base::asio::post(background_, [this, key] { keep(key); });
  }
}

bool Indexes::is_to_be_kept_now(const store::chunks::StoreKey& key, std::size_t size) {
  if (size < options_.kept_min) return false;
  return entries_.with([&](Entries& entries) {
    const auto found = entries.by_store.find({key.project.value, key.store});
    if (found == entries.by_store.end() || found->second.anew) return false;
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
}

void Indexes::keep(const store::chunks::StoreKey& key) {
  const auto index = entries_.with([&](Entries& entries) -> std::shared_ptr<Index> {
    const auto found = entries.by_store.find({key.project.value, key.store});
    return found == entries.by_store.end() ? nullptr : found->second.index;
  });
  if (!index) return;
  const std::size_t size = index->size();
  const auto is_wanted = [&] {
    return entries_.with([&](Entries& entries) {
      const auto found = entries.by_store.find({key.project.value, key.store});
      return found != entries.by_store.end() && found->second.index == index;
    });
  };
  if (auto saved = shelf_.save(key, *index, is_wanted); !saved) {
    if (saved.error().code != ErrorCode::NotFound) warn("cannot be kept", saved.error());
    return;
  }
  entries_.with([&](Entries& entries) {
    const auto found = entries.by_store.find({key.project.value, key.store});
    if (found != entries.by_store.end()) found->second.kept = size;
  });
}

void Indexes::forget(const store::chunks::StoreKey& key, std::span<const std::int64_t> sets) {
  if (sets.empty()) return;
  entries_.with([&](Entries& entries) {
    const auto found = entries.by_store.find({key.project.value, key.store});
    if (found == entries.by_store.end() || !found->second.index) return;
    const auto& entry = found->second;
    auto forget = [index = entry.index, anew = entry.anew,
                   all = std::vector(sets.begin(), sets.end())] {
      index->forget(all);
      if (anew) anew->forget(all);
    };
    base::asio::post(*entry.strand, std::move(forget));
  });
}

void Indexes::drop(const store::chunks::StoreKey& key) {
  std::vector<Entry> old;
  entries_.with([&](Entries& entries) {
    const auto found = entries.by_store.find({key.project.value, key.store});
    if (found == entries.by_store.end()) return;
    old.push_back(std::move(found->second));
    entries.by_store.erase(found);
  });
  let_go(std::move(old));
}

}  // namespace vector
