// How good an embedding is: rank correlation with human similarity (STS-B), and whether the passage
// that answers a question is among the nearest.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "train/data/archive.h"
#include "train/embedding/held_out.h"

namespace train::embedding {

// A vector of length 1.
using Embed = std::function<std::vector<float>(const std::string&)>;

// By a static-embedding GGUF file: its tokenizer, its rounded numbers.
Result<Embed> embed_of(const std::filesystem::path& file);

struct SimilarityPair {
  std::string first;
  std::string second;
  double score = 0;
};

// `member`: "dev.csv" or "test.csv".
Result<std::vector<SimilarityPair>> read_similarity(const Archives& archives,
                                                    const std::string& member);

// Spearman's rank correlation of cosine and score; `width` numbers of the vectors are used.
double similarity_correlation(const std::vector<SimilarityPair>& pairs, const Embed& embed,
                              std::size_t width);

struct Recall {
  double at_1 = 0;
  double at_5 = 0;
  double at_10 = 0;
};
Recall recall_of(const Retrieval& retrieval, const Embed& embed, std::size_t width);

double spearman(const std::vector<double>& first, const std::vector<double>& second);

}  // namespace train::embedding
