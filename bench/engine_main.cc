// bench_engine MODEL.gguf: tokens per second of the engine without a server around it: reading a
// prompt, generating alone, generating in several streams, and the longest gap between the tokens
// of running streams while a long prompt arrives.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "engine/engine.h"

namespace {

using Clock = std::chrono::steady_clock;
using engine::Engine;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

engine::GenerateRequest request(const Engine& engine, int prompt, int generate, int seed) {
  engine::GenerateRequest request;
  const auto n_vocab = static_cast<std::uint32_t>(engine.model().n_vocab);
  std::uint32_t state = static_cast<std::uint32_t>(seed) * 2'654'435'761u + 1;
  for (int i = 0; i < prompt; ++i) {
    state = state * 1'664'525u + 1'013'904'223u;
    request.prompt.push_back(static_cast<engine::TokenId>((state >> 8) % n_vocab));
  }
  request.tokens_max = generate;
  request.sampling.seed = static_cast<std::uint64_t>(seed);
  request.salt = std::to_string(seed);  // nothing is shared between requests
  return request;
}

// Times at which tokens arrived, until the request ends.
std::vector<Clock::time_point> drain(const engine::RequestHandle& handle) {
  std::vector<Clock::time_point> times;
  while (true) {
    const auto event = handle.events->wait();
    if (std::holds_alternative<engine::TokenGenerated>(event)) times.push_back(Clock::now());
    if (engine::is_last(event)) return times;
  }
}

void measure_prompt(Engine& engine, int tokens) {
  const auto begin = Clock::now();
  drain(engine.submit(request(engine, tokens, 1, 1'000 + tokens)).value());
  std::printf("prompt of %5d tokens     %8.1f tok/s\n", tokens, tokens / seconds_since(begin));
}

void measure_streams(Engine& engine, int streams, int tokens) {
  std::vector<engine::RequestHandle> handles;
  const auto begin = Clock::now();
  for (int i = 0; i < streams; ++i) {
    handles.push_back(
        engine.submit(request(engine, 16, tokens, 2'000 + 100 * streams + i)).value());
  }
  for (const auto& handle : handles) drain(handle);
  std::printf("%2d streams                %8.1f tok/s\n", streams,
              streams * tokens / seconds_since(begin));
}

void measure_depth(Engine& engine, int depth, int tokens) {
  const auto times = drain(engine.submit(request(engine, depth, tokens, 3'000 + depth)).value());
  const auto span = std::chrono::duration<double>(times.back() - times.front()).count();
  std::printf("one stream at depth %5d %8.1f tok/s\n", depth, (tokens - 1) / span);
}

// Four streams run; a long prompt comes in between.
void measure_gap(Engine& engine, int prompt) {
  std::vector<engine::RequestHandle> handles;
  for (int i = 0; i < 4; ++i) {
    handles.push_back(engine.submit(request(engine, 16, 100, 4'000 + i)).value());
  }
  const auto other = engine.submit(request(engine, prompt, 1, 4'100)).value();
  auto times = drain(handles[0]);
  std::vector<double> gaps;
  for (std::size_t i = 1; i < times.size(); ++i) {
    gaps.push_back(std::chrono::duration<double, std::milli>(times[i] - times[i - 1]).count());
  }
  std::ranges::sort(gaps);
  std::printf("gaps of a stream beside a prompt of %d: median %.1f ms, p99 %.1f ms\n", prompt,
              gaps[gaps.size() / 2], gaps[gaps.size() * 99 / 100]);
  for (std::size_t i = 1; i < handles.size(); ++i) drain(handles[i]);
  drain(other);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures the engine.");
  engine::EngineOptions options;
  int tokens = 64;
  std::string kv = "f16";
  app.add_option("model", options.model_path)->required();
  app.add_option("--threads", options.threads);
  app.add_option("--tokens", tokens, "to generate per stream");
  app.add_option("--kv", kv, "f16, f32 or q8");
  CLI11_PARSE(app, argc, argv);
  if (kv == "q8") options.kv_type = engine::KvType::Q8;
  if (kv == "f32") options.kv_type = engine::KvType::F32;
  options.context_tokens = 8'192;
  options.speculate = false;  // random text repeats more than real text
  const auto begin = Clock::now();
  auto loaded = Engine::load(options);
  if (!loaded) {
    std::fprintf(stderr, "bench_engine: %s\n", loaded.error().message.c_str());
    return 1;
  }
  auto& engine = **loaded;
  std::printf("loaded in                 %8.2f s\n", seconds_since(begin));
  measure_prompt(engine, 512);
  measure_prompt(engine, 2'048);
  measure_streams(engine, 1, tokens);
  measure_streams(engine, 4, tokens);
  measure_streams(engine, 16, tokens);
  measure_depth(engine, 4'096, tokens);
  measure_gap(engine, 2'048);
  return 0;
}
