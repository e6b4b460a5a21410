// Writes an embedding model as a GGUF file of the engine's "static-embedding" architecture.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace train::embedding {

struct StaticModel {
  std::vector<std::string> tokens;  // as WordPieceTrainer::learn gives them
  int width = 0;
  std::span<const float> weights =
      {};  // [tokens, width], stored as Q8_0; empty: the vocabulary only
};

Status export_static(const StaticModel& model, const std::filesystem::path& file);

// The tokens of such a file.
Result<std::vector<std::string>> read_tokens(const std::filesystem::path& file);

}  // namespace train::embedding
