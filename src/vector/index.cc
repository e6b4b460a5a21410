#include "vector/index.h"

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>

#include "base/log.h"

namespace vector {
namespace {

using store::chunks::SearchableSet;

constexpr std::size_t kBatch = 4'096;          // vectors added at a time
constexpr std::size_t kChunksPerTurn = 2'000;  // read before searches have their turn
constexpr std::size_t kSetsPerTurn = 64;
constexpr std::uint64_t kSnapshotMagic = 0x3230'7865'646e'6950;  // "Pindex02"

}  // namespace

struct Index::State {
  store::Database& database;
  const Terms& terms;
  const store::chunks::StoreKey key;
  const IndexOptions options;
  std::once_flag begun;

  // The chunks, by place.
  struct Contents {
    std::vector<std::int64_t> chunk_of;
    std::vector<std::uint32_t> set_of;  // index into `sets`
    std::vector<std::int64_t> sets;
    std::vector<std::uint32_t> size_of_set;
    std::int64_t last_seq = 0;
    WordLists words;
    std::unique_ptr<VectorLists> vectors;  // none before the first vector
  };
  mutable std::shared_mutex mutex;
  Contents contents;
  std::unordered_map<std::int64_t, std::uint32_t> index_of_set;
  std::vector<bool> is_gone;  // by index of set
  std::size_t gone_chunks = 0;
  std::unordered_set<std::int64_t> gone_early;  // forgotten before they were read

  State(store::Database& database, const Terms& terms, store::chunks::StoreKey key,
        IndexOptions options)
      : database(database), terms(terms), key(std::move(key)), options(options) {}

  Result<bool> take_turn();
  Result<bool> read_some(store::Session& session);
  Status train(store::Session& session);
  Result<std::size_t> add(store::Session& session, const SearchableSet& set);
  void note_set(std::int64_t set);
  void mark_gone(std::uint32_t index);
  std::vector<bool> allowed_sets(const Index::Sets& sets) const;
  std::vector<Found> found(const std::vector<Match>& matches) const;
};

namespace {

// FAISS and memory complain by exceptions.
template <class Fn>
Status guarded(const Fn& fn) {
  try {
    return fn();
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::ResourceExhausted, "There is no memory for the vector store's index.");
  } catch (const std::exception& error) {
    LOG(Error, "vector index: {}", error.what());
    return fail(ErrorCode::Internal, "The index of the vector store could not be made.");
  }
}

}  // namespace

Index::Index(store::Database& database, const Terms& terms, store::chunks::StoreKey key,
             IndexOptions options)
    : state_(std::make_unique<State>(database, terms, std::move(key), options)) {}

Index::~Index() = default;

void Index::begin_with(const std::function<void(Index&)>& load) {
  std::call_once(state_->begun, [&] { load(*this); });
}

// Chooses the lists by a sample that is spread over all vectors of the store.
Status Index::State::train(store::Session& session) {
  auto total = store::chunks::count_searchable(session, key);
  if (!total) return fail(total.error());
  const auto n = static_cast<std::size_t>(*total);
  if (n <= options.flat_max) return {};
  auto all = store::chunks::searchable_after(session, key, 0);
  if (!all) return fail(all.error());
  const std::size_t every = std::max<std::size_t>(1, n / VectorLists::samples_for(n));
  std::vector<float> sample;
  std::size_t seen = 0, dimensions = 0;
  for (const auto& entry : *all) {
    auto read = store::chunks::each_vector(
        session, entry.set, [&](std::int64_t, std::span<const float> vector) {
          if (dimensions == 0) dimensions = vector.size();
          if (vector.size() != dimensions || seen++ % every != 0) return;
          sample.insert(sample.end(), vector.begin(), vector.end());
        });
    if (!read) return read;
  }
  if (dimensions == 0) return {};
  auto made = std::make_unique<VectorLists>(dimensions, options.lists);
  if (made->train(sample, n)) contents.vectors = std::move(made);
  return {};
}

void Index::State::note_set(std::int64_t set) {
  const auto index = static_cast<std::uint32_t>(is_gone.size());
  index_of_set[set] = index;
  is_gone.push_back(false);
  if (gone_early.erase(set) > 0) mark_gone(index);
}

void Index::State::mark_gone(std::uint32_t index) {
  if (is_gone[index]) return;
  is_gone[index] = true;
  gone_chunks += contents.size_of_set[index];
}

Result<std::size_t> Index::State::add(store::Session& session, const SearchableSet& set) {
  std::vector<Place> places;
  std::vector<float> vectors;
  const auto flush = [&] {
    if (!places.empty()) contents.vectors->add(places, vectors);
    places.clear();
    vectors.clear();
  };
  const auto index = static_cast<std::uint32_t>(contents.sets.size());
  std::uint32_t chunks = 0;
  auto read =
      store::chunks::each_indexed(session, set.set, [&](const store::chunks::IndexedChunk& chunk) {
        const auto place = static_cast<Place>(contents.chunk_of.size());
        contents.words.add(terms.of(chunk.heading), terms.of(chunk.body));
        contents.chunk_of.push_back(chunk.chunk);
        contents.set_of.push_back(index);
        ++chunks;
        if (chunk.vector.empty()) return;
        if (!contents.vectors)
          contents.vectors = std::make_unique<VectorLists>(chunk.vector.size(), options.lists);
        if (chunk.vector.size() != contents.vectors->dimensions()) return;
        places.push_back(place);
        vectors.insert(vectors.end(), chunk.vector.begin(), chunk.vector.end());
        if (places.size() == kBatch) flush();
      });
  flush();
  contents.sets.push_back(set.set);
  contents.size_of_set.push_back(chunks);
  note_set(set.set);
  contents.last_seq = set.seq;
  if (!read) return fail(read.error());
  return chunks;
}

// Reads some of what is new; true when there may be more. Under the lock.
Result<bool> Index::State::take_turn() {
  bool more = false;
  auto status = guarded([&]() -> Status {
    auto read = database.read_blocking([&](store::Session& session) { return read_some(session); });
    if (!read) return fail(read.error());
    more = *read;
    return {};
  });
  if (status) return more;
  // It may have stopped in the middle of a set: all is read again, next time.
  contents = Contents();
  index_of_set.clear();
  is_gone.clear();
  gone_chunks = 0;
  return fail(status.error());
}

Result<bool> Index::State::read_some(store::Session& session) {
  auto news = store::chunks::searchable_after(session, key, contents.last_seq, kSetsPerTurn);
  if (!news) return fail(news.error());
  std::size_t chunks = 0;
  for (const auto& set : *news) {
    if (contents.chunk_of.empty()) {
      if (auto trained = train(session); !trained) return fail(trained.error());
    }
    auto added = add(session, set);
    if (!added) return fail(added.error());
    chunks += *added;
    if (chunks >= kChunksPerTurn) return true;
  }
  return news->size() == kSetsPerTurn;
}

Status Index::refresh() {
  auto& state = *state_;
  auto newest = state.database.read_blocking(
      [&](store::Session& session) { return store::chunks::last_searchable(session, state.key); });
  if (!newest) return fail(newest.error());
  while (true) {
    {
      const std::shared_lock lock(state.mutex);
      if (state.contents.last_seq >= *newest) return {};
    }
    if (state.options.stopping && *state.options.stopping)
      return fail(ErrorCode::Overloaded, "The server is stopping.");
    const std::unique_lock lock(state.mutex);
    auto more = state.take_turn();
    if (!more) return fail(more.error());
    if (!*more) return {};
  }
}

std::vector<bool> Index::State::allowed_sets(const Index::Sets& sets) const {
  std::vector<bool> allowed(is_gone.size(), !sets);
  if (sets) {
    for (const auto set : *sets) {
      const auto found = index_of_set.find(set);
      if (found != index_of_set.end()) allowed[found->second] = true;
    }
  }
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (is_gone[i]) allowed[i] = false;
  }
  return allowed;
}

std::vector<Found> Index::State::found(const std::vector<Match>& matches) const {
  std::vector<Found> out;
  for (const auto& match : matches)
    out.push_back({.chunk = contents.chunk_of[match.place], .score = match.score});
  return out;
}

Result<std::vector<Found>> Index::near(std::span<const float> query, std::size_t limit,
                                       const Sets& sets) const {
  const auto& state = *state_;
  const std::shared_lock lock(state.mutex);
  const auto* vectors = state.contents.vectors.get();
  if (!vectors || query.size() != vectors->dimensions()) return std::vector<Found>();
  const auto allowed = state.allowed_sets(sets);
  std::size_t n_allowed = 0;
  for (std::size_t i = 0; i < allowed.size(); ++i)
    n_allowed += allowed[i] ? state.contents.size_of_set[i] : 0;
  const IsAllowed is_allowed = [&](Place place) { return allowed[state.contents.set_of[place]]; };
  const bool selects = sets || state.gone_chunks > 0;
  const double share =
      static_cast<double>(n_allowed) / static_cast<double>(state.contents.chunk_of.size());
  std::vector<Match> matches;
  auto status = guarded([&]() -> Status {
    matches = vectors->find(query, limit, selects ? &is_allowed : nullptr, share);
    return {};
  });
  if (!status) return fail(status.error());
  return state.found(matches);
}

std::vector<Found> Index::with_words(std::span<const Term> words, std::size_t limit,
                                     const Sets& sets) const {
  const auto& state = *state_;
  const std::shared_lock lock(state.mutex);
  const auto allowed = state.allowed_sets(sets);
  const IsAllowed is_allowed = [&](Place place) { return allowed[state.contents.set_of[place]]; };
  return state.found(state.contents.words.find(words, limit, is_allowed));
}

void Index::forget(std::span<const std::int64_t> sets) {
  auto& state = *state_;
  const std::unique_lock lock(state.mutex);
  for (const auto set : sets) {
    const auto found = state.index_of_set.find(set);
    if (found == state.index_of_set.end()) {
      state.gone_early.insert(set);
    } else {
      state.mark_gone(found->second);
    }
  }
}

bool Index::is_worn() const {
  const std::shared_lock lock(state_->mutex);
  const auto& vectors = state_->contents.vectors;
  const auto n = state_->contents.chunk_of.size();
  if (vectors && vectors->size() > state_->options.flat_max &&
      vectors->size() > 3 * vectors->trained_for())
    return true;
  return state_->gone_chunks > 1'000 && state_->gone_chunks * 4 > n;
}

std::size_t Index::size() const {
  const std::shared_lock lock(state_->mutex);
  return state_->contents.chunk_of.size();
}

std::size_t Index::bytes() const {
  const std::shared_lock lock(state_->mutex);
  const auto& contents = state_->contents;
  return contents.chunk_of.size() * (sizeof(std::int64_t) + sizeof(std::uint32_t)) +
         contents.sets.size() * 64 + contents.words.bytes() +
         (contents.vectors ? contents.vectors->bytes() : 0);
}

Status Index::save(SnapshotWriter& out) const {
  const std::shared_lock lock(state_->mutex);
  const auto& contents = state_->contents;
  out.number(kSnapshotMagic);
  out.numbers(contents.chunk_of);
  out.numbers(contents.set_of);
  out.numbers(contents.sets);
  out.numbers(contents.size_of_set);
  out.number(contents.last_seq);
  contents.words.save(out);
  out.number(std::uint64_t{contents.vectors ? contents.vectors->dimensions() : 0});
  return guarded([&]() -> Status {
    if (contents.vectors) contents.vectors->save(out);
    return out.end();
  });
}

Status Index::load(SnapshotReader& in, const std::string& sha256) {
  auto& state = *state_;
  State::Contents loaded;
  auto read = guarded([&]() -> Status {
    std::uint64_t magic = 0, dimensions = 0;
    in.number(magic);
    if (magic != kSnapshotMagic) return in.damaged();
    in.numbers(loaded.chunk_of);
    in.numbers(loaded.set_of);
    in.numbers(loaded.sets);
    in.numbers(loaded.size_of_set);
    in.number(loaded.last_seq);
    if (auto words = loaded.words.load(in); !words) return words;
    in.number(dimensions);
    if (dimensions > 0) {
      loaded.vectors = std::make_unique<VectorLists>(dimensions, state.options.lists);
      if (auto vectors = loaded.vectors->load(in); !vectors) return vectors;
    }
    return in.end(sha256);
  });
  if (!read) return read;
  // What was hidden since is not among the searchable any more.
  auto now = state.database.read_blocking([&](store::Session& session) {
    return store::chunks::searchable_after(session, state.key, 0);
  });
  if (!now) return fail(now.error());
  std::unordered_set<std::int64_t> searchable;
  for (const auto& set : *now) searchable.insert(set.set);
  const std::unique_lock lock(state.mutex);
  state.contents = std::move(loaded);
  for (const auto set : state.contents.sets) {
    state.note_set(set);
    if (!searchable.contains(set)) state.mark_gone(state.index_of_set[set]);
  }
  return {};
}

}  // namespace vector
