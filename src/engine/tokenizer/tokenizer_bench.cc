// Bytes per second of encoding and decoding on one core. PARLANCE_BENCH_VOCABULARY names a GGUF
// file (the golden gpt-2 vocabulary otherwise), PARLANCE_BENCH_TEXT a text file (words from a seed
// otherwise).
#include <cmath>
#include <cstdlib>
#include <random>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/golden_testing.h"
#include "compute/gguf/file.h"
#include "engine/golden/files.h"
#include "engine/tokenizer/tokenizer.h"

namespace engine {
namespace {

constexpr std::size_t kTextBytes = 1 << 20;

std::shared_ptr<const Tokenizer> tokenizer() {
  static const auto loaded = [] {
    const char* named = std::getenv("PARLANCE_BENCH_VOCABULARY");
    const auto folder = base::testing::golden_folder();
    CHECK(named != nullptr || folder.has_value());
    const auto path = named != nullptr ? std::filesystem::path(named)
                                       : *folder / "tokenizers" / "ggml-vocab-gpt-2.gguf";
    const auto file = gguf::File::open(path.string());
    CHECK(file.has_value());
    auto made = Tokenizer::load(*file);
    CHECK(made.has_value());
    return *made;
  }();
  return loaded;
}

// Words of a Zipf-like vocabulary, when no text is named.
std::string made_up_english() {
  std::mt19937 random(1);
  std::vector<std::string> words(20'000);
  for (std::string& word : words) {
    const auto size = 2 + random() % 8;
    for (std::size_t i = 0; i < size; ++i) {
      word.push_back("etaoinshrdlucmfwypvbgk"[random() % 22 * (random() % 22) / 22]);
    }
  }
  std::string text;
  while (text.size() < kTextBytes) {
    const double u = std::uniform_real_distribution<>(0, 1)(random);
    text += words[static_cast<std::size_t>(std::pow(20'000.0, u)) - 1];
    text += random() % 12 == 0 ? ". " : " ";
  }
  return text;
}

const std::string& english() {
  static const std::string text = [] {
    const char* named = std::getenv("PARLANCE_BENCH_TEXT");
    if (named == nullptr) return made_up_english();
    auto read = read_file(named);
    CHECK(read.has_value());
    return *std::move(read);
  }();
  return text;
}

std::string repeated(std::string_view part) {
  std::string text;
  while (text.size() < kTextBytes) text += part;
  return text;
}

void encode(benchmark::State& state, const std::string& text) {
  const auto made = tokenizer();
  for (auto _ : state) {
    benchmark::DoNotOptimize(made->encode(text));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}

void BM_EncodeEnglish(benchmark::State& state) {
  encode(state, english());
}
void BM_EncodeOneLetter(benchmark::State& state) {
  encode(state, repeated("a"));
}
void BM_EncodeSpaces(benchmark::State& state) {
  encode(state, repeated(" "));
}
void BM_EncodeEmoji(benchmark::State& state) {
  encode(state, repeated("\xF0\x9F\x98\x80"));
}
void BM_EncodeShort(benchmark::State& state) {
  encode(state, english().substr(0, 200));
}

void BM_DecodeEnglish(benchmark::State& state) {
  const auto made = tokenizer();
  const auto tokens = made->encode(english());
  for (auto _ : state) {
    benchmark::DoNotOptimize(made->decode(tokens));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * english().size()));
}

BENCHMARK(BM_EncodeEnglish);
BENCHMARK(BM_EncodeShort);
BENCHMARK(BM_EncodeOneLetter);
BENCHMARK(BM_EncodeSpaces);
BENCHMARK(BM_EncodeEmoji);
BENCHMARK(BM_DecodeEnglish);

}  // namespace
}  // namespace engine
