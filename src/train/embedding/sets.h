// The sources as token sets on disk, and batches of pairs drawn from them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "engine/tokenizer/tokenizer.h"
#include "train/data/token_file.h"
#include "train/embedding/sources.h"

namespace train::embedding {

using Tokens = std::vector<std::uint16_t>;

// [PAD], which no text contains, stands between the parts of a document of a token set: query,
// passage, group; or title, heading and the sentences of a paragraph.
inline constexpr std::uint16_t kPartEnd = 1;

// Writes every source as a token set into `folder`.
Status save_sets(const Sources& sources, const engine::Tokenizer& tokenizer,
                 const std::filesystem::path& folder);

// Pair i of a batch; others that share one of its keys are no example of difference.
struct TrainingPair {
  Tokens query;
  Tokens passage;
  std::uint64_t query_key = 0;
  std::uint64_t passage_key = 0;
};

struct DrawOptions {
  int pairs = 512;
  double dropout = 0.1;  // of tokens, on both sides
  std::size_t query_tokens_max = 48;
  std::size_t passage_tokens_max = 128;
};

// One thread.
class TrainingSets {
 public:
  static Result<TrainingSets> load(const std::filesystem::path& folder, std::size_t n_tokens);

  // All pairs of a batch come from one source: what is told apart is then alike in form.
  std::vector<TrainingPair> draw(const DrawOptions& options, base::Random& random) const;

  // Occurrences of each token.
  const std::vector<std::int64_t>& counts() const { return counts_; }

 private:
  struct Set {
    SourceKind kind;
    double share;
    TokenSet documents;
  };

  std::vector<Set> sets_;
  std::vector<std::int64_t> counts_;
};

Tokens to_tokens(const std::string& text, const engine::Tokenizer& tokenizer);

}  // namespace train::embedding
