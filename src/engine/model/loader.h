// Takes tensors out of a GGUF file by name, checking each against the shape the model needs.
// Remembers the first error, after which everything it returns is empty.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "compute/gguf/file.h"
#include "engine/model/blocks/linear.h"

namespace engine {

// By the name of the weight tensor: "blk.0.attn_q.weight".
using LoraSites = std::map<std::string, std::shared_ptr<LoraSite>>;

// `file` and `pool` must outlive it, `file` also everything loaded.
class TensorLoader {
 public:
  TensorLoader(const gguf::File& file, compute::Pool& pool, NormKind norm)
      : file_(file), pool_(pool), norm_(norm) {}

  // Names are then those of this layer: "blk.N." before them. Without: those of the whole model.
  void enter_layer(int layer) { prefix_ = "blk." + std::to_string(layer) + "."; }
  void leave_layers() { prefix_.clear(); }

  const gguf::TensorInfo* find_tensor(const std::string& name) const {
    return file_.find_tensor(prefix_ + name);
  }
  bool has(const std::string& name) const { return find_tensor(name) != nullptr; }
  // NAME.weight [n_out, n_in], and NAME.bias [n_out] where the file has it.
  Linear linear(const std::string& name, std::size_t n_in, std::size_t n_out);
  // Empty when the file has none.
  Linear optional_linear(const std::string& name, std::size_t n_in, std::size_t n_out);
  compute::Weight matrix(const std::string& full_name, std::size_t n_in, std::size_t n_out,
                         bool lookup_only = false);
  // NAME.weight [n_experts, n_out, n_in].
  compute::ExpertWeights experts(const std::string& name, std::size_t n_in, std::size_t n_out,
                                 std::size_t n_experts);
  // The same from numbers that outlive the result.
  compute::ExpertWeights experts_of(std::span<const float> values, std::size_t n_in,
                                    std::size_t n_out, std::size_t n_experts);
  // NAME.weight [n], and NAME.bias [n] where the file has it. No norm for an empty name.
  Norm norm(const std::string& name, std::size_t n);
  Norm norm(const std::string& name, std::size_t n, NormKind kind);
  // All elements as f32, of a tensor of any shape with `n` elements. `name` with its suffix.
  std::vector<float> floats(const std::string& name, std::size_t n);
  std::vector<float> optional_floats(const std::string& name, std::size_t n);

  const LoraSites& lora_sites() const { return lora_sites_; }
  // Unsupported, naming a tensor that nothing has asked for: a model that has it and is run without
  // it is slightly wrong. Those of draft layers, behind the model's, may stay. Call it last.
  void refuse_unused(int n_layers, int n_draft_layers);
  Status status() const;

 private:
  const gguf::TensorInfo* find(const std::string& full_name, std::size_t n_in, std::size_t n_out,
                               std::size_t n_stacked);
  void refuse(Error error);

  const gguf::File& file_;
  compute::Pool& pool_;
  NormKind norm_;
  std::string prefix_;
  std::set<std::string, std::less<>> used_;
  LoraSites lora_sites_;
  std::optional<Error> error_;
};

}  // namespace engine
