#include "grammar_walks.h"

#include <algorithm>
#include <bit>
#include <ctime>
#include <vector>

#include <fmt/format.h>

#include "base/random.h"
#include "inference/grammar/json_schema.h"

namespace bench {
namespace {

using engine::grammar::Matcher;
using engine::grammar::TokenId;

constexpr double kSlowMs = 50;
constexpr std::size_t kClosingBytesMax = 256 * 1024;

double cpu_ms() {
  timespec at{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) * 1e3 + static_cast<double>(at.tv_nsec) / 1e6;
}

std::vector<TokenId> allowed(std::span<const std::uint32_t> bits) {
  std::vector<TokenId> tokens;
  for (std::size_t word = 0; word < bits.size(); ++word) {
    for (std::uint32_t rest = bits[word]; rest != 0; rest &= rest - 1)
      tokens.push_back(static_cast<TokenId>(word * 32) +
                       static_cast<TokenId>(std::countr_zero(rest)));
  }
  return tokens;
}

}  // namespace

// Half of the tokens are drawn alike; half by their first byte, so that brackets and quotes, which
// few tokens have, come as often as they would.
Walks::End Walks::walk(Matcher& matcher, std::uint64_t seed, std::string& text) {
  base::SeededRandom random(seed);
  std::vector<std::uint32_t> bits(vocabulary_->n_words());
  for (std::size_t n = 0; n < options_.tokens_max; ++n) {
    if (matcher.is_over()) return End::Complete;
    const double began = cpu_ms();
    matcher.mask(bits);
    figures_.masks_ms += cpu_ms() - began;
    std::vector<TokenId> tokens = allowed(bits);
    std::size_t refused = 0;
    while (true) {
      if (refused == 64 || (tokens.empty() && refused > 0)) {
        if (!matcher.mask_way_out(bits)) return End::Dead;
        tokens = allowed(bits);
        refused = 65;
      }
      if (tokens.empty()) return End::Dead;
      std::size_t at = random.below(tokens.size());
      if (random.below(2) == 0) {
        const auto first = [&](TokenId token) {
          const auto bytes = vocabulary_->bytes(token);
          return bytes.empty() ? 256 : static_cast<int>(static_cast<unsigned char>(bytes[0]));
        };
        std::vector<std::vector<std::size_t>> by_byte(257);
        for (std::size_t i = 0; i < tokens.size(); ++i)
          by_byte[static_cast<std::size_t>(first(tokens[i]))].push_back(i);
        std::erase_if(by_byte, [](const auto& group) { return group.empty(); });
        const auto& group = by_byte[random.below(by_byte.size())];
        at = group[random.below(group.size())];
      }
      const double asked = cpu_ms();
      const bool is_permitted = matcher.permits(tokens[at]);
      figures_.permits_ms += cpu_ms() - asked;
      if (is_permitted) {
        if (vocabulary_->is_end(tokens[at])) return End::Complete;
        if (!matcher.accept(tokens[at])) return End::Dead;
        text += vocabulary_->bytes(tokens[at]);
        break;
      }
      ++figures_.refusals;
      if (refused > 64) return End::Dead;
      ++refused;
      tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(at));
    }
    ++figures_.tokens;
  }
  if (matcher.is_over()) return End::Complete;
  const auto rest = matcher.completion(kClosingBytesMax);
  if (!rest || !matcher.accept_bytes(*rest) || !matcher.can_end()) return End::Dead;
  text += *rest;
  return End::Closed;
}

void Walks::schema(const std::string& name, const json::Value& schema) {
  ++figures_.schemas;
  const double began = cpu_ms();
  auto tables = inference::grammar::new_tables();
  if (auto sound = inference::grammar::add_satisfiable_schema(*tables, schema); !sound) {
    ++figures_.refused;
    fmt::print("REFUSED {} after {:.0f} ms: {}\n", name, cpu_ms() - began, sound.error().message);
    std::fflush(stdout);
    return;
  }
  for (std::size_t i = 0; i < options_.walks; ++i) {
    if (i == 0 && cpu_ms() - began > kSlowMs)
      fmt::print("SLOW {}: proof {:.0f} ms\n", name, cpu_ms() - began);
    const auto grammar = inference::grammar::compile_json_schema(
        schema, {.schema_order = out_ != nullptr || i % 2 == 0,
                 .whitespace = inference::grammar::Whitespace::Compact});
    if (!grammar) return;
    Matcher matcher(*grammar, vocabulary_);
    std::string text;
    const End end = walk(matcher, options_.seed * 1'000'003 + i, text);
    figures_.ended += end == End::Complete;
    figures_.closed += end == End::Closed;
    figures_.dead_ends += end == End::Dead;
    if (cpu_ms() - began > 20 * kSlowMs)
      fmt::print("SLOW {}: {:.0f} ms for {} bytes; all so far: masks {:.0f}, permits {:.0f}\n",
                 name, cpu_ms() - began, text.size(), figures_.masks_ms, figures_.permits_ms);
    std::fflush(stdout);
    if (end == End::Dead) fmt::print("DEAD {}: {}\n", name, text.substr(0, 400));
    if (end == End::Dead || !out_) continue;
    const json::Object line{{"name", name}, {"schema", schema}, {"text", text}};
    fmt::print(out_, "{}\n", json::dump(line));
  }
}

void Walks::report() const {
  const auto& f = figures_;
  const auto n = static_cast<double>(std::max<std::size_t>(1, f.tokens));
  fmt::print(
      "{} schemas, {} refused; generations: {} ended, {} closed at the limit, {} in dead ends; {} "
      "tokens, "
      "{} refused; CPU per token: masks {:.1f} us, permits {:.1f} us\n",
      f.schemas, f.refused, f.ended, f.closed, f.dead_ends, f.tokens, f.refusals,
      f.masks_ms * 1e3 / n, f.permits_ms * 1e3 / n);
}

}  // namespace bench
