#include "engine/engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits/engine.h"
#include "base/limits/model.h"
#include "base/limits/request.h"
#include "base/log.h"
#include "engine/engine_core.h"
#include "engine/memory_plan.h"
#include "engine/model/registry.h"
#include "engine/model/transformer.h"

namespace engine {
namespace {

Status check_options(const EngineOptions& options) {
  const bool good = options.context_tokens >= 0 && options.sequences_max > 0 &&
                    options.sequences_max <= 4'096 && options.requests_max > 0 &&
                    options.rows_per_step_max > 0 && options.rows_per_step_max <= 65'536;
  if (!good) return fail(ErrorCode::InvalidRequest, "the engine's options are out of range");
  return {};
}

// Longrope chooses its factors by the length of the context, which memory may shorten: describe
// the model again once that is known.
struct Planned {
  gguf::File file;
  CachePlan plan;
  DraftOptions draft;  // no path: none
};

// The plan of a model that shares the memory with a draft model.
Result<CachePlan> plan_beside(const DraftOptions& draft, const ModelSpec& spec,
                              const gguf::File& file, EngineOptions options) {
  const auto needed = DraftModel::plan_memory(draft);
  if (!needed) return fail(needed.error());
  if (options.memory_bytes_free == 0) options.memory_bytes_free = available_memory();
  for (auto* limit : {&options.memory_bytes_free, &options.memory_bytes_max}) {
    if (*limit > 0) *limit = *limit > needed->total() ? *limit - needed->total() : 1;
  }
  auto plan = plan_cache(spec, file, options);
  if (!plan) return fail(plan.error());
  plan->memory.available += needed->total();
  plan->memory.cache += needed->cache;
  plan->memory.draft = needed->weights + needed->work;
  return plan;
}

// The draft model reads texts as long as the model's own where that does not shorten them, else
// what is ample. Sets its length.
Result<CachePlan> plan_with_draft(DraftOptions& draft, const ModelSpec& spec,
                                  const gguf::File& file, const EngineOptions& options) {
  const int trained = spec.info.context_trained;
  const int wanted =
      options.context_tokens > 0 ? std::min(options.context_tokens, trained) : trained;
  draft.context_tokens = std::min(wanted, limits::model_context_ample);
  auto plan = plan_beside(draft, spec, file, options);
  if (!plan) return fail(plan.error());
  auto whole = draft;
  whole.context_tokens = plan->memory.context_tokens;
  auto again = plan_beside(whole, spec, file, options);
  if (!again || again->memory.context_tokens < plan->memory.context_tokens) return plan;
  draft = whole;
  return again;
}

Result<Planned> open_and_plan(const EngineOptions& options) {
  if (auto status = check_options(options); !status) return fail(status.error());
  auto file = gguf::File::open(options.model_path);
  if (!file) return fail(file.error());
  const auto spec = describe_model(*file, options.context_tokens);
  if (!spec) return fail(spec.error());
  DraftOptions draft{
      .path = options.draft_path, .n_vocab = spec->info.n_vocab, .gap_goal = options.gap_goal};
  if (!draft.path.empty() && state_floats_of(*spec) > 0) {
    return fail(ErrorCode::InvalidRequest,
                "a draft model is of no use to a model with state, which cannot take back a guess");
  }
  auto plan = draft.path.empty() ? plan_cache(*spec, *file, options)
                                 : plan_with_draft(draft, *spec, *file, options);
  if (!plan) return fail(plan.error());
  return Planned{std::move(*file), std::move(*plan), std::move(draft)};
}

// Before anything big is allocated, so that a machine that runs out of memory says why.
void announce(const MemoryPlan& memory, const EngineOptions& options) {
  constexpr double kMegabyte = 1e6;
  LOG(Info,
      "{}: needs {:.0f} MB of {:.0f} MB available: weights {:.0f}, cache up to {:.0f} for a "
      "context "
      "of {} tokens, work space {:.0f}",
      options.model_path.substr(options.model_path.rfind('/') + 1),
      static_cast<double>(memory.total()) / kMegabyte,
      static_cast<double>(memory.available) / kMegabyte,
      static_cast<double>(memory.weights) / kMegabyte,
      static_cast<double>(memory.cache) / kMegabyte, memory.context_tokens,
      static_cast<double>(memory.work) / kMegabyte);
}

std::unexpected<Error> invalid(std::string message, std::string param, std::string reason = {}) {
  return fail(ErrorCode::InvalidRequest, std::move(message), std::move(param), std::move(reason));
}

Status check_tokens(std::span<const TokenId> tokens, const ModelInfo& info, bool room_for_more) {
  if (tokens.empty()) return invalid("the prompt has no tokens", "prompt");
  for (const TokenId token : tokens) {
    if (token < 0 || static_cast<std::size_t>(token) >= info.n_vocab) {
      return invalid(
          fmt::format("token {} is not in the vocabulary of {} tokens", token, info.n_vocab),
          "prompt");
    }
  }
  const auto longest = static_cast<std::size_t>(info.context_tokens - (room_for_more ? 1 : 0));
  if (tokens.size() > longest) {
    return invalid(fmt::format("This model's maximum context length is {} tokens. However, your "
                               "messages resulted in {} tokens. Please reduce the length of the "
                               "messages.",
                               info.context_tokens, tokens.size()),
                   "messages", "context_length_exceeded");
  }
  return {};
}

Status check_generate(const GenerateRequest& request, const ModelInfo& info) {
  if (!info.generates) return fail(ErrorCode::Unsupported, "this model does not generate text");
  if (auto status = check_tokens(request.prompt, info, true); !status) return status;
  if (auto status = validate(request.sampling, info.n_vocab); !status) return status;
  constexpr int choices_max = static_cast<int>(limits::chat_choices_max);
  if (request.choices < 1 || request.choices > choices_max) {
    return invalid(fmt::format("n must be between 1 and {}: {}", choices_max, request.choices),
                   "n");
  }
  if (request.top_logprobs &&
      (*request.top_logprobs < 0 || *request.top_logprobs > limits::engine_top_logprobs_max)) {
    return invalid(fmt::format("top_logprobs must be between 0 and {}: {}",
                               limits::engine_top_logprobs_max, *request.top_logprobs),
                   "top_logprobs");
  }
  if (request.stop_tokens.size() > limits::engine_stop_tokens_max) {
    return invalid("too many stop tokens", "stop");
  }
  return {};
}

// Adapters are small beside a model, but a file can claim to be anything.
Status check_adapter_memory(const std::string& path) {
  const auto file = gguf::File::open(path);
  if (!file) return fail(file.error());
  std::size_t bytes = 0;
  for (const auto& tensor : file->tensors()) bytes += tensor.bytes.size();
  const auto available = available_memory();
  if (bytes <= available) return {};
  return fail(ErrorCode::ResourceExhausted,
              fmt::format("the adapter does not fit: it needs {:.1f} MB, {:.1f} MB are available",
                          static_cast<double>(bytes) / 1e6, static_cast<double>(available) / 1e6));
}

// Pages computed with one adapter mean nothing to another.
std::string salted(const std::string& salt, int adapter) {
  return salt + '\0' + std::to_string(adapter);
}

// What no answer can come to is not looked at: a body may hold millions of tokens.
void cut_prediction(std::vector<TokenId>& prediction, std::size_t tokens_max) {
  if (prediction.size() <= tokens_max) return;
  prediction.resize(tokens_max);
  prediction.shrink_to_fit();
}

std::unique_ptr<Choice> make_choice(LiveRequest& request, int index) {
  auto choice = std::make_unique<Choice>();
  choice->request = &request;
  choice->index = index;
  return choice;
}

}  // namespace

Engine::Engine(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Engine::~Engine() = default;

Result<MemoryPlan> Engine::plan_memory(const EngineOptions& options) {
  const auto planned = open_and_plan(options);
  if (!planned) return fail(planned.error());
  return planned->plan.memory;
}

Result<std::unique_ptr<Engine>> Engine::load(const EngineOptions& options) {
  auto planned = open_and_plan(options);
  if (!planned) return fail(planned.error());
  Core::Parts parts;
  parts.file = std::make_unique<gguf::File>(std::move(planned->file));
  parts.plan = std::move(planned->plan);
  parts.pool = std::make_unique<compute::Pool>(options.threads);
  announce(parts.plan.memory, options);
  auto model = load_model(*parts.file, parts.plan.memory.context_tokens, *parts.pool);
  if (!model) return fail(model.error());
  parts.model = std::move(*model);
  if (!planned->draft.path.empty()) {
    auto draft = DraftModel::load(planned->draft, *parts.pool);
    if (!draft) return fail(draft.error());
    parts.draft = std::move(*draft);
  }
  auto core = Core::create(std::move(parts), options);
  if (!core) return fail(core.error());
  auto engine = std::unique_ptr<Engine>(new Engine(std::move(*core)));
  for (const auto& adapter : options.adapters) {
    if (auto status = engine->add_adapter(adapter); !status) return fail(status.error());
  }
  return engine;
}

Status Engine::add_adapter(const AdapterOptions& adapter) {
  if (core_->find_adapter(adapter.name)) return {};
  if (auto status = check_adapter_memory(adapter.path); !status) return status;
  return core_->add_adapter(adapter);
}

const ModelInfo& Engine::model() const {
  return core_->info();
}
const MemoryPlan& Engine::memory() const {
  return core_->memory();
}
EngineStats Engine::stats() const {
  return core_->stats();
}
void Engine::cancel(RequestId id) {
  core_->cancel(id);
}
void Engine::stop_choice(RequestId id, int choice) {
  core_->stop_choice(id, choice);
}

Result<RequestHandle> Engine::submit(GenerateRequest request, std::function<void()> notify) {
  const auto& info = core_->info();
  if (auto status = check_generate(request, info); !status) return fail(status.error());
  const auto adapter = core_->find_adapter(request.adapter);
  if (!adapter) return fail(adapter.error());
  const int room = info.context_tokens - static_cast<int>(request.prompt.size());
  request.tokens_max = request.tokens_max > 0 ? std::min(request.tokens_max, room) : room;
  cut_prediction(request.prediction, static_cast<std::size_t>(info.context_tokens));

  auto live = std::make_unique<LiveRequest>();
  live->adapter = *adapter;
  live->generate = std::move(request);
  const auto& asked = *live->generate;
  for (int i = 0; i < asked.choices; ++i) {
    auto choice = make_choice(*live, i);
    auto& sequence = choice->sequence;
    sequence.project = asked.project;
    sequence.salt = salted(asked.salt, *adapter);
    sequence.priority = asked.priority;
    sequence.reuse_prefix = !asked.prompt_logprobs;
    if (asked.prompt_logprobs) sequence.piece_max = limits::engine_prompt_logprob_rows;
    choice->sampler =
        std::make_unique<Sampler>(asked.sampling, info.n_vocab, static_cast<std::uint64_t>(i));
    choice->sampler->add_prompt(asked.prompt);
    if (!asked.prediction.empty()) choice->drafter.expect(asked.prediction);
    if (asked.make_constraint) choice->constraint = asked.make_constraint(i);
    live->choices.push_back(std::move(choice));
  }
  live->choices[0]->sequence.tokens = asked.prompt;
  live->choices[0]->sequence.choices = asked.choices;
  return core_->submit(std::move(live), std::move(notify));
}

Result<RequestHandle> Engine::submit(EmbedRequest request, std::function<void()> notify) {
  const auto& info = core_->info();
  if (auto status = check_tokens(request.tokens, info, false); !status) {
    return fail(status.error());
  }
  const auto adapter = core_->find_adapter(request.adapter);
  if (!adapter) return fail(adapter.error());
  const auto own = info.pooling == Pooling::None ? Pooling::Mean : info.pooling;
  const auto pooling = request.pooling.value_or(own);
  if (pooling == Pooling::Rank && info.pooling != Pooling::Rank) {
    return fail(ErrorCode::Unsupported, "this model does not rank texts");
  }
  auto live = std::make_unique<LiveRequest>();
  live->adapter = *adapter;
  live->pooling = pooling;
  if (pooling != Pooling::None) live->pooler.emplace(pooling_of(info, pooling), info.d_model);
  auto choice = make_choice(*live, 0);
  choice->sequence.project = request.project;
  choice->sequence.salt = salted("", *adapter);
  choice->sequence.priority = request.priority;
  choice->sequence.tokens = request.tokens;
  choice->sequence.reuse_prefix = false;
  choice->sequence.whole = !info.causal;
  live->embed = std::move(request);
  live->choices.push_back(std::move(choice));
  return core_->submit(std::move(live), std::move(notify));
}

}  // namespace engine
