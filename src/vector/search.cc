#include "vector/search.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/log.h"
#include "vector/query.h"

namespace vector {
namespace {

constexpr int kHalvingsMax = 6;

std::string first_half(const std::string& text) {
  return text.substr(0,
                     base::utf8_complete_prefix(std::string_view(text).substr(0, text.size() / 2)));
}

std::vector<std::int64_t> chunks_of(const std::vector<Found>& found) {
  std::vector<std::int64_t> out;
  for (const auto& each : found) out.push_back(each.chunk);
  return out;
}

// Of a half that found nothing, the weight counts for nothing.
std::vector<Ranked> fused(const std::vector<Found>& by_embedding, const std::vector<Found>& by_text,
                          const std::optional<Weights>& given) {
  Weights weights = given.value_or(kScaledWeights);
  if (by_embedding.empty()) weights = {.embedding = 0, .text = 1};
  if (by_text.empty()) weights = {.embedding = 1, .text = 0};
  if (!given) return add_scaled(by_embedding, by_text, weights);
  return fuse(chunks_of(by_embedding), chunks_of(by_text), weights);
}

}  // namespace

struct Search::StoreQuery {
  const SearchRequest& request;
  StoreId store;
  std::vector<std::vector<float>> vectors;  // of the queries; empty: words only
};

std::string Search::embedding_model(const std::string& configured) const {
  std::string any, named;
  for (const auto& model : backend_.models()) {
    if (!model.embeds) continue;
    if (model.id == configured) return configured;
    const bool made_for_it =
        (!model.generates && !model.chats) || model.id.find("embed") != std::string::npos;
    if (made_for_it && named.empty()) named = model.id;
    if (any.empty()) any = model.id;
  }
  return named.empty() ? any : named;
}

base::awaitable<Result<inference::Embeddings>> Search::embed(std::string model,
                                                             std::vector<std::string> texts,
                                                             base::ProjectId project,
                                                             inference::Priority priority) {
  inference::EmbedRequest request;
  request.model = model;
  request.project = project;
  request.priority = priority;
  for (auto& text : texts) request.inputs.emplace_back(text.empty() ? std::string(" ") : text);
  for (int halvings = 0;; ++halvings) {
    inference::EmbedRequest copy = request;
    auto made = co_await backend_.embed(std::move(copy));
    if (made) co_return std::move(made);
    if (made.error().code != ErrorCode::InvalidRequest || halvings == kHalvingsMax)
      co_return fail(made.error());
    if (texts.size() > 1) break;
    // Longer than the model reads: its beginning stands for it.
    texts[0] = first_half(texts[0]);
    request.inputs = {inference::RawPrompt(texts[0].empty() ? std::string(" ") : texts[0])};
  }
  // One of them is too long: one by one.
  inference::Embeddings all;
  for (const auto& text : texts) {
    std::vector<std::string> alone{text};
    auto made = co_await embed(model, std::move(alone), project, priority);
    if (!made) co_return fail(made.error());
    all.vectors.push_back(std::move(made->vectors.front()));
    all.input_tokens += made->input_tokens;
    all.made_by = std::move(made->made_by);
  }
  co_return all;
}

Result<std::vector<Passage>> Search::find_in_store(const StoreQuery& query, const Index& index) {
  const auto& request = query.request;
  const store::chunks::StoreKey key{query.store.project, query.store.id};
  const std::size_t candidates = std::max<std::size_t>(
      limits::search_candidates, static_cast<std::size_t>(request.results_max));

  std::optional<std::vector<std::int64_t>> sets;
  if (request.filter) {
    auto fit = database_.read_blocking([&](store::Session& session) {
      return store::chunks::sets_that_fit(session, key, *request.filter);
    });
    if (!fit) return fail(fit.error());
    sets = std::move(*fit);
    if (sets->empty()) return std::vector<Passage>();
  }
  std::map<std::int64_t, double> scores;  // by the best of the queries
  for (std::size_t i = 0; i < request.queries.size(); ++i) {
    const Weights weights = request.weights.value_or(kScaledWeights);
    std::vector<Found> by_embedding, by_text;
    if (!query.vectors.empty() && weights.embedding > 0) {
      auto near = index.near(query.vectors[i], candidates, sets);
      if (!near) return fail(near.error());
      by_embedding = std::move(*near);
    }
    if (weights.text > 0 || query.vectors.empty()) {
      std::vector<Term> words;
      for (const auto& word : words_to_find(request.queries[i])) {
        const auto terms = indexes_.terms().of(word);
        words.insert(words.end(), terms.begin(), terms.end());
      }
      by_text = index.with_words(words, candidates, sets);
    }
    for (const auto& ranked : fused(by_embedding, by_text, request.weights))
      scores[ranked.chunk] = std::max(scores[ranked.chunk], ranked.score);
  }
  Order order;
  for (const auto& [chunk, score] : scores) {
    if (score >= request.score_min) order.emplace_back(-score, chunk);
  }
  std::sort(order.begin(), order.end());

  return read_passages(query, order);
}

// The rows decide what is there: some of the first may be gone.
Result<std::vector<Passage>> Search::read_passages(const StoreQuery& query, const Order& order) {
  const store::chunks::StoreKey key{query.store.project, query.store.id};
  const auto most = static_cast<std::size_t>(query.request.results_max);
  return database_.read_blocking([&](store::Session& session) -> Result<std::vector<Passage>> {
    std::vector<Passage> out;
    for (const auto& [negative, chunk] : order) {
      if (out.size() == most) break;
      auto row = store::chunks::fetch(session, key, chunk);
      if (!row) return fail(row.error());
      if (!*row) continue;
      auto file = files::get(session, query.store, (*row)->file);
      if (!file && file.error().code == ErrorCode::NotFound) continue;
      if (!file) return fail(file.error());
      out.push_back({.store = query.store.id,
                     .file = (*row)->file,
                     .filename = file->record.filename,
                     .score = -negative,
                     .attributes = file->record.attributes,
                     .text = std::move((*row)->body),
                     .heading = std::move((*row)->heading),
                     .page = (*row)->page});
    }
    return out;
  });
}

base::awaitable<Status> Search::check(base::ProjectId project, std::vector<std::string> ids) {
  const std::int64_t now = clock_.unix_seconds();
  auto checked = co_await database_.read(pools_.store, [&](store::Session& session) -> Status {
    for (const auto& id : ids) {
      auto found = stores::get(session, {project, id}, now);
      if (!found) return fail(found.error());
      if (found->record.expired)
        return fail(ErrorCode::InvalidRequest, fmt::format("Vector store '{}' has expired.", id));
    }
    return {};
  });
  co_return checked;
}

// Each passage's score becomes the best that the reranker gives it for any of the queries. Where it
// cannot, they stay as they are.
base::awaitable<void> Search::rerank(const SearchRequest& request, std::vector<Passage>& passages) {
  std::vector<double> best(passages.size());
  inference::RankRequest wanted{
      .model = reranking_.model, .query = {}, .texts = {}, .project = request.project};
  for (const auto& passage : passages) wanted.texts.push_back(passage.text);
  for (const auto& query : request.queries) {
    wanted.query = query;
    inference::RankRequest copy = wanted;
    auto scores = co_await reranking_.ranker->rank(std::move(copy));
    if (!scores) {
      LOG(Warning, "search: passages cannot be reranked: {}", scores.error().message);
      co_return;
    }
    for (std::size_t i = 0; i < best.size(); ++i) best[i] = std::max(best[i], (*scores)[i]);
  }
  for (std::size_t i = 0; i < best.size(); ++i) passages[i].score = best[i];
}

base::awaitable<Result<std::vector<Passage>>> Search::find(SearchRequest request) {
  std::vector<Passage> all;
  const auto most = static_cast<std::size_t>(request.results_max);
  const double least = request.score_min;
  const bool reranks = request.reranks && reranking_.ranker && !reranking_.model.empty();
  if (reranks) {
    request.results_max = std::max(request.results_max, limits::search_reranked);
    request.score_min = 0;  // the reranker's scores are meant
  }
  std::map<std::string, inference::Embeddings> by_model;
  const std::set<std::string> distinct(request.stores.begin(), request.stores.end());
  for (const auto& id : distinct) {
    const std::int64_t now = clock_.unix_seconds();
    const StoreId store{request.project, id};
    auto found = co_await database_.read(
        pools_.store, [&](store::Session& session) { return stores::get(session, store, now); });
    if (!found) co_return fail(found.error());
    if (found->record.expired)
      co_return fail(ErrorCode::InvalidRequest, fmt::format("Vector store '{}' has expired.", id));
    const std::string model = found->record.embedding_model;
    if (!model.empty() && !by_model.contains(model)) {
      auto made =
          co_await embed(model, request.queries, request.project, inference::Priority::Interactive);
      if (!made) LOG(Warning, "search: a query cannot be embedded: {}", made.error().message);
      by_model[model] = made ? std::move(*made) : inference::Embeddings();
    }
    StoreQuery query{.request = request, .store = store, .vectors = {}};
    if (!model.empty()) {
      const auto& embeddings = by_model[model];
      if (found->record.compares_with(embeddings.made_by)) query.vectors = embeddings.vectors;
      if (on_maker_ && !embeddings.made_by.empty() && embeddings.made_by != found->record.maker()) {
        auto noted = co_await on_maker_(store, embeddings.made_by);
        if (!noted) LOG(Warning, "search: {}: {}", id, noted.error().message);
      }
    }
    store::chunks::StoreKey key{request.project, id};
    auto index = co_await indexes_.fresh(std::move(key));
    if (!index) co_return fail(index.error());
    auto passages =
        co_await base::on_pool(searching_, [&] { return find_in_store(query, **index); });
    if (!passages) co_return fail(passages.error());
    std::move(passages->begin(), passages->end(), std::back_inserter(all));
    if (found->record.last_active_at + 60 <= now) {
      auto touched = co_await database_.write(
          [&](store::Transaction& transaction) { return stores::touch(transaction, store, now); });
      if (!touched && touched.error().code != ErrorCode::NotFound) co_return fail(touched.error());
    }
  }
  const auto better = [](const Passage& a, const Passage& b) { return a.score > b.score; };
  std::stable_sort(all.begin(), all.end(), better);
  if (reranks && !all.empty()) {
    all.resize(std::min(all.size(), static_cast<std::size_t>(request.results_max)));
    co_await rerank(request, all);
    std::stable_sort(all.begin(), all.end(), better);
    std::erase_if(all, [&](const Passage& passage) { return passage.score < least; });
  }
  if (all.size() > most) all.resize(most);
  co_return all;
}

}  // namespace vector
