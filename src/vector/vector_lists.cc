#include "vector/vector_lists.h"

#include <faiss/IndexFlat.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/impl/IDSelector.h>
#include <faiss/impl/io.h>
#include <faiss/index_io.h>

#include <algorithm>
#include <cmath>

// <omp.h> is not there for every compiler.
extern "C" void omp_set_num_threads(int threads);

namespace vector {
namespace {

using Id = faiss::Index::idx_t;

constexpr std::size_t kSamplesPerList = 40;  // FAISS warns below 39
constexpr std::size_t kListsMin = 16, kListsMax = 8'192;
constexpr int kTrainingRounds = 6;

std::size_t lists_for(std::size_t vectors) {
  const auto lists = static_cast<std::size_t>(2.0 * std::sqrt(static_cast<double>(vectors)));
  return std::clamp(lists, kListsMin, kListsMax);
}

// Of this thread: searches run side by side already, and adding leaves the other cores to them.
void use_one_core() {
  omp_set_num_threads(1);
}

class Selector final : public faiss::IDSelector {
 public:
  Selector(const std::vector<Place>& places, const IsAllowed& is_allowed)
      : places_(places), is_allowed_(is_allowed) {}
  bool is_member(Id id) const override {
    return is_allowed_(places_[static_cast<std::size_t>(id)]);
  }

 private:
  const std::vector<Place>& places_;
  const IsAllowed& is_allowed_;
};

struct Writer final : faiss::IOWriter {
  SnapshotWriter& out;
  explicit Writer(SnapshotWriter& out) : out(out) {}
  std::size_t operator()(const void* data, std::size_t size, std::size_t n) override {
    out.write(data, size * n);
    return n;
  }
};

struct Reader final : faiss::IOReader {
  SnapshotReader& in;
  explicit Reader(SnapshotReader& in) : in(in) {}
  std::size_t operator()(void* data, std::size_t size, std::size_t n) override {
    return size == 0 ? n : in.read(data, size * n) / size;
  }
};

}  // namespace

VectorLists::VectorLists(std::size_t dimensions, Options options)
    : dimensions_(dimensions),
      options_(options),
      index_(std::make_unique<faiss::IndexFlatIP>(static_cast<Id>(dimensions))) {}

VectorLists::~VectorLists() = default;

bool VectorLists::train(std::span<const float> sample, std::size_t vectors) {
  use_one_core();
  const std::size_t lists = lists_for(vectors), n = sample.size() / dimensions_;
  if (n < lists) return false;
  auto centres = std::make_unique<faiss::IndexFlatIP>(static_cast<Id>(dimensions_));
  auto made = std::make_unique<faiss::IndexIVFFlat>(centres.get(), dimensions_, lists,
                                                    faiss::METRIC_INNER_PRODUCT);
  made->own_fields = true;
  static_cast<void>(centres.release());
  made->cp.niter = kTrainingRounds;
  made->cp.spherical = true;
  made->cp.seed = 1;
  made->train(static_cast<Id>(n), sample.data());
  index_ = std::move(made);
  trained_for_ = vectors;
  return true;
}

std::size_t VectorLists::samples_for(std::size_t vectors) {
  return lists_for(vectors) * kSamplesPerList;
}

void VectorLists::add(std::span<const Place> places, std::span<const float> vectors) {
  use_one_core();
  if (places.empty()) return;
  index_->add(static_cast<Id>(places.size()), vectors.data());
  places_.insert(places_.end(), places.begin(), places.end());
}

std::vector<Match> VectorLists::find(std::span<const float> query, std::size_t limit,
                                     const IsAllowed* is_allowed, double allowed_share) const {
  use_one_core();
  const std::size_t n = std::min(limit, places_.size());
  if (n == 0) return {};
  std::vector<float> similarities(n);
  std::vector<Id> found(n, -1);
  faiss::SearchParameters plain;
  faiss::SearchParametersIVF by_lists;
  faiss::SearchParameters* parameters = &plain;
  if (trained_for_ > 0) {
    const auto lists = static_cast<faiss::IndexIVF&>(*index_).nlist;
    const double share = options_.probed_share / std::max(allowed_share, options_.probed_share);
    by_lists.nprobe =
        std::clamp(static_cast<std::size_t>(std::ceil(static_cast<double>(lists) * share)),
                   std::min(lists, options_.probes_min), lists);
    parameters = &by_lists;
  }
  std::unique_ptr<Selector> selector;
  if (is_allowed) {
    selector = std::make_unique<Selector>(places_, *is_allowed);
    parameters->sel = selector.get();
  }
  index_->search(1, query.data(), static_cast<Id>(n), similarities.data(), found.data(),
                 parameters);
  std::vector<Match> out;
  for (std::size_t i = 0; i < n; ++i) {
    if (found[i] >= 0)
      out.push_back({places_[static_cast<std::size_t>(found[i])], similarities[i]});
  }
  return out;
}

std::size_t VectorLists::bytes() const {
  return places_.size() * (dimensions_ * sizeof(float) + sizeof(Id) + sizeof(Place));
}

void VectorLists::save(SnapshotWriter& out) const {
  out.number(std::uint64_t{trained_for_});
  out.numbers(places_);
  Writer writer(out);
  faiss::write_index(index_.get(), &writer);
}

Status VectorLists::load(SnapshotReader& in) {
  std::uint64_t trained_for = 0;
  in.number(trained_for);
  trained_for_ = trained_for;
  in.numbers(places_);
  if (!in.ok()) return in.status();
  Reader reader(in);
  index_.reset(faiss::read_index(&reader));
  const bool has_lists = dynamic_cast<const faiss::IndexIVF*>(index_.get()) != nullptr;
  if (has_lists != (trained_for_ > 0) || index_->d != static_cast<int>(dimensions_) ||
      index_->ntotal != static_cast<Id>(places_.size()))
    return in.damaged();
  return in.status();
}

}  // namespace vector
