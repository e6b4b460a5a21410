#include "train/embedding/evaluate.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <numeric>

#include "compute/gguf/file.h"
#include "compute/threads.h"
#include "compute/weight.h"
#include "engine/tokenizer/tokenizer.h"

namespace train::embedding {

namespace {

std::vector<std::string> csv_fields(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      fields.emplace_back();
    else if (c != '\r')
      fields.back() += c;
  }
  return fields;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b, std::size_t width) {
  double product = 0, a_square = 1e-12, b_square = 1e-12;
  for (std::size_t i = 0; i < width; ++i) {
    product += double(a[i]) * b[i];
    a_square += double(a[i]) * a[i];
    b_square += double(b[i]) * b[i];
  }
  return product / std::sqrt(a_square * b_square);
}

// Ranks from 0; equal values share the mean of theirs.
std::vector<double> ranks_of(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> ranks(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i) ranks[order[i]] = double(begin + end - 1) / 2;
    begin = end;
  }
  return ranks;
}

struct StaticFile {
  gguf::File file;
  std::shared_ptr<const engine::Tokenizer> tokenizer;
  compute::Weight table;  // borrows from the file
};

}  // namespace

Result<Embed> embed_of(const std::filesystem::path& path) {
  auto file = gguf::File::open(path.string());
  if (!file) return fail(file.error());
  auto tokenizer = engine::Tokenizer::load(*file);
  if (!tokenizer) return fail(tokenizer.error());
  // Shared by the copies of the function.
  auto model = std::make_shared<StaticFile>(std::move(*file), std::move(*tokenizer));
  const auto* tensor = model->file.find_tensor("token_embd.weight");
  if (!tensor) return fail(ErrorCode::CorruptData, "the file has no token_embd.weight");
  compute::Pool pool(1);
  auto table = compute::Weight::load({.dtype = tensor->dtype,
                                      .n_out = model->tokenizer->n_tokens(),
                                      .n_in = static_cast<std::size_t>(tensor->shape[0]),
                                      .bytes = tensor->bytes,
                                      .lookup_only = true},
                                     pool);
  if (!table) return fail(table.error());
  model->table = std::move(*table);
  return [model](const std::string& text) {
    const std::size_t width = model->table.n_in();
    std::vector<float> sum(width), row(width);
    for (const auto token : model->tokenizer->encode(text)) {
      model->table.row(static_cast<std::size_t>(token), row);
      for (std::size_t i = 0; i < width; ++i) sum[i] += row[i];
    }
    double square = 1e-12;
    for (const float x : sum) square += double(x) * x;
    for (float& x : sum) x = static_cast<float>(x / std::sqrt(square));
    return sum;
  };
}

double spearman(const std::vector<double>& first, const std::vector<double>& second) {
  const auto a = ranks_of(first), b = ranks_of(second);
  const double mean = (double(a.size()) - 1) / 2;
  double both = 0, a_square = 0, b_square = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    both += (a[i] - mean) * (b[i] - mean);
    a_square += (a[i] - mean) * (a[i] - mean);
    b_square += (b[i] - mean) * (b[i] - mean);
  }
  return both / std::sqrt(a_square * b_square);
}

Result<std::vector<SimilarityPair>> read_similarity(const Archives& archives,
                                                    const std::string& member) {
  auto text = archives.read("stsb_en_eval", member);
  if (!text) return fail(text.error());
  std::vector<SimilarityPair> pairs;
  each_line(*text, [&](std::string_view line) {
    auto fields = csv_fields(line);
    if (fields.size() == 3)
      pairs.push_back({fields[0], fields[1], std::strtod(fields[2].c_str(), nullptr)});
  });
  if (pairs.size() < 2) return fail(ErrorCode::CorruptData, "stsb_en_eval: no pairs");
  return pairs;
}

double similarity_correlation(const std::vector<SimilarityPair>& pairs, const Embed& embed,
                              std::size_t width) {
  std::vector<double> ours, theirs;
  for (const auto& pair : pairs) {
    ours.push_back(cosine(embed(pair.first), embed(pair.second), width));
    theirs.push_back(pair.score);
  }
  return spearman(ours, theirs);
}

Recall recall_of(const Retrieval& retrieval, const Embed& embed, std::size_t width) {
  std::vector<std::vector<float>> passages;
  for (const auto& passage : retrieval.passages) passages.push_back(embed(passage));
  std::size_t hits[3] = {};
  for (const auto& question : retrieval.questions) {
    const auto vector = embed(question.text);
    const double right = cosine(vector, passages[question.passage], width);
    std::size_t better = 0;
    for (const auto& passage : passages) better += cosine(vector, passage, width) > right;
    hits[0] += better < 1;
    hits[1] += better < 5;
    hits[2] += better < 10;
  }
  const auto n = double(retrieval.questions.size());
  return {double(hits[0]) / n, double(hits[1]) / n, double(hits[2]) / n};
}

}  // namespace train::embedding
