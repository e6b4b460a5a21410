#include "gateway/backends.h"

#include <set>

#include <fmt/format.h>

namespace gateway {

std::vector<inference::ModelInfo> Backends::models() const {
  std::vector<inference::ModelInfo> out;
  std::set<std::string> seen;
  for (const auto& backend : backends_) {
    for (auto& model : backend->models()) {
      if (seen.insert(model.id).second) out.push_back(std::move(model));
    }
  }
  return out;
}

bool Backends::has(const std::string& model) const {
  return having(model).has_value();
}

Result<inference::Backend*> Backends::having(const std::string& model) const {
  for (const auto& backend : backends_) {
    if (backend->has(model)) return backend.get();
  }
  return fail(ErrorCode::NotFound,
              fmt::format("The model `{}` does not exist or you do not have access to it.", model),
              {}, "model_not_found");
}

base::awaitable<Result<std::unique_ptr<inference::EventStream>>> Backends::generate(
    inference::GenerateRequest request) {
  auto backend = having(request.model);
  if (!backend) co_return fail(backend.error());
  auto events = co_await (*backend)->generate(std::move(request));
  co_return std::move(events);
}

base::awaitable<Result<inference::Embeddings>> Backends::embed(inference::EmbedRequest request) {
  auto backend = having(request.model);
  if (!backend) co_return fail(backend.error());
  auto embeddings = co_await (*backend)->embed(std::move(request));
  co_return std::move(embeddings);
}

base::awaitable<Result<std::int64_t>> Backends::count_tokens(inference::GenerateRequest request) {
  auto backend = having(request.model);
  if (!backend) co_return fail(backend.error());
  auto count = co_await (*backend)->count_tokens(std::move(request));
  co_return std::move(count);
}

}  // namespace gateway
