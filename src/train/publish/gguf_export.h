// Writes a trained model as a llama-architecture GGUF file with its tokenizer and chat template.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"
#include "train/loop/checkpoint.h"
#include "train/text/vocabulary.h"

namespace train {

struct ExportOptions {
  std::string name = "Parlance Mini";
  std::string description;
};

// The averaged weights; matrices as Q8_0, gains as f32.
Status export_gguf(const Checkpoint& checkpoint, const Vocabulary& vocabulary,
                   const ExportOptions& options, const std::filesystem::path& file);

// ChatML, in Jinja, as the chat sets are written.
std::string chat_template();

}  // namespace train
