// bench_retrieval DATA MODEL.gguf: is the passage that answers a question among the first five? By
// words (FTS5's BM25, as vector stores ask it), by vectors, and by both fused, over the held-out
// articles of SQuAD. What is chosen is chosen on the development articles; the test articles are
// for the figures.
#include <CLI/CLI.hpp>
#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "train/embedding/evaluate.h"
#include "vector/query.h"
#include "vector/ranking.h"

namespace {

using train::embedding::Embed;
using train::embedding::Retrieval;

using Scores = std::vector<double>;  // of every passage, higher is better
using Ranks = std::vector<int>;      // of every passage, 1 is best

// FTS5 with the tokenizer of the vector stores.
class Words {
 public:
  explicit Words(const std::vector<std::string>& passages) : n_(passages.size()) {
    sqlite3* opened = nullptr;
    sqlite3_open(":memory:", &opened);
    database_.reset(opened);
    sqlite3_exec(opened,
                 "CREATE VIRTUAL TABLE passages USING fts5 (body, "
                 "tokenize='porter unicode61 remove_diacritics 2')",
                 nullptr, nullptr, nullptr);
    for (std::size_t i = 0; i < n_; ++i) {
      const auto insert = prepare("INSERT INTO passages (rowid, body) VALUES (?, ?)");
      sqlite3_bind_int64(insert.get(), 1, static_cast<sqlite3_int64>(i));
      sqlite3_bind_text(insert.get(), 2, passages[i].data(), static_cast<int>(passages[i].size()),
                        SQLITE_STATIC);
      sqlite3_step(insert.get());
    }
  }

  // 0 where no word occurs.
  Scores scores(const std::string& question) const {
    std::string match;
    for (const auto& word : vector::words_to_find(question))
      match += (match.empty() ? "\"" : " OR \"") + word + "\"";
    Scores scores(n_);
    const auto select =
        prepare("SELECT rowid, bm25(passages) FROM passages WHERE passages MATCH ?");
    sqlite3_bind_text(select.get(), 1, match.data(), static_cast<int>(match.size()), SQLITE_STATIC);
    while (sqlite3_step(select.get()) == SQLITE_ROW)
      scores[static_cast<std::size_t>(sqlite3_column_int64(select.get(), 0))] =
          -sqlite3_column_double(select.get(), 1);
    return scores;
  }

 private:
  using Statement = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;
  Statement prepare(const char* sql) const {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(database_.get(), sql, -1, &statement, nullptr);
    return {statement, sqlite3_finalize};
  }

  std::size_t n_;
  std::unique_ptr<sqlite3, decltype(&sqlite3_close)> database_{nullptr, sqlite3_close};
};

Ranks ranks_of(const Scores& scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater(), [&](std::size_t i) { return scores[i]; });
  Ranks ranks(scores.size());
  for (std::size_t i = 0; i < order.size(); ++i) ranks[order[i]] = static_cast<int>(i) + 1;
  return ranks;
}

Scores scaled(const Scores& scores) {
  const auto [low, high] = std::ranges::minmax(scores);
  Scores out;
  for (const double score : scores) out.push_back(high > low ? (score - low) / (high - low) : 0);
  return out;
}

// As vector stores do (vector/ranking.h).
Scores shares_of_highest(const Scores& scores) {
  const double highest = std::max(1e-9, std::ranges::max(scores));
  Scores out;
  for (const double score : scores) out.push_back(std::max(0.0, score) / highest);
  return out;
}

// One question with what both ways say about every passage.
struct Asked {
  std::size_t right = 0;
  Scores words, vectors;              // scaled to [0, 1] over the question's passages
  Scores word_shares, vector_shares;  // of the highest
  Ranks word_ranks, vector_ranks;
};

std::vector<Asked> ask_all(const Retrieval& set, const Embed& embed) {
  const Words words(set.passages);
  std::vector<std::vector<float>> passages;
  for (const auto& passage : set.passages) passages.push_back(embed(passage));
  std::vector<Asked> all;
  for (const auto& question : set.questions) {
    const auto query = embed(question.text);
    Scores cosines;
    for (const auto& passage : passages)
      cosines.push_back(std::inner_product(query.begin(), query.end(), passage.begin(), 0.0));
    const auto by_words = words.scores(question.text);
    all.push_back({question.passage, scaled(by_words), scaled(cosines), shares_of_highest(by_words),
                   shares_of_highest(cosines), ranks_of(by_words), ranks_of(cosines)});
  }
  return all;
}

// How a question's passage is scored.
struct Fusion {
  std::string name;
  std::function<double(const Asked&, std::size_t passage)> score;
};

Fusion by_ranks(double offset, double share) {
  return {"reciprocal ranks, offset " + std::to_string(int(offset)) + ", vectors " +
              std::to_string(share).substr(0, 4),
          [=](const Asked& asked, std::size_t i) {
            return (1 - share) / (offset + asked.word_ranks[i]) +
                   share / (offset + asked.vector_ranks[i]);
          }};
}

Fusion by_scores(double share) {
  return {"scaled scores, vectors " + std::to_string(share).substr(0, 4),
          [=](const Asked& asked, std::size_t i) {
            return (1 - share) * asked.words[i] + share * asked.vectors[i];
          }};
}

Fusion by_shares(double share) {
  return {"shares of the highest, vectors " + std::to_string(share).substr(0, 4),
          [=](const Asked& asked, std::size_t i) {
            return (1 - share) * asked.word_shares[i] + share * asked.vector_shares[i];
          }};
}

std::vector<double> recalls(const std::vector<Asked>& all, const Fusion& fusion) {
  constexpr std::size_t depths[] = {1, 5, 10};
  std::vector<double> hits(std::size(depths));
  for (const auto& asked : all) {
    const double right = fusion.score(asked, asked.right);
    std::size_t better = 0;
    for (std::size_t i = 0; i < asked.words.size(); ++i) better += fusion.score(asked, i) > right;
    for (std::size_t d = 0; d < hits.size(); ++d) hits[d] += better < depths[d];
  }
  for (double& each : hits) each /= static_cast<double>(all.size());
  return hits;
}

// By recall at 5, then at 1.
Fusion best_of(const std::vector<Asked>& all, const std::vector<Fusion>& choices) {
  return *std::ranges::max_element(choices, {}, [&](const Fusion& fusion) {
    const auto recall = recalls(all, fusion);
    return std::pair(recall[1], recall[0]);
  });
}

void print(const char* name, const std::vector<Asked>& all, const std::vector<Fusion>& fusions) {
  std::printf("%s: %zu questions\n\n| | recall@1 | @5 | @10 |\n|---|---|---|---|\n", name,
              all.size());
  for (const auto& fusion : fusions) {
    const auto recall = recalls(all, fusion);
    std::printf("| %s | %.3f | %.3f | %.3f |\n", fusion.name.c_str(), recall[0], recall[1],
                recall[2]);
  }
  std::printf("\n");
}

int complain(const Error& error) {
  std::fprintf(stderr, "bench_retrieval: %s\n", error.message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures retrieval on held-out questions.");
  std::string data, model;
  app.add_option("data", data, "the folder of training archives")->required();
  app.add_option("model", model, "a static-embedding GGUF file")->required();
  CLI11_PARSE(app, argc, argv);
  const auto held_out = train::embedding::read_held_out(train::Archives(data));
  if (!held_out) return complain(held_out.error());
  const auto embed = train::embedding::embed_of(model);
  if (!embed) return complain(embed.error());

  const auto dev = ask_all(held_out->dev, *embed), test = ask_all(held_out->test, *embed);
  std::vector<Fusion> ranks, scores, shares;
  for (int tenths = 1; tenths < 10; ++tenths) {
    for (const double offset : {2, 5, 10, 20, 60}) ranks.push_back(by_ranks(offset, tenths / 10.0));
    scores.push_back(by_scores(tenths / 10.0));
    shares.push_back(by_shares(tenths / 10.0));
  }
  const std::vector<Fusion> fusions{
      {"BM25", [](const Asked& asked, std::size_t i) { return asked.words[i]; }},
      {"vectors", [](const Asked& asked, std::size_t i) { return asked.vectors[i]; }},
      by_ranks(60, 0.5),
      best_of(dev, ranks),
      best_of(dev, scores),
      best_of(dev, shares),
      by_shares(vector::kScaledWeights.embedding)};
  print("development", dev, fusions);
  print("test", test, fusions);
  return 0;
}
