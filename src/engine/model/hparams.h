// Reads an architecture's constants from GGUF metadata, checking each against its range. Remembers
// the first error, after which values are meaningless.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "compute/gguf/file.h"

namespace engine {

// `file` must outlive it. Keys are given without the architecture's prefix.
class Hparams {
 public:
  Hparams(const gguf::File& file, std::string architecture, int context_tokens);

  const gguf::File& file() const { return file_; }
  const std::string& architecture() const { return architecture_; }
  // The longest sequence that will be run; 0 when it is not known yet.
  int context_tokens() const { return context_tokens_; }

  // In [low, high], else an error that names key, value and range.
  int required(std::string_view key, int low, int high);
  int integer(std::string_view key, int otherwise, int low, int high);
  float required_float(std::string_view key);
  float number(std::string_view key, float otherwise);
  bool flag(std::string_view key, bool otherwise);
  std::string text(std::string_view key, std::string otherwise);
  std::vector<std::string> texts(std::string_view key);
  // None when the key is absent. Each within what 32 bits hold.
  std::vector<std::int64_t> integers(std::string_view key);
  bool has(std::string_view key) const { return file_.has(full(key)); }
  // One number for all layers, or an array with one for each.
  std::vector<int> per_layer(std::string_view key, int n_layers, std::optional<int> otherwise,
                             int low, int high);
  // So many of the file's last layers are no part of the model proper; lists name them too.
  int draft_layers();
  // An array of booleans, one per layer.
  std::vector<bool> flags_per_layer(std::string_view key, int n_layers);
  bool is_array(std::string_view key) const;

  void refuse(std::string message);
  Status status() const;

 private:
  std::string full(std::string_view key) const;
  int checked(std::string_view key, std::int64_t value, int low, int high);

  const gguf::File& file_;
  std::string architecture_;
  int context_tokens_;
  gguf::Fields fields_;
  std::optional<Error> error_;
};

}  // namespace engine
