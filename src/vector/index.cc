#include "vector/index.h"

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>

#include "base/log.h"
#include "vector/vector_rows.h"
#include "vector/word_lists.h"

namespace vector {
namespace {

using store::chunks::SearchableSet;

// Chunks added under the lock at a time: searches wait for a few milliseconds at most.
constexpr std::size_t kPiece = 128;
constexpr std::size_t kSetsPerTurn = 64;
constexpr std::uint64_t kSnapshotMagic = 0x3330'7865'646e'6950;  // "Pindex03"

}  // namespace

struct Index::State {
  struct Piece;

  store::Database& database;
  const Terms& terms;
  const store::chunks::StoreKey key;
  const IndexOptions options;
  std::once_flag begun;

  // The chunks, by place; those of a set follow each other, the sets in their order.
  struct Contents {
    std::vector<std::int64_t> chunk_of;
    std::vector<std::int64_t> sets;
    std::vector<std::uint32_t> size_of_set;
    std::int64_t last_seq = 0;
    WordLists words;
    std::unique_ptr<VectorRows> vectors;  // none before the first vector
  };
  // Two locks, in this order. Who changes contents holds both, who only reads them either.
  // `reading` may be held for long; `mutex` is what searches wait for.
  mutable std::mutex reading;
  mutable std::shared_mutex mutex;
  Contents contents;
  // Under `mutex`:
  std::unordered_map<std::int64_t, std::uint32_t> index_of_set;
  std::vector<bool> is_gone;  // by index of set
  std::size_t gone_chunks = 0;

  // What is asked without waiting.
  std::atomic<std::size_t> size = 0, bytes = 0;
  std::atomic<std::int64_t> last_seq = 0;
  std::atomic<bool> is_worn = false;

  State(store::Database& database, const Terms& terms, store::chunks::StoreKey key,
        IndexOptions options)
      : database(database), terms(terms), key(std::move(key)), options(options) {}

  Result<bool> take_turn();
  Result<std::vector<SearchableSet>> note_news();
  Status read_sets(const std::vector<SearchableSet>& news);
  void append(const Piece& piece);
  void note_set(std::int64_t set);
  void mark_gone(std::uint32_t index);
  void note_figures();
  void leave_unread(std::size_t first_set);
  void clear();
  Status check_stopping() const;
  std::vector<Range> allowed_places(const Index::Sets& sets) const;
  std::vector<Found> found(const std::vector<Match>& matches) const;
};

namespace {

// A machine without memory complains by exceptions.
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

// Chunks that were read, on their way into the contents.
struct Index::State::Piece {
  std::vector<std::int64_t> chunks;
  std::vector<std::uint32_t> sets;  // of each, its index
  std::vector<std::vector<Term>> headings, bodies;
  std::vector<std::size_t> with_vector;  // which of them have one
  std::vector<float> vectors;            // [with_vector, dimensions]
};

Status Index::State::check_stopping() const {
  if (options.stopping && *options.stopping)
    return fail(ErrorCode::Overloaded, "The server is stopping.");
  return {};
}

// One that is here already was read in part.
void Index::State::note_set(std::int64_t set) {
  if (const auto before = index_of_set.find(set); before != index_of_set.end())
    mark_gone(before->second);
  index_of_set[set] = static_cast<std::uint32_t>(is_gone.size());
  is_gone.push_back(false);
}

void Index::State::mark_gone(std::uint32_t index) {
  if (is_gone[index]) return;
  is_gone[index] = true;
  gone_chunks += contents.size_of_set[index];
}

void Index::State::note_figures() {
  const std::size_t n = contents.chunk_of.size();
  const auto* vectors = contents.vectors.get();
  size = n;
  last_seq = contents.last_seq;
  is_worn = gone_chunks > 1'000 && gone_chunks * 4 > n;
  bytes = n * sizeof(std::int64_t) + contents.sets.size() * 64 + contents.words.bytes() +
          (vectors ? vectors->bytes() : 0);
}

void Index::State::append(const Piece& piece) {
  auto& vectors = contents.vectors;
  const std::unique_lock lock(mutex);
  const auto first = static_cast<Place>(contents.chunk_of.size());
  for (std::size_t i = 0; i < piece.chunks.size(); ++i) {
    const std::uint32_t set = piece.sets[i];
    contents.words.add(piece.headings[i], piece.bodies[i]);
    contents.chunk_of.push_back(piece.chunks[i]);
    ++contents.size_of_set[set];
    if (is_gone[set]) ++gone_chunks;
  }
  std::vector<Place> places;
  for (const std::size_t i : piece.with_vector) places.push_back(first + static_cast<Place>(i));
  if (!places.empty()) {
    if (!vectors) vectors = std::make_unique<VectorRows>(piece.vectors.size() / places.size());
    vectors->add(places, piece.vectors);
  }
  note_figures();
}

// Under the lock, so that `forget` either finds a set here or was before this looked.
Result<std::vector<SearchableSet>> Index::State::note_news() {
  return database.read_blocking([&](store::Session& session) -> Result<std::vector<SearchableSet>> {
    const std::unique_lock lock(mutex);
    auto news = store::chunks::searchable_after(session, key, contents.last_seq, kSetsPerTurn);
    if (!news) return news;
    for (const auto& set : *news) {
      note_set(set.set);
      contents.sets.push_back(set.set);
      contents.size_of_set.push_back(0);
    }
    return news;
  });
}

Status Index::State::read_sets(const std::vector<SearchableSet>& news) {
  Piece piece;
  std::size_t dimensions = contents.vectors ? contents.vectors->dimensions() : 0;
  auto set = static_cast<std::uint32_t>(contents.sets.size() - news.size());
  const auto take = [&](const store::chunks::IndexedChunk& chunk) {
    if (dimensions == 0) dimensions = chunk.vector.size();
    if (!chunk.vector.empty() && chunk.vector.size() == dimensions) {
      piece.with_vector.push_back(piece.chunks.size());
      piece.vectors.insert(piece.vectors.end(), chunk.vector.begin(), chunk.vector.end());
    }
    piece.chunks.push_back(chunk.chunk);
    piece.sets.push_back(set);
    piece.headings.push_back(terms.of(chunk.heading));
    piece.bodies.push_back(terms.of(chunk.body));
  };
  for (const auto& each : news) {
    for (std::size_t from = 0, room = kPiece, n = room; n == room; from += n) {
      if (auto status = check_stopping(); !status) return status;
      const std::size_t before = piece.chunks.size();
      room = kPiece - before;
      auto read = database.read_blocking([&](store::Session& session) {
        return store::chunks::each_indexed(session, {.set = each.set, .from = from, .limit = room},
                                           take);
      });
      if (!read) return read;
      n = piece.chunks.size() - before;
      if (n == room) append(std::exchange(piece, {}));
    }
    ++set;
  }
  append(piece);
  return {};
}

// Searchable in part: not found, and read again as if it were another.
void Index::State::leave_unread(std::size_t first_set) {
  const std::unique_lock lock(mutex);
  for (std::size_t i = first_set; i < contents.sets.size(); ++i)
    mark_gone(static_cast<std::uint32_t>(i));
  note_figures();
}

void Index::State::clear() {
  const std::unique_lock lock(mutex);
  contents = Contents();
  index_of_set.clear();
  is_gone.clear();
  gone_chunks = 0;
  note_figures();
}

// Reads some of what is new; true when there may be more. Under `reading`.
Result<bool> Index::State::take_turn() {
  const std::size_t sets_before = contents.sets.size();
  bool more = false, thrown = true;
  auto status = guarded([&]() -> Status {
    auto news = note_news();
    Status read = news ? Status() : fail(news.error());
    if (read) read = read_sets(*news);
    thrown = false;
    if (!read || news->empty()) return read;
    more = news->size() == kSetsPerTurn;
    const std::unique_lock lock(mutex);
    contents.last_seq = news->back().seq;
    note_figures();
    return {};
  });
  if (status) return more;
  if (thrown) {
    clear();  // it may have stopped anywhere: all is read again, next time
  } else {
    leave_unread(sets_before);
  }
  return fail(status.error());
}

Result<bool> Index::read_some() {
  auto& state = *state_;
  auto newest = state.database.read_blocking(
      [&](store::Session& session) { return store::chunks::last_searchable(session, state.key); });
  if (!newest) return fail(newest.error());
  if (state.last_seq >= *newest) return false;
  const std::lock_guard lock(state.reading);
  return state.take_turn();
}

Status Index::refresh() {
  while (true) {
    auto more = read_some();
    if (!more) return fail(more.error());
    if (!*more) return {};
  }
}

std::vector<Range> Index::State::allowed_places(const Index::Sets& sets) const {
  std::vector<bool> allowed(is_gone.size(), !sets);
  if (sets) {
    for (const auto set : *sets) {
      const auto found = index_of_set.find(set);
      if (found != index_of_set.end()) allowed[found->second] = true;
    }
  }
  std::vector<Range> out;
  Place begin = 0;
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    const Place end = begin + contents.size_of_set[i];
    const bool goes_on = !out.empty() && out.back().end == begin;
    if (allowed[i] && !is_gone[i]) {
      if (goes_on) out.back().end = end;
      if (!goes_on) out.push_back({begin, end});
    }
    begin = end;
  }
  return out;
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
  std::vector<Match> matches;
  auto status = guarded([&]() -> Status {
    matches = vectors->find(query, limit, state.allowed_places(sets));
    return {};
  });
  if (!status) return fail(status.error());
  return state.found(matches);
}

std::vector<Found> Index::with_words(std::span<const Term> words, std::size_t limit,
                                     const Sets& sets) const {
  const auto& state = *state_;
  const std::shared_lock lock(state.mutex);
  return state.found(state.contents.words.find(words, limit, state.allowed_places(sets)));
}

void Index::forget(std::span<const std::int64_t> sets) {
  auto& state = *state_;
  const std::unique_lock lock(state.mutex);
  for (const auto set : sets) {
    const auto found = state.index_of_set.find(set);
    if (found != state.index_of_set.end()) state.mark_gone(found->second);
  }
  state.note_figures();
}

bool Index::is_worn() const {
  return state_->is_worn;
}

std::size_t Index::size() const {
  return state_->size;
}

std::size_t Index::bytes() const {
  return state_->bytes;
}

Status Index::save(SnapshotWriter& out) const {
  const std::lock_guard lock(state_->reading);
  const auto& contents = state_->contents;
  out.number(kSnapshotMagic);
  out.numbers(contents.chunk_of);
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
    in.numbers(loaded.sets);
    in.numbers(loaded.size_of_set);
    in.number(loaded.last_seq);
    if (auto words = loaded.words.load(in); !words) return words;
    in.number(dimensions);
    if (dimensions > 0) {
      loaded.vectors = std::make_unique<VectorRows>(dimensions);
      if (auto vectors = loaded.vectors->load(in); !vectors) return vectors;
    }
    return in.end(sha256);
  });
  if (!read) return read;
  const std::lock_guard reading(state.reading);
  return state.database.read_blocking([&](store::Session& session) -> Status {
    // Under the lock, as in `note_news`. What was hidden since the snapshot is not among these.
    const std::unique_lock lock(state.mutex);
    auto now = store::chunks::searchable_after(session, state.key, 0);
    if (!now) return fail(now.error());
    std::unordered_set<std::int64_t> searchable;
    for (const auto& set : *now) searchable.insert(set.set);
    state.contents = std::move(loaded);
    for (const auto set : state.contents.sets) {
      state.note_set(set);
      if (!searchable.contains(set)) state.mark_gone(state.index_of_set[set]);
    }
    state.note_figures();
    return {};
  });
}

}  // namespace vector
