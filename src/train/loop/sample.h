// Reads a model's mind while it learns: continues a text or answers a message, without a cache, so
// only for looking at.
#pragma once

#include <cstdint>
#include <string>

#include "train/data/document.h"
#include "train/kernels/kernels.h"
#include "train/loop/checkpoint.h"
#include "train/text/vocabulary.h"

namespace train {

struct SampleOptions {
  double temperature = 0.0;  // 0 takes the likeliest token
  int tokens_max = 80;
  std::uint64_t seed = 1;
};

// The assistant's answer to a conversation, by the averaged weights.
std::string answer(const Document& conversation, const Checkpoint& checkpoint,
                   Vocabulary& vocabulary, const Kernels& kernels, const SampleOptions& options);
// What follows `text`.
std::string continuation(const std::string& text, const Checkpoint& checkpoint,
                         Vocabulary& vocabulary, const Kernels& kernels,
                         const SampleOptions& options);

}  // namespace train
