#include "inference/local/backend.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "inference/local/constraint.h"
#include "inference/local/embedding.h"
#include "inference/local/ranking.h"
#include "inference/local/generation.h"
#include "inference/local/prompt.h"

namespace inference::local {
namespace {

constexpr auto kCatalogueBelief = std::chrono::seconds(1);
constexpr int kBackgroundNiceness = 5;  // above the program's: a third of the share of its others

Error unknown_model(const std::string& id) {
  return {
      .code = ErrorCode::NotFound,
      .message = fmt::format("The model `{}` does not exist or you do not have access to it.", id),
      .reason = "model_not_found"};
}

engine::SamplingParams to_engine(const SamplingParams& in, std::uint64_t random_seed) {
  engine::SamplingParams out;
  out.temperature = static_cast<float>(in.temperature);
  out.top_p = static_cast<float>(in.top_p);
  out.top_k = in.top_k;
  out.min_p = static_cast<float>(in.min_p);
  out.repetition_penalty = static_cast<float>(in.repetition_penalty);
  out.presence_penalty = static_cast<float>(in.presence_penalty);
  out.frequency_penalty = static_cast<float>(in.frequency_penalty);
  for (const auto& [token, bias] : in.logit_bias) out.logit_bias.push_back({token, bias});
  out.seed = in.seed ? static_cast<std::uint64_t>(*in.seed) : random_seed;
  return out;
}

engine::Priority to_engine(Priority priority) {
  return priority == Priority::Background ? engine::Priority::Batch : engine::Priority::Interactive;
}

const ModelSource* find_source(const std::vector<ModelSource>& all, const std::string& id) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& source) { return source.id == id; });
  return found == all.end() ? nullptr : &*found;
}

Status check(const LoadedModel& model, const GenerateRequest& request) {
  const auto& info = model.engine->model();
  if (!info.generates) {
    const char* makes = info.pooling == engine::Pooling::Rank ? "ranks texts" : "makes embeddings";
    return fail(ErrorCode::InvalidRequest,
                fmt::format("The model '{}' {}, not text.", model.id, makes), "model",
                "unsupported_value");
  }
  const std::int64_t context = model.engine->model().context_tokens;
  if (request.sampling.tokens_max && *request.sampling.tokens_max > context) {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("max_tokens is too large: {0}. This model supports at most {1} "
                            "completion tokens, whereas you "
                            "provided {0}.",
                            *request.sampling.tokens_max, context),
                "max_tokens", "invalid_value");
  }
  for (const Message& message : request.messages) {
    for (const Part& part : message.content) {
      if (std::holds_alternative<TextPart>(part)) continue;
      return fail(
          ErrorCode::InvalidRequest,
          fmt::format("The model '{}' reads text only; image and audio parts are not supported.",
                      model.id),
          "messages", "unsupported_value");
    }
  }
  return {};
}

engine::GenerateRequest to_engine(const GenerateRequest& in, const LoadedModel& model,
                                  std::uint64_t random_seed) {
  engine::GenerateRequest out;
  out.sampling = to_engine(in.sampling, random_seed);
  out.tokens_max = static_cast<int>(in.sampling.tokens_max.value_or(0));
  if (!in.sampling.ignore_end) {
    const auto ends = model.tokenizer->end_of_generation();
    out.stop_tokens.assign(ends.begin(), ends.end());
  }
  out.choices = in.choices;
  out.top_logprobs = in.sampling.top_logprobs;
  out.prompt_logprobs = in.echo_logprobs && in.sampling.top_logprobs.has_value();
  out.project = in.project.value;
  out.salt = in.project.value;
  out.priority = to_engine(in.priority);
  return out;
}

}  // namespace

base::asio::thread_pool& LocalBackend::pool_for(Priority priority) {
  return priority == Priority::Background ? background_ : pools_.work;
}

Activity::Guard LocalBackend::begin(Priority priority) {
  return Activity::Guard(priority == Priority::Interactive ? options_.activity : nullptr);
}

template <class Fn>
auto LocalBackend::with_sources(Fn fn) const {
  const auto now = clock_.monotonic();
  return known_.with([&](Known& known) {
    if (known.sources.empty() || known.asked + kCatalogueBelief < now) {
      known.sources = options_.catalogue();
      known.asked = now;
    }
    return fn(std::as_const(known.sources));
  });
}

LocalBackend::LocalBackend(LocalOptions options, base::Pools& pools, base::IdGenerator& ids,
                           const base::Clock& clock)
    : options_(std::move(options)),
      pools_(pools),
      ids_(ids),
      clock_(clock),
      residency_(options_.engine, options_.resident_models_max) {
  base::asio::post(background_, [] {
    // 0 is the calling thread. Nothing is lost where it is not allowed.
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + kBackgroundNiceness);
  });
  for (const auto& source : with_sources([](const auto& all) { return all; })) {
    if (source.base.empty()) abilities_.of(source.path);
  }
}

// On another thread: callers must not wait for a disk.
void LocalBackend::read_abilities(std::vector<ModelSource> sources) const {
  if (reading_abilities_.exchange(true)) return;
  base::asio::post(background_, [this, sources = std::move(sources)] {
    for (const auto& source : sources) {
      if (source.base.empty()) abilities_.of(source.path);
    }
    reading_abilities_ = false;
  });
}

std::vector<ModelInfo> LocalBackend::models() const {
  std::vector<ModelInfo> out;
  auto sources = with_sources([](const auto& all) { return all; });
  for (const auto& source : sources) {
    const auto* base = find_source(sources, source.base);
    const auto& file = base == nullptr ? source : *base;
    const auto abilities = abilities_.known(file.path);
    out.push_back({.id = source.id,
                   .created = source.created,
                   .owned_by = source.owned_by,
                   .generates = abilities.generates,
                   .embeds = abilities.embeds,
                   .chats = abilities.generates,
                   .removable = source.removable});
  }
  read_abilities(std::move(sources));
  return out;
}

bool LocalBackend::has(const std::string& model) const {
  return with_sources([&](const auto& all) { return find_source(all, model) != nullptr; });
}

void LocalBackend::forget(const std::string& id) {
  const auto wanted = find(id);
  residency_.forget(wanted ? wanted->model.id : id);
}

Result<LocalBackend::Wanted> LocalBackend::find(const std::string& id) const {
  return with_sources([&](const auto& all) -> Result<Wanted> {
    const auto* asked = find_source(all, id);
    if (asked == nullptr) return fail(unknown_model(id));
    if (asked->base.empty()) return Wanted{.model = *asked, .adapter = {}};
    const auto* model = find_source(all, asked->base);
    if (model == nullptr || !model->base.empty()) {
      return fail(ErrorCode::NotFound,
                  fmt::format("The model '{}' adapts '{}', which is not here.", id, asked->base));
    }
    return Wanted{.model = *model, .adapter = {.name = id, .path = asked->path}};
  });
}

base::awaitable<Result<LocalBackend::Acquired>> LocalBackend::acquire(
    std::string id, base::asio::thread_pool& pool) {
  const auto wanted = find(id);
  if (!wanted) co_return fail(wanted.error());
  auto acquired = co_await base::on_pool(pool, [&] { return load(*wanted); });
  co_return std::move(acquired);
}

// Blocks while the model, or the adapter, is loaded.
Result<LocalBackend::Acquired> LocalBackend::load(const Wanted& wanted) {
  auto model = residency_.acquire(wanted.model);
  if (!model) return fail(model.error());
  if (!wanted.adapter.name.empty()) {
    const auto added = (*model)->engine->add_adapter(wanted.adapter);
    if (!added) return fail(added.error());
  }
  return Acquired{*std::move(model), wanted.adapter.name};
}

// All that comes before the engine, in one go: on a busy machine every change of thread may cost a
// slice of the scheduler. Blocks.
Result<LocalBackend::Prepared> LocalBackend::prepare(const GenerateRequest& request,
                                                     base::UnixTime now) {
  const auto wanted = find(request.model);
  if (!wanted) return fail(wanted.error());
  auto acquired = load(*wanted);
  if (!acquired) return fail(acquired.error());
  const auto& model = *acquired->model;
  if (auto status = check(model, request); !status) return fail(status.error());
  auto prompt = build_prompt(model, request, now);
  if (!prompt) return fail(prompt.error());
  auto constraint = compile_constraint(model, request, *prompt);
  if (!constraint) return fail(constraint.error());
  return Prepared{*std::move(acquired), *std::move(prompt), *std::move(constraint)};
}

base::awaitable<Result<std::unique_ptr<EventStream>>> LocalBackend::generate(
    GenerateRequest request) {
  auto activity = begin(request.priority);
  request.truncate = request.truncate || options_.truncate;
  const auto now = clock_.now();
  auto prepared =
      co_await base::on_pool(pool_for(request.priority), [&] { return prepare(request, now); });
  if (!prepared) co_return fail(prepared.error());
  auto& [acquired, prompt, constraint] = *prepared;

  auto executor = co_await base::asio::this_coro::executor;
  auto engine_request = to_engine(request, *acquired.model, ids_.random().u64());
  engine_request.make_constraint = std::move(constraint);
  engine_request.adapter = std::move(acquired.adapter);
  auto generation = std::make_unique<Generation>(acquired.model, request, std::move(prompt), ids_,
                                                 executor, std::move(activity));
  if (auto status = generation->start(std::move(engine_request)); !status)
    co_return fail(status.error());
  co_return std::move(generation);
}

base::awaitable<Result<Embeddings>> LocalBackend::embed(EmbedRequest request) {
  const auto activity = begin(request.priority);
  auto& pool = pool_for(request.priority);
  auto acquired = co_await acquire(request.model, pool);
  if (!acquired) co_return fail(acquired.error());
  auto model = std::move(acquired->model);
  if (model->engine->model().pooling == engine::Pooling::Rank) {
    co_return fail(ErrorCode::InvalidRequest,
                   fmt::format("The model '{}' ranks texts, it makes no embeddings.", model->id),
                   "model", "unsupported_value");
  }
  auto tokens = co_await base::on_pool(pool, [&] { return encode_inputs(*model, request); });
  if (!tokens) co_return fail(tokens.error());
  auto embeddings = co_await embed_all(*model, request, acquired->adapter, std::move(*tokens));
  if (embeddings) {
    embeddings->made_by = model->fingerprint;
    if (!acquired->adapter.empty()) embeddings->made_by += " " + acquired->adapter;
  }
  co_return std::move(embeddings);
}

base::awaitable<Result<std::vector<double>>> LocalBackend::rank(RankRequest request) {
  const auto activity = begin(Priority::Interactive);  // a search waits for it
  auto acquired = co_await acquire(request.model, pools_.work);
  if (!acquired) co_return fail(acquired.error());
  auto model = std::move(acquired->model);
  auto pairs = co_await base::on_pool(pools_.work, [&] { return encode_pairs(*model, request); });
  if (!pairs) co_return fail(pairs.error());
  auto scores = co_await rank_all(*model, request, std::move(*pairs));
  co_return std::move(scores);
}

base::awaitable<Result<std::int64_t>> LocalBackend::count_tokens(GenerateRequest request) {
  auto acquired = co_await acquire(request.model, pools_.work);
  if (!acquired) co_return fail(acquired.error());
  auto model = std::move(acquired->model);
  const auto now = clock_.now();
  auto prompt =
      co_await base::on_pool(pools_.work, [&] { return build_prompt(*model, request, now); });
  if (!prompt) co_return fail(prompt.error());
  co_return static_cast<std::int64_t>(prompt->tokens.size());
}

}  // namespace inference::local
