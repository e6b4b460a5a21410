// Searching vector stores: by meaning and by words, fused. The one way to search for the API's
// endpoint and for the file_search tool.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/json/value.h"
#include "base/limits/vector.h"
#include "base/time.h"
#include "inference/backend.h"
#include "inference/ranker.h"
#include "store/repo/attribute_filter.h"
#include "vector/indexes.h"
#include "vector/ranking.h"
#include "vector/stores.h"

namespace vector {

struct SearchRequest {
  base::ProjectId project;
  std::vector<std::string> stores;   // ids; each must exist
  std::vector<std::string> queries;  // at least one
  std::optional<store::AttributeFilter> filter = {};
  int results_max = limits::search_results_default;
  double score_min = 0;  // of 0 to 1
  // Given: by ranks, with these weights, as the API describes it. Absent: what measures best here.
  std::optional<Weights> weights = {};
  bool reranks = true;  // where there is a reranker
};

// What reads the best passages again together with the query. No model: nothing does.
struct Reranking {
  inference::Ranker* ranker = nullptr;
  std::string model = {};
};

struct Passage {
  std::string store, file, filename;
  double score = 0;  // 0 to 1
  json::Object attributes;
  std::string text;
  std::string heading;    // empty when none
  std::int64_t page = 0;  // 1-based; 0 when the format has none
};

// Lifetime: owned by app. Any thread.
class Search {
 public:
  Search(store::Database& database, base::Pools& pools, inference::Backend& backend,
         Indexes& indexes, const base::Clock& clock, Reranking reranking = {})
      : database_(database),
        pools_(pools),
        backend_(backend),
        indexes_(indexes),
        clock_(clock),
        reranking_(std::move(reranking)) {}

  // Best first. NotFound for a store that is not this project's, Conflict for an expired one. A
  // query that cannot be embedded (its model is gone) is answered by words alone.
  base::awaitable<Result<std::vector<Passage>>> find(SearchRequest request);

  // Whether all these stores can be searched: the errors of `find`.
  base::awaitable<Status> check(base::ProjectId project, std::vector<std::string> stores);

  // Vectors of length 1 by that model, in order; the texts cut to what the model reads.
  base::awaitable<Result<inference::Embeddings>> embed(std::string model,
                                                       std::vector<std::string> texts,
                                                       base::ProjectId project,
                                                       inference::Priority priority);
  // Told of a store whose vectors this did not make, or that does not know. Set once, before the
  // first search.
  using OnMaker = std::function<base::awaitable<Status>(StoreId, std::string made_by)>;
  void on_maker(OnMaker hook) { on_maker_ = std::move(hook); }
  // The model that new stores embed with: `configured` where it is set and known, else one made for
  // it, else any that can; empty when there is none.
  std::string embedding_model(const std::string& configured) const;

  Indexes& indexes() { return indexes_; }

 private:
  struct StoreQuery;
  using Order = std::vector<std::pair<double, std::int64_t>>;  // negative score, chunk
  Result<std::vector<Passage>> find_in_store(const StoreQuery& query, const Index& index);
  Result<std::vector<Passage>> read_passages(const StoreQuery& query, const Order& order);
  base::awaitable<void> rerank(const SearchRequest& request, std::vector<Passage>& passages);

  store::Database& database_;
  base::Pools& pools_;
  inference::Backend& backend_;
  Indexes& indexes_;
  const base::Clock& clock_;
  const Reranking reranking_;
  OnMaker on_maker_;
  // Comparing many vectors takes milliseconds of a core: what else waits for rows goes by.
  base::asio::thread_pool searching_{std::max(2u, std::thread::hardware_concurrency())};
};

}  // namespace vector
