#include "train/embedding/loop.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "compute/gguf/file.h"
#include "train/embedding/evaluate.h"
#include "train/embedding/export.h"
#include "train/embedding/table.h"
#include "train/embedding/word_pieces.h"

namespace train::embedding {

namespace {

constexpr const char* kVocabulary = "vocabulary.gguf";

using TokenizerPointer = std::shared_ptr<const engine::Tokenizer>;

Result<TokenizerPointer> load_tokenizer(const std::filesystem::path& path) {
  const auto file = gguf::File::open(path.string());
  if (!file) return fail(file.error());
  return engine::Tokenizer::load(*file);
}

std::vector<std::string> learn_vocabulary(const Sources& sources, int size) {
  WordPieceTrainer trainer;
  for (const auto& source : sources) {
    for (const auto& pair : source.pairs) {
      trainer.add(pair.query);
      trainer.add(pair.passage);
    }
    for (const auto& article : source.articles) {
      trainer.add(article.title);
      for (const auto& paragraph : article.paragraphs)
        for (const auto& sentence : paragraph.sentences) trainer.add(sentence);
    }
  }
  return trainer.learn(static_cast<std::size_t>(size));
}

// What recipes are chosen by; the test sets are left to evaluate_embedding.
struct Development {
  const HeldOut& held_out;
  std::vector<SimilarityPair> similarity;
};

void report(const Development& dev, const Embed& embed, std::size_t width) {
  const auto recall = recall_of(dev.held_out.dev, embed, width);
  std::printf("  dev: similarity %.4f, recall@1 %.4f @5 %.4f @10 %.4f\n",
              similarity_correlation(dev.similarity, embed, width), recall.at_1, recall.at_5,
              recall.at_10);
  std::fflush(stdout);
}

// A short rise, then a fall with the square root of the steps, so that a run that is cut short has
// a good model too; over the last fifth to nothing.
float rate_at(const EmbeddingPlan& plan, std::int64_t step) {
  constexpr float rise = 20, turn = 100;
  const float at = static_cast<float>(step), all = static_cast<float>(plan.steps);
  const float left = std::min(1.0f, (all - at) / (0.2f * all));
  return plan.rate * std::min(1.0f, at / rise) / std::sqrt(1 + at / turn) * left;
}

Status save_model(const EmbeddingPlan& plan, const Table& table) {
  const auto tokens = read_tokens(plan.out / kVocabulary);
  if (!tokens) return fail(tokens.error());
  return export_static({.tokens = *tokens, .width = plan.width, .weights = table.weights()},
                       plan.out / plan.file);
}

Status run(const EmbeddingPlan& plan, const TrainingSets& sets, const Development& dev,
           const engine::Tokenizer& tokenizer, Table& table) {
  base::SeededRandom random(plan.seed + 1);
  const auto started = std::chrono::steady_clock::now();
  const auto embed = [&](const std::string& text) {
    return table.embed(to_tokens(text, tokenizer));
  };
  double loss = 0;
  std::int64_t counted = 0;
  for (std::int64_t step = 1; step <= plan.steps; ++step) {
    loss += table.step(sets.draw(plan.draw, random), rate_at(plan, step));
    ++counted;
    if (step % plan.report_every != 0 && step != plan.steps) continue;
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    std::printf("step %lld/%lld loss %.4f, %.0f pairs/s, %.1f min\n", static_cast<long long>(step),
                static_cast<long long>(plan.steps), loss / double(counted),
                double(step) * plan.draw.pairs / seconds, seconds / 60);
    loss = 0;
    counted = 0;
    report(dev, embed, std::size_t(plan.width));
    if (auto status = save_model(plan, table); !status) return status;
  }
  return {};
}

}  // namespace

Status prepare_embedding(const EmbeddingPlan& plan) {
  std::error_code error;
  std::filesystem::create_directories(plan.out, error);
  const Archives archives(plan.data);
  const auto held_out = read_held_out(archives);
  if (!held_out) return fail(held_out.error());
  const auto sources = read_sources(archives, *held_out);
  if (!sources) return fail(sources.error());
  const auto tokens = learn_vocabulary(*sources, plan.vocabulary);
  const auto file = plan.out / kVocabulary;
  if (auto status = export_static({.tokens = tokens, .width = plan.width}, file); !status)
    return status;
  const auto tokenizer = load_tokenizer(file);
  if (!tokenizer) return fail(tokenizer.error());
  return save_sets(*sources, **tokenizer, plan.out);
}

Status train_embedding(const EmbeddingPlan& plan) {
  const Archives archives(plan.data);
  const auto held_out = read_held_out(archives);
  if (!held_out) return fail(held_out.error());
  auto similarity = read_similarity(archives, "dev.csv");
  if (!similarity) return fail(similarity.error());
  const auto tokenizer = load_tokenizer(plan.out / kVocabulary);
  if (!tokenizer) return fail(tokenizer.error());
  const auto sets = TrainingSets::load(plan.out, (*tokenizer)->n_tokens());
  if (!sets) return fail(sets.error());

  const TableShape shape{.n_tokens = static_cast<int>((*tokenizer)->n_tokens()),
                         .width = plan.width,
                         .prefixes = {plan.width, plan.width / 2, plan.width / 4},
                         .logit_scale = plan.logit_scale};
  Table table(shape, sets->counts(), plan.seed, best_kernels());
  return run(plan, *sets, {*held_out, std::move(*similarity)}, **tokenizer, table);
}

Status evaluate_embedding(const std::filesystem::path& data, const std::filesystem::path& path) {
  const Archives archives(data);
  const auto held_out = read_held_out(archives);
  if (!held_out) return fail(held_out.error());
  const auto loaded = embed_of(path);
  if (!loaded) return fail(loaded.error());
  const Embed& embed = *loaded;
  const std::size_t width = embed("").size();
  for (const char* member : {"dev.csv", "test.csv"}) {
    const auto pairs = read_similarity(archives, member);
    if (!pairs) return fail(pairs.error());
    for (const std::size_t part : {width, width / 2, width / 4})
      std::printf("STS-B %s, %zu dimensions: %.4f\n", member, part,
                  similarity_correlation(*pairs, embed, part));
  }
  for (const auto& [name, set] : {std::pair{"dev", &held_out->dev}, {"test", &held_out->test}}) {
    for (const std::size_t part : {width, width / 2, width / 4}) {
      const auto recall = recall_of(*set, embed, part);
      std::printf(
          "SQuAD %s, %zu questions, %zu passages, %zu dimensions: "
          "recall@1 %.4f @5 %.4f @10 %.4f\n",
          name, set->questions.size(), set->passages.size(), part, recall.at_1, recall.at_5,
          recall.at_10);
    }
  }
  return {};
}

}  // namespace train::embedding
