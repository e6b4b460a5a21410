// What a loaded model is, for those who use it. Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace engine {

// How the hidden states of a text become one vector.
enum class Pooling : std::uint8_t {
  None,  // one vector per token
  Mean,
  Cls,   // the first token's
  Last,  // the last token's
  Rank,  // a classification head on one of the above: scores
};

struct ModelInfo {
  std::string architecture;  // as the file names it: "llama", "qwen3"...
  std::string name;          // `general.name`, may be empty
  std::size_t n_vocab = 0;
  std::size_t d_model = 0;
  int n_layers = 0;
  int context_trained = 0;
  int context_tokens = 0;  // longest sequence as loaded
  bool generates = true;   // false for encoders
  bool causal = true;      // a token sees only those before it
  Pooling pooling = Pooling::None;
  Pooling rank_pooling = Pooling::Cls;   // what the head of Pooling::Rank works on
  std::vector<std::string> labels = {};  // of a classification head
  std::uint64_t parameters = 0;
};

}  // namespace engine
