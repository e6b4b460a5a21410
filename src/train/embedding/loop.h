// From a data folder to an embedding model's file: vocabulary, training, export.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "train/embedding/sets.h"

namespace train::embedding {

struct EmbeddingPlan {
  std::filesystem::path data;                // with the NAME.tar.xz archives
  std::filesystem::path out;                 // made if absent
  std::string file = "parlance-embed.gguf";  // in it
  int vocabulary = 32'000;
  int width = 256;
  std::int64_t steps = 1'200;
  float rate = 0.02f;  // of Adam, at the start
  float logit_scale = 20;
  DrawOptions draw = {};
  std::uint64_t seed = 1;
  std::int64_t report_every = 100;
};

// The vocabulary and the token sets, from the archives into `out`.
Status prepare_embedding(const EmbeddingPlan& plan);

// From what is prepared to the model's file, written anew with every report. The same data, plan
// and kernels give the same file.
Status train_embedding(const EmbeddingPlan& plan);

// Prints what a trained file's card says, computed by its tokenizer and its rounded numbers.
Status evaluate_embedding(const std::filesystem::path& data, const std::filesystem::path& file);

}  // namespace train::embedding
