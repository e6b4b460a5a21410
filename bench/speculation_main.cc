// bench_speculation MODEL.gguf: what guessing repeated text ahead is worth. The same prompts, made
// by seed, with guessing and without, in turn; both must say the same tokens.
//
//   bench_speculation models/parlance-mini.gguf --kinds quote,other
//   bench_speculation copying.gguf --kinds copy --streams 4       (make_model --copying)
//
// Kinds: copy, random tokens and then their beginning again; quote, chats (ChatML) in which the
// same is asked again or a sentence is to be repeated; other, chats that repeat nothing.
#include <sys/resource.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <numeric>
#include <random>

#include "engine/engine.h"
#include "engine/tokenizer/tokenizer.h"

namespace {

using Clock = std::chrono::steady_clock;
using engine::Engine;
using engine::GenerateRequest;
using engine::TokenId;

constexpr const char* kQuestions[] = {"Tell me a story",
                                      "What is the capital of France?",
                                      "Why is the sky blue?",
                                      "How do I make tea?",
                                      "Tell me a joke",
                                      "Write a short poem about the sea",
                                      "How can I learn English?",
                                      "What is a dog?",
                                      "What can you do?",
                                      "Name three animals",
                                      "Where is Brazil?",
                                      "What comes after Tuesday?",
                                      "What do plants need?",
                                      "How are you today?",
                                      "Tell me about the moon",
                                      "What should I eat for breakfast?",
                                      "Why do birds fly?",
                                      "What is a computer?",
                                      "How do I sleep better?",
                                      "What is the biggest animal?",
                                      "Tell me about the seasons",
                                      "How do I write a letter?",
                                      "What is friendship?",
                                      "Why do we need water?"};

constexpr const char* kWords[] = {"the",   "small", "boat",   "went", "over",  "blue", "water",
                                  "and",   "a",     "bird",   "sang", "to",    "old",  "man",
                                  "under", "green", "tree",   "near", "house", "sun",  "was",
                                  "warm",  "her",   "friend", "came", "with",  "red",  "ball"};

using Random = std::mt19937_64;

template <std::size_t N>
std::string pick(const char* const (&list)[N], Random& random) {
  return list[random() % N];
}

class Prompts {
 public:
  explicit Prompts(const std::string& path) {
    const auto file = gguf::File::open(path);
    if (!file) return;
    if (auto tokenizer = engine::Tokenizer::load(*file)) tokenizer_ = std::move(*tokenizer);
  }

  bool chats() const { return tokenizer_ != nullptr; }
  const engine::Tokenizer& tokenizer() const { return *tokenizer_; }

  // Tokens that are all different, then the first of them again.
  static GenerateRequest copy(std::uint64_t seed, std::size_t n_vocab) {
    Random random(seed);
    GenerateRequest request;
    std::vector<TokenId> all(n_vocab - 300);
    std::iota(all.begin(), all.end(), 300);
    std::ranges::shuffle(all, random);
    request.prompt.assign(all.begin(), all.begin() + 400);
    request.prompt.insert(request.prompt.end(), all.begin(), all.begin() + 4);
    return request;
  }
  // A question that was answered two questions ago is asked again.
  GenerateRequest quote(Engine& engine, std::uint64_t seed) const {
    Random random(seed);
    if (seed % 2 == 0) {
      std::string sentence;
      for (int i = 0; i < 12; ++i) sentence += (i > 0 ? " " : "") + pick(kWords, random);
      const auto turn = user("Say \"" + sentence + "\"");
      return chat(turn + sentence + "<|im_end|>\n" + turn);
    }
    const auto turn = user(pick(kQuestions, random));
    const auto answer = say(engine, chat(turn));
    return chat(turn + answer + "<|im_end|>\n" + user(pick(kQuestions, random)) +
                "I see.<|im_end|>\n" + turn);
  }
  GenerateRequest other(std::uint64_t seed) const {
    Random random(seed);
    auto request = chat(user(pick(kQuestions, random)));
    request.sampling.temperature = 1;
    request.sampling.seed = seed;
    return request;
  }

 private:
  static std::string user(const std::string& text) {
    return "<|im_start|>user\n" + text + "<|im_end|>\n<|im_start|>assistant\n";
  }
  GenerateRequest chat(const std::string& text) const {
    GenerateRequest request;
    request.prompt = tokenizer_->encode(text, {.add_special = false, .parse_special = true});
    const auto ends = tokenizer_->end_of_generation();
    request.stop_tokens.assign(ends.begin(), ends.end());
    return request;
  }
  std::string say(Engine& engine, GenerateRequest request) const {
    request.sampling.temperature = 0;
    request.tokens_max = 150;
    const auto handle = engine.submit(std::move(request)).value();
    std::vector<TokenId> tokens;
    while (true) {
      const auto event = handle.events->wait();
      if (const auto* token = std::get_if<engine::TokenGenerated>(&event)) {
        tokens.push_back(token->token);
      }
      if (engine::is_last(event)) return tokenizer_->decode(tokens);
    }
  }

  std::shared_ptr<const engine::Tokenizer> tokenizer_;
};

// What one engine made of all prompts of a kind.
struct Sum {
  double seconds = 0;      // from the first request to the last token
  double cpu_seconds = 0;  // of all threads
  std::size_t tokens = 0;
  std::vector<std::vector<TokenId>> said;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Runs the requests together.
void run(Engine& engine, const std::vector<GenerateRequest>& requests, Sum& sum) {
  const double cpu_before = cpu_seconds();
  const auto begin = Clock::now();
  std::vector<engine::RequestHandle> handles;
  for (const auto& request : requests) handles.push_back(engine.submit(request).value());
  for (const auto& handle : handles) {
    auto& said = sum.said.emplace_back();
    while (true) {
      const auto event = handle.events->wait();
      if (const auto* token = std::get_if<engine::TokenGenerated>(&event)) {
        said.push_back(token->token);
      }
      if (engine::is_last(event)) break;
    }
    sum.tokens += said.size();
  }
  sum.seconds += std::chrono::duration<double>(Clock::now() - begin).count();
  sum.cpu_seconds += cpu_seconds() - cpu_before;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Options {
  std::string path;
  std::vector<std::string> kinds = {"quote", "other"};
  int prompts = 24, tokens = 128, streams = 1, rounds = 3;
  std::uint64_t seed = 1;
  std::size_t threads = 0;
};

// False when the two did not say the same.
bool measure(const std::string& kind, Engine& plain, Engine& guessing, const Prompts& prompts,
             const Options& options) {
  std::vector<std::vector<GenerateRequest>> groups;
  for (int i = 0; i < options.prompts; ++i) {
    const std::uint64_t seed = options.seed * 1'000 + static_cast<std::uint64_t>(i);
    GenerateRequest request;
    if (kind == "copy") request = Prompts::copy(seed, plain.model().n_vocab);
    if (kind == "quote") request = prompts.quote(plain, seed);
    if (kind == "other") request = prompts.other(seed);
    request.tokens_max = options.tokens;
    if (kind != "other") request.sampling.temperature = 0;
    if (i % options.streams == 0) groups.emplace_back();
    groups.back().push_back(std::move(request));
  }
  Sum ignored;  // the prompts are read and cached before anything is measured
  for (const auto& group : groups) run(plain, group, ignored), run(guessing, group, ignored);
  std::vector<double> ratios, cpu_ratios;
  Sum with, without;
  const auto before = guessing.stats();
  bool same = true;
  for (int round = 0; round < options.rounds; ++round) {
    Sum a, b;
    for (const auto& group : groups) {
      run(plain, group, a);
      run(guessing, group, b);
    }
    same = same && a.said == b.said;
    ratios.push_back(a.seconds / b.seconds);
    cpu_ratios.push_back(a.cpu_seconds / b.cpu_seconds);
    without.seconds += a.seconds, without.tokens += a.tokens;
    with.seconds += b.seconds, with.tokens += b.tokens;
  }
  const auto after = guessing.stats();
  const auto drafted = static_cast<double>(after.drafted_tokens - before.drafted_tokens);
  const auto accepted = static_cast<double>(after.accepted_drafts - before.accepted_drafts);
  const auto generated = static_cast<double>(after.generated_tokens - before.generated_tokens);
  std::printf("%-6s %9.1f %9.1f %7.2fx (%.2f..%.2f) %6.2fx %10.0f %10.0f%% %10.0f%%  %s\n",
              kind.c_str(), static_cast<double>(without.tokens) / without.seconds,
              static_cast<double>(with.tokens) / with.seconds, median(ratios),
              std::ranges::min(ratios), std::ranges::max(ratios), median(cpu_ratios), drafted,
              drafted > 0 ? 100 * accepted / drafted : 0, 100 * accepted / generated,
              same ? "yes" : "NO");
  std::fflush(stdout);
  return same;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures what guessing repeated text ahead is worth.");
  Options options;
  app.add_option("model", options.path)->required();
  app.add_option("--kinds", options.kinds, "copy, quote, other")->delimiter(',');
  app.add_option("--prompts", options.prompts, "of each kind")->check(CLI::Range(1, 10'000));
  app.add_option("--tokens", options.tokens, "to generate at most")->check(CLI::Range(2, 100'000));
  app.add_option("--streams", options.streams, "at a time")->check(CLI::Range(1, 64));
  app.add_option("--rounds", options.rounds)->check(CLI::Range(1, 1'000));
  app.add_option("--seed", options.seed);
  app.add_option("--threads", options.threads, "0: one per core");
  CLI11_PARSE(app, argc, argv);
  const auto load = [&](engine::Speculation speculation) {
    auto loaded = Engine::load({.model_path = options.path,
                                .threads = options.threads,
                                .context_tokens = 2'048,
                                .sequences_max = 64,
                                .speculation = speculation});
    if (!loaded) {
      std::fprintf(stderr, "bench_speculation: %s\n", loaded.error().message.c_str());
      std::exit(1);
    }
    return std::move(*loaded);
  };
  const auto plain = load(engine::Speculation::Off);
  const auto guessing = load(engine::Speculation::WhenItPays);
  const Prompts prompts(options.path);
  std::printf("%-6s %9s %9s %8s %12s %7s %10s %11s %11s  same tokens\n", "prompts", "off tok/s",
              "on tok/s", "ratio", "", "cpu", "drafted", "of it right", "of all");
  bool same = true;
  for (const auto& kind : options.kinds) {
    if (kind != "copy" && !prompts.chats()) continue;
    same = measure(kind, *plain, *guessing, prompts, options) && same;
  }
  return same ? 0 : 1;
}
