// From a folder of archives to a vocabulary and token sets: "text" and "chat", each with a held-out
// hundredth in NAME_held.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/error.h"

namespace train {

struct PrepareOptions {
  std::filesystem::path data;  // with the NAME.tar.xz archives
  std::filesystem::path talk;  // with our own texts, small_talk.txt and so on
  std::filesystem::path out;   // made if absent
  int vocab_size = 4'096;
  int n_conversations = 70'000;  // to be generated
  std::uint64_t seed = 1;        // of what is generated
};

Status prepare(const PrepareOptions& options);

}  // namespace train
