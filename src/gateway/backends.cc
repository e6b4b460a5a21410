#include "gateway/backends.h"

#include <algorithm>
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
  const auto real = out;
  for (const auto& [name, id] : aliases_) {
    const auto target = std::ranges::find(real, id, &inference::ModelInfo::id);
    if (target == real.end() || !seen.insert(name).second) continue;
    auto& alias = out.emplace_back(*target);
    alias.id = name;
    alias.removable = false;
  }
  return out;
}

bool Backends::has(const std::string& name) const {
  std::string model = name;
  resolve(model);
  return having(model).has_value();
}

void Backends::resolve(std::string& model) const {
  const auto alias = aliases_.find(model);
  if (alias != aliases_.end()) model = alias->second;
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
  resolve(request.model);
  auto backend = having(request.model);
  if (!backend) co_return fail(backend.error());
  auto events = co_await (*backend)->generate(std::move(request));
  co_return std::move(events);
}

base::awaitable<Result<inference::Embeddings>> Backends::embed(inference::EmbedRequest request) {
  resolve(request.model);
  auto backend = having(request.model);
  if (!backend) co_return fail(backend.error());
  auto embeddings = co_await (*backend)->embed(std::move(request));
  co_return std::move(embeddings);
}

base::awaitable<Result<std::int64_t>> Backends::count_tokens(inference::GenerateRequest request) {
  resolve(request.model);
  auto backend = having(request.model);
  if (!backend) co_return fail(backend.error());
  auto count = co_await (*backend)->count_tokens(std::move(request));
  co_return std::move(count);
}

}  // namespace gateway
