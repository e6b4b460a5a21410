// bench_embeddings MODEL.gguf: tokens per second of an embedding model, from texts to vectors and
// from tokens to vectors, many texts in flight as a server has them. CPU time beside wall time: on
// a shared machine only the first says something.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <deque>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "compute/gguf/file.h"
#include "engine/engine.h"
#include "engine/tokenizer/tokenizer.h"

namespace {

using Tokens = std::vector<engine::TokenId>;

struct Options {
  engine::EngineOptions engine;
  std::string text;  // a file to take texts from; made up from the vocabulary otherwise
  std::size_t texts = 512;
  std::size_t length = 128;  // tokens of each
  std::size_t in_flight = 64;
  int rounds = 3;
};

struct Spent {
  double wall = 0;  // seconds
  double cpu = 0;   // of all threads
};

class Stopwatch {
 public:
  Spent spent() const {
    return {std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(),
            cpu_now() - cpu_};
  }

 private:
  static double cpu_now() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  double cpu_ = cpu_now();
};

Tokens made_up(std::size_t length, std::size_t n_vocab, std::uint32_t seed) {
  std::uint32_t state = seed * 2'654'435'761u + 1;
  Tokens tokens;
  while (tokens.size() < length) {
    state = state * 1'664'525u + 1'013'904'223u;
    tokens.push_back(static_cast<engine::TokenId>((state >> 8) % n_vocab));
  }
  return tokens;
}

// Consecutive pieces of the file, of the wanted number of tokens.
std::vector<Tokens> texts_of(const Options& options, const engine::Tokenizer& tokenizer) {
  std::ifstream file(options.text);
  const std::string all(std::istreambuf_iterator<char>(file), {});
  const auto tokens = tokenizer.encode(all.substr(0, options.texts * options.length * 8));
  std::vector<Tokens> texts;
  for (std::size_t at = 0; at + options.length <= tokens.size() && texts.size() < options.texts;
       at += options.length) {
    const auto begin = tokens.begin() + static_cast<std::ptrdiff_t>(at);
    texts.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(options.length));
  }
  return texts;
}

void finish(const engine::RequestHandle& handle) {
  while (!engine::is_last(handle.events->wait())) {
  }
}

void embed(engine::Engine& engine, const std::vector<Tokens>& texts, std::size_t in_flight) {
  std::deque<engine::RequestHandle> running;
  for (const auto& text : texts) {
    if (running.size() >= in_flight) {
      finish(running.front());
      running.pop_front();
    }
    running.push_back(engine.submit(engine::EmbedRequest{.tokens = text}).value());
  }
  for (const auto& handle : running) finish(handle);
}

// The best of the rounds: what disturbs only ever makes it slower.
template <class Work>
void measure(const char* what, std::size_t tokens, int rounds, Work work) {
  Spent best{1e9, 1e9};
  for (int round = 0; round < rounds; ++round) {
    const Stopwatch watch;
    work();
    const auto spent = watch.spent();
    best = {std::min(best.wall, spent.wall), std::min(best.cpu, spent.cpu)};
  }
  const auto n = static_cast<double>(tokens);
  std::printf("%-18s %10.0f tokens/s, %10.0f tokens per CPU second\n", what, n / best.wall,
              n / best.cpu);
}

int complain(const std::string& message) {
  std::fprintf(stderr, "bench_embeddings: %s\n", message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures an embedding model.");
  Options options;
  app.add_option("model", options.engine.model_path)->required();
  app.add_option("--threads", options.engine.threads);
  app.add_option("--texts", options.texts);
  app.add_option("--length", options.length, "tokens of each text");
  app.add_option("--in-flight", options.in_flight);
  app.add_option("--rounds", options.rounds);
  app.add_option("--text", options.text, "a text file; random tokens otherwise");
  CLI11_PARSE(app, argc, argv);

  const auto file = gguf::File::open(options.engine.model_path);
  if (!file) return complain(file.error().message);
  auto loaded = engine::Engine::load(options.engine);
  if (!loaded) return complain(loaded.error().message);
  auto& engine = **loaded;
  const auto tokenizer = engine::Tokenizer::load(*file);
  std::vector<Tokens> texts;
  if (tokenizer && !options.text.empty()) {
    texts = texts_of(options, **tokenizer);
  } else {
    for (std::size_t i = 0; i < options.texts; ++i)
      texts.push_back(
          made_up(options.length, engine.model().n_vocab, static_cast<std::uint32_t>(i)));
  }
  const std::size_t tokens = texts.size() * options.length;
  std::printf("%s: %zu texts of %zu tokens\n", engine.model().architecture.c_str(), texts.size(),
              options.length);
  measure("tokens to vectors", tokens, options.rounds,
          [&] { embed(engine, texts, options.in_flight); });
  if (!tokenizer) return 0;
  std::vector<std::string> written;
  for (const auto& text : texts) written.push_back((*tokenizer)->decode(text));
  measure("texts to tokens", tokens, options.rounds, [&] {
    for (const auto& text : written) (*tokenizer)->encode(text);
  });
  return 0;
}
