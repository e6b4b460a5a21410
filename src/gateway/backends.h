// One Backend over several: a request goes to the one that has its model.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "inference/backend.h"

namespace gateway {

// Set up before it serves, then any thread. The first backend that lists a model wins.
class Backends final : public inference::Backend {
 public:
  void add(std::unique_ptr<inference::Backend> backend) { backends_.push_back(std::move(backend)); }
  // `name` is from now on another name of the model `id`. It is listed beside it, and shadows a
  // model that is really called so.
  void add_alias(std::string name, std::string id) { aliases_[std::move(name)] = std::move(id); }

  std::vector<inference::ModelInfo> models() const override;
  bool has(const std::string& model) const override;
  base::awaitable<Result<std::unique_ptr<inference::EventStream>>> generate(
      inference::GenerateRequest request) override;
  base::awaitable<Result<inference::Embeddings>> embed(inference::EmbedRequest request) override;
  base::awaitable<Result<std::int64_t>> count_tokens(inference::GenerateRequest request) override;

 private:
  // NotFound with the real API's text when nobody has the model.
  Result<inference::Backend*> having(const std::string& model) const;

  // The model that a request's name means.
  void resolve(std::string& model) const;

  std::vector<std::unique_ptr<inference::Backend>> backends_;
  std::map<std::string, std::string> aliases_;  // name -> id
};

}  // namespace gateway
