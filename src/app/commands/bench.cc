// parlance bench: how fast this machine reads prompts and writes answers with a model.
#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "app/commands/commands.h"
#include "app/local_models.h"
#include "app/model_files.h"
#include "base/random.h"

namespace app {
namespace {

struct Rates {
  double prompt = 0, generated = 0;  // tokens per second
};

Result<Rates> measure(engine::Engine& engine, const BenchOptions& options,
                      const std::string& adapter, base::Random& random) {
  engine::GenerateRequest request;
  request.adapter = adapter;
  for (int i = 0; i < options.prompt_tokens; ++i) {
    request.prompt.push_back(static_cast<engine::TokenId>(random.below(engine.model().n_vocab)));
  }
  request.tokens_max = options.generated_tokens;
  request.sampling.temperature = 0;
  request.salt = random.hex(16);  // nothing cached

  const auto started = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  };
  auto handle = engine.submit(std::move(request));
  if (!handle) return fail(handle.error());
  double first = 0;
  int tokens = 0;
  while (true) {
    const engine::Event event = handle->events->wait();
    if (std::holds_alternative<engine::TokenGenerated>(event) && tokens++ == 0) first = seconds();
    if (const auto* failed = std::get_if<engine::Failed>(&event)) return fail(failed->error);
    if (std::holds_alternative<engine::Finished>(event)) break;
  }
  return Rates{.prompt = options.prompt_tokens / first,
               .generated = (tokens - 1) / (seconds() - first)};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int bench(const Config& config, const BenchOptions& options) {
  const ModelFiles files(config.data, config.models.files, config.models.adapters);
  auto file = options.model.empty() ? files.default_model(config.models.default_model)
                                    : files.find(options.model);
  if (!file) return complain(file.error().message);
  auto engine_options = app::engine_options(config.engine);
  if (!engine_options) return complain(engine_options.error().message);
  const auto base = files.base_of(*file);
  if (!base) return complain(base.error().message);
  engine_options->model_path = base->path;
  const bool adapts = !file->base.empty();
  if (adapts) engine_options->adapters = {{.name = file->id, .path = file->path}};
  auto engine = engine::Engine::load(*engine_options);
  if (!engine) return complain(engine.error().message);

  base::SeededRandom random(1);
  std::vector<double> prompt, generated;
  for (int i = 0; i < options.repetitions; ++i) {
    auto rates = measure(**engine, options, adapts ? file->id : "", random);
    if (!rates) return complain(rates.error().message);
    prompt.push_back(rates->prompt);
    generated.push_back(rates->generated);
    fmt::print("run {}: prompt of {}: {:.1f} tok/s; generating {}: {:.1f} tok/s\n", i + 1,
               options.prompt_tokens, rates->prompt, options.generated_tokens, rates->generated);
  }
  fmt::print("{}: median prompt {:.1f} tok/s, generation {:.1f} tok/s\n", file->id, median(prompt),
             median(generated));
  return 0;
}

}  // namespace app
