#include "inference/local/embedding.h"

#include <cmath>
#include <deque>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "base/limits/request.h"
#include "inference/local/event_reader.h"
#include "inference/local/prompt.h"

namespace inference::local {
namespace {

using engine::TokenId;

// How many inputs of one request are in the engine at a time: enough to fill its batch, few enough
// for its queue.
constexpr std::size_t kInFlightMax = 64;

// Shortened to the first `dimensions`, then to length 1.
std::vector<float> finished(std::vector<float> vector, std::optional<int> dimensions) {
  if (dimensions) vector.resize(static_cast<std::size_t>(*dimensions));
  double square = 0;
  for (const float x : vector) square += static_cast<double>(x) * x;
  const double scale = square > 0 ? 1 / std::sqrt(square) : 0;
  for (float& x : vector) x = static_cast<float>(x * scale);
  return vector;
}

struct Pending {
  std::size_t slot;
  std::unique_ptr<EventReader> reader;
};

base::awaitable<Result<std::vector<float>>> receive_vector(EventReader& reader) {
  std::vector<float> vector;
  while (true) {
    engine::Event event = co_await reader.next();
    if (auto* embedded = std::get_if<engine::Embedded>(&event);
        embedded && !embedded->vectors.empty()) {
      vector = std::move(embedded->vectors.front());
    }
    if (const auto* failed = std::get_if<engine::Failed>(&event)) co_return fail(failed->error);
    if (std::holds_alternative<engine::Finished>(event)) co_return std::move(vector);
  }
}

}  // namespace

Result<std::vector<std::vector<TokenId>>> encode_inputs(const LoadedModel& model,
                                                        const EmbedRequest& request) {
  const auto& info = model.engine->model();
  if (request.dimensions && *request.dimensions > static_cast<int>(info.d_model)) {
    return fail(
        ErrorCode::InvalidRequest,
        fmt::format("Invalid value for 'dimensions' = {}. Must be less than or equal to {}.",
                    *request.dimensions, info.d_model),
        "dimensions", "invalid_value");
  }
  const auto context = static_cast<std::size_t>(info.context_tokens);
  std::vector<std::vector<TokenId>> out;
  std::size_t total = 0;
  for (const RawPrompt& input : request.inputs) {
    auto tokens = encode_raw(model, input);
    if (!tokens) return fail(tokens.error());
    if (tokens->size() > context) {
      return fail(
          ErrorCode::InvalidRequest,
          fmt::format(
              "This model's maximum context length is {} tokens, however you requested {} tokens "
              "({} in your prompt; 0 for the completion). Please reduce your prompt; or completion "
              "length.",
              context, tokens->size(), tokens->size()),
          "input", "context_length_exceeded");
    }
    total += tokens->size();
    out.push_back(std::move(*tokens));
  }
  if (total > limits::embedding_tokens_max) {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("Requested {} tokens, max {} tokens per request", total,
                            limits::embedding_tokens_max),
                "input", "max_tokens_per_request");
  }
  return out;
}

base::awaitable<Result<Embeddings>> embed_all(const LoadedModel& model, const EmbedRequest& request,
                                              std::string adapter,
                                              std::vector<std::vector<TokenId>> inputs) {
  auto executor = co_await base::asio::this_coro::executor;
  Embeddings out;
  std::map<std::vector<TokenId>, std::size_t> slots;  // each distinct input is computed once
  std::vector<std::size_t> slot_of_input;
  for (const auto& tokens : inputs) {
    out.input_tokens += static_cast<std::int64_t>(tokens.size());
    slot_of_input.push_back(slots.try_emplace(tokens, slots.size()).first->second);
  }

  std::vector<std::vector<float>> vectors(slots.size());
  std::deque<Pending> pending;
  auto next = slots.begin();
  while (next != slots.end() || !pending.empty()) {
    while (next != slots.end() && pending.size() < kInFlightMax) {
      auto reader = std::make_unique<EventReader>(executor);
      engine::EmbedRequest one{.tokens = next->first,
                               .project = request.project.value,
                               .priority = request.priority == Priority::Background
                                               ? engine::Priority::Batch
                                               : engine::Priority::Interactive,
                               .adapter = adapter};
      auto handle = model.engine->submit(std::move(one), reader->notify());
      if (!handle) co_return fail(handle.error());
      reader->attach(*model.engine, std::move(*handle));
      pending.push_back({next->second, std::move(reader)});
      ++next;
    }
    auto vector = co_await receive_vector(*pending.front().reader);
    if (!vector) co_return fail(vector.error());
    vectors[pending.front().slot] = finished(std::move(*vector), request.dimensions);
    pending.pop_front();
  }
  for (const std::size_t slot : slot_of_input) out.vectors.push_back(vectors[slot]);
  co_return out;
}

}  // namespace inference::local
