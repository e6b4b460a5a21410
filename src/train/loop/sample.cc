#include "train/loop/sample.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "train/model/transformer.h"

namespace train {

namespace {

int choose(std::vector<float> logits, double temperature, base::SeededRandom& random) {
  const auto best = std::ranges::max_element(logits);
  if (temperature <= 0) return static_cast<int>(best - logits.begin());
  const float top = *best;
  double sum = 0;
  for (float& logit : logits) {
    logit = static_cast<float>(std::exp((logit - top) / temperature));
    sum += logit;
  }
  double left = random.unit() * sum;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    left -= logits[i];
    if (left < 0) return static_cast<int>(i);
  }
  return static_cast<int>(best - logits.begin());
}

std::string generate(std::vector<int> tokens, const Checkpoint& checkpoint,
                     const Vocabulary& vocabulary, const Kernels& kernels,
                     const SampleOptions& options) {
  Transformer model(checkpoint.shape, kernels);
  base::SeededRandom random(options.seed);
  std::string text;
  for (int i = 0; i < options.tokens_max; ++i) {
    if (static_cast<int>(tokens.size()) >= checkpoint.shape.context) break;
    const int token =
        choose(model.next_logits(checkpoint.average, tokens), options.temperature, random);
    if (token == kEndOfText || token == kMessageEnd) break;
    tokens.push_back(token);
    text += vocabulary.bytes(token);
  }
  return text;
}

}  // namespace

std::string answer(const Document& conversation, const Checkpoint& checkpoint,
                   Vocabulary& vocabulary, const Kernels& kernels, const SampleOptions& options) {
  std::vector<int> tokens;
  for (const Message& message : conversation.messages) {
    tokens.push_back(kMessageStart);
    vocabulary.encode(message.role + "\n", tokens);
    vocabulary.encode(message.text, tokens);
    tokens.push_back(kMessageEnd);
    vocabulary.encode("\n", tokens);
  }
  tokens.push_back(kMessageStart);
  vocabulary.encode("assistant\n", tokens);
  return generate(std::move(tokens), checkpoint, vocabulary, kernels, options);
}

std::string continuation(const std::string& text, const Checkpoint& checkpoint,
                         Vocabulary& vocabulary, const Kernels& kernels,
                         const SampleOptions& options) {
  std::vector<int> tokens;
  vocabulary.encode(text, tokens);
  return generate(std::move(tokens), checkpoint, vocabulary, kernels, options);
}

}  // namespace train
