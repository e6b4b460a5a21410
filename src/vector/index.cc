#include "vector/index.h"

#include <faiss/IndexFlat.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/impl/FaissException.h>
#include <faiss/impl/IDSelector.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>

#include "base/log.h"

// <omp.h> is not there for every compiler.
extern "C" void omp_set_num_threads(int threads);

namespace vector {
namespace {

using store::chunks::SearchableSet;

constexpr std::size_t kBatch = 4'096;        // vectors added at a time
constexpr std::size_t kSamplesPerList = 40;  // FAISS warns below 39
constexpr std::size_t kListsMax = 8'192;
constexpr int kTrainingRounds = 8;

std::size_t lists_for(std::size_t vectors) {
  const auto lists = static_cast<std::size_t>(2.0 * std::sqrt(static_cast<double>(vectors)));
  return std::clamp<std::size_t>(lists, 16, kListsMax);
}

}  // namespace

struct Index::State {
  store::Database& database;
  const store::chunks::StoreKey key;
  const IndexOptions options;

  mutable std::shared_mutex mutex;
  // Vector by vector, in the order added.
  std::vector<std::int64_t> chunk_of;
  std::vector<std::uint32_t> set_of;  // index into `sets`
  std::vector<std::int64_t> sets;
  std::unordered_map<std::int64_t, std::uint32_t> index_of_set;
  std::vector<bool> is_gone;  // by index of set
  std::vector<std::size_t> size_of_set;
  std::size_t gone_vectors = 0;
  std::size_t trained_for = 0;  // how many vectors the lists were made for; 0 while flat
  std::int64_t last_seq = 0;
  std::size_t dimensions = 0;
  std::unique_ptr<faiss::IndexFlatIP> quantizer;  // of `vectors`, when that has lists
  std::unique_ptr<faiss::Index> vectors;
  std::unordered_set<std::int64_t> gone_early;  // forgotten before they were read

  State(store::Database& database, store::chunks::StoreKey key, IndexOptions options)
      : database(database), key(std::move(key)), options(options) {}

  Result<std::vector<SearchableSet>> news() {
    return database.read_blocking([&](store::Session& session) {
      return store::chunks::searchable_after(session, key, last_seq);
    });
  }
  Status catch_up();
  Status add(store::Session& session, std::span<const SearchableSet> news);
  Status train(store::Session& session, std::span<const SearchableSet> news);
  void begin(std::size_t n_dimensions);
};

namespace {

// What a search may return: vectors of sets that are there and, when asked, of chosen ones.
class Allowed final : public faiss::IDSelector {
 public:
  Allowed(const std::vector<std::uint32_t>& set_of, std::vector<bool> sets)
      : set_of_(set_of), sets_(std::move(sets)) {}
  bool is_member(faiss::Index::idx_t id) const override {
    return sets_[set_of_[static_cast<std::size_t>(id)]];
  }

 private:
  const std::vector<std::uint32_t>& set_of_;
  const std::vector<bool> sets_;
};

}  // namespace

Index::Index(store::Database& database, store::chunks::StoreKey key, IndexOptions options)
    : state_(std::make_unique<State>(database, std::move(key), options)) {}

Index::~Index() = default;

void Index::State::begin(std::size_t n_dimensions) {
  dimensions = n_dimensions;
  vectors = std::make_unique<faiss::IndexFlatIP>(static_cast<faiss::Index::idx_t>(n_dimensions));
}

// Chooses the lists by a sample that is spread over all vectors.
Status Index::State::train(store::Session& session, std::span<const SearchableSet> news) {
  auto total = store::chunks::count_searchable(session, key);
  if (!total) return fail(total.error());
  const auto n = static_cast<std::size_t>(*total);
  if (n <= options.flat_max) return {};
  const std::size_t lists = lists_for(n);
  const std::size_t every = std::max<std::size_t>(1, n / (lists * kSamplesPerList));
  std::vector<float> sample;
  std::size_t seen = 0;
  for (const auto& entry : news) {
    auto read = store::chunks::each_vector(
        session, entry.set, [&](std::int64_t, std::span<const float> vector) {
          if (dimensions == 0) dimensions = vector.size();
          if (vector.size() != dimensions || seen++ % every != 0) return;
          sample.insert(sample.end(), vector.begin(), vector.end());
        });
    if (!read) return read;
  }
  const auto n_samples = dimensions == 0 ? 0 : sample.size() / dimensions;
  if (n_samples < lists) return {};
  const auto d = static_cast<faiss::Index::idx_t>(dimensions);
  quantizer = std::make_unique<faiss::IndexFlatIP>(d);
  auto inverted = std::make_unique<faiss::IndexIVFFlat>(quantizer.get(), dimensions, lists,
                                                        faiss::METRIC_INNER_PRODUCT);
  inverted->cp.niter = kTrainingRounds;
  inverted->cp.spherical = true;
  inverted->cp.seed = 1;
  inverted->train(static_cast<faiss::Index::idx_t>(n_samples), sample.data());
  vectors = std::move(inverted);
  trained_for = n;
  return {};
}

Status Index::State::add(store::Session& session, std::span<const SearchableSet> news) {
  std::vector<float> batch;
  const auto flush = [&] {
    if (batch.empty()) return;
    vectors->add(static_cast<faiss::Index::idx_t>(batch.size() / dimensions), batch.data());
    batch.clear();
  };
  for (const auto& entry : news) {
    const auto index = static_cast<std::uint32_t>(sets.size());
    sets.push_back(entry.set);
    index_of_set[entry.set] = index;
    is_gone.push_back(gone_early.erase(entry.set) > 0);
    size_of_set.push_back(0);
    auto read = store::chunks::each_vector(
        session, entry.set, [&](std::int64_t chunk, std::span<const float> vector) {
          if (!vectors) begin(vector.size());
          if (vector.size() != dimensions) return;
          batch.insert(batch.end(), vector.begin(), vector.end());
          chunk_of.push_back(chunk);
          set_of.push_back(index);
          ++size_of_set.back();
          if (is_gone.back()) ++gone_vectors;
          if (batch.size() >= kBatch * dimensions) flush();
        });
    flush();
    if (!read) return read;
    last_seq = entry.seq;
  }
  return {};
}

Status Index::State::catch_up() {
  return database.read_blocking([&](store::Session& session) -> Status {
    auto found = store::chunks::searchable_after(session, key, last_seq);
    if (!found) return fail(found.error());
    if (found->empty()) return {};
    try {
      if (!vectors) {
        if (auto status = train(session, *found); !status) return status;
      }
      return add(session, *found);
    } catch (const faiss::FaissException& error) {
      LOG(Error, "vector index: {}", error.what());
      return fail(ErrorCode::Internal, "The index of the vector store could not be made.");
    } catch (const std::bad_alloc&) {
      return fail(ErrorCode::ResourceExhausted, "There is no memory for the vector store's index.");
    }
  });
}

Status Index::load() {
  const std::unique_lock lock(state_->mutex);
  return state_->catch_up();
}

Result<std::vector<Neighbour>> Index::search(std::span<const float> query, std::size_t limit,
                                             const std::optional<std::vector<std::int64_t>>& sets) {
  auto& state = *state_;
  omp_set_num_threads(1);  // of this thread: searches run side by side already
  {
    std::shared_lock lock(state.mutex);
    auto news = state.news();
    if (!news) return fail(news.error());
    lock.unlock();
    if (!news->empty()) {
      const std::unique_lock writing(state.mutex);
      if (auto status = state.catch_up(); !status) return fail(status.error());
    }
  }
  const std::shared_lock lock(state.mutex);
  if (!state.vectors || query.size() != state.dimensions) return std::vector<Neighbour>();
  std::vector<bool> allowed(state.sets.size(), !sets);
  if (sets) {
    for (const auto set : *sets) {
      const auto found = state.index_of_set.find(set);
      if (found != state.index_of_set.end()) allowed[found->second] = true;
    }
  }
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (state.is_gone[i]) allowed[i] = false;
  }
  const bool selects = sets || state.gone_vectors > 0;
  Allowed selector(state.set_of, std::move(allowed));

  const std::size_t n = std::min(limit, state.chunk_of.size());
  std::vector<float> similarities(n);
  std::vector<faiss::Index::idx_t> found(n, -1);
  try {
    if (state.trained_for > 0) {
      faiss::SearchParametersIVF params;
      const auto lists = static_cast<faiss::IndexIVF&>(*state.vectors).nlist;
      params.nprobe = std::clamp<std::size_t>(
          static_cast<std::size_t>(static_cast<double>(lists) * state.options.probed_share),
          std::min<std::size_t>(lists, state.options.probes_min), lists);
      // A filter that leaves little must not miss it in lists that are not looked into.
      if (sets) params.nprobe = std::min<std::size_t>(lists, params.nprobe * 4);
      if (selects) params.sel = &selector;
      state.vectors->search(1, query.data(), static_cast<faiss::Index::idx_t>(n),
                            similarities.data(), found.data(), &params);
    } else {
      faiss::SearchParameters params;
      if (selects) params.sel = &selector;
      state.vectors->search(1, query.data(), static_cast<faiss::Index::idx_t>(n),
                            similarities.data(), found.data(), &params);
    }
  } catch (const std::exception& error) {
    LOG(Error, "vector index: {}", error.what());
    return fail(ErrorCode::Internal, "The vector store could not be searched.");
  }
  std::vector<Neighbour> out;
  for (std::size_t i = 0; i < n; ++i) {
    if (found[i] >= 0)
      out.push_back({state.chunk_of[static_cast<std::size_t>(found[i])], similarities[i]});
  }
  return out;
}

void Index::forget(std::span<const std::int64_t> sets) {
  auto& state = *state_;
  const std::unique_lock lock(state.mutex);
  for (const auto set : sets) {
    const auto found = state.index_of_set.find(set);
    if (found == state.index_of_set.end()) {
      state.gone_early.insert(set);
    } else if (!state.is_gone[found->second]) {
      state.is_gone[found->second] = true;
      state.gone_vectors += state.size_of_set[found->second];
    }
  }
}

bool Index::is_worn() const {
  const std::shared_lock lock(state_->mutex);
  const auto n = state_->chunk_of.size();
  if (n > state_->options.flat_max && n > 3 * state_->trained_for) return true;
  return state_->gone_vectors > 1'000 && state_->gone_vectors * 4 > n;
}

std::size_t Index::size() const {
  const std::shared_lock lock(state_->mutex);
  return state_->chunk_of.size();
}

std::size_t Index::bytes() const {
  const std::shared_lock lock(state_->mutex);
  const auto& state = *state_;
  const std::size_t per_vector =
      state.dimensions * sizeof(float) + sizeof(std::int64_t) * 2 + sizeof(std::uint32_t);
  return state.chunk_of.size() * per_vector + state.sets.size() * 64;
}

}  // namespace vector
