// bench_grammar: how many schemas of a MaskBench file are enforced correctly, and how fast. One
// JSON object a line: {name, schema, tests: [{valid, data}]}. A file passes when its schema
// compiles, each valid instance is accepted token by token with compact and with spaced separators
// and may end there, and each invalid one is refused.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/json/value.h"
#include "engine/grammar/matcher.h"
#include "grammar_report.h"
#include "grammar_walks.h"
#include "inference/grammar/json_schema.h"

namespace {

// This thread's own time: on a busy machine the clock on the wall would measure the others.
struct Clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Clock>;
  static constexpr bool is_steady = true;
  static time_point now() {
    timespec at{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return time_point(std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec));
  }
};

using engine::grammar::Grammar;
using engine::grammar::Matcher;
using engine::grammar::TokenId;
using engine::grammar::Vocabulary;

struct Separators {
  const char* item;
  const char* key;
};
constexpr Separators kTight{",", ":"}, kLoose{", ", ": "};

// Numbers the way the data had them: whole doubles keep their ".0".
std::string spell(const json::Value& number) {
  if (!number.is_double()) return json::dump(number);
  const double value = number.get_double();
  if (std::isfinite(value) && value == std::floor(value) && std::abs(value) < 1e16) {
    return fmt::format("{:.1f}", value);
  }
  return fmt::format("{}", value);
}

void serialise(const json::Value& value, const Separators& separators, std::string& out) {
  const char* separator = "";
  if (const auto* object = value.if_object()) {
    out += '{';
    for (const auto& [key, member] : *object) {
      out += separator + json::quote(key) + separators.key;
      serialise(member, separators, out);
      separator = separators.item;
    }
    out += '}';
  } else if (const auto* array = value.if_array()) {
    out += '[';
    for (const auto& item : *array) {
      out += separator;
      serialise(item, separators, out);
      separator = separators.item;
    }
    out += ']';
  } else {
    out += value.is_number() ? spell(value) : json::dump(value);
  }
}

std::shared_ptr<const Vocabulary> read_vocabulary(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string data((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::vector<std::string> tokens;
  for (std::size_t at = 0; at + 2 <= data.size();) {
    const std::size_t length = static_cast<unsigned char>(data[at]) |
                               static_cast<std::size_t>(static_cast<unsigned char>(data[at + 1]))
                                   << 8;
    tokens.push_back(data.substr(at + 2, length));
    at += 2 + length;
  }
  if (tokens.empty()) tokens.emplace_back();  // bytes alone when there is no file
  while (tokens.size() < 257) tokens.emplace_back(1, static_cast<char>(tokens.size() - 1));
  const TokenId end[] = {0};
  return std::make_shared<Vocabulary>(tokens, end);
}

// The longest token at every place: not what a model would write, but a fair walk through the
// vocabulary.
std::vector<TokenId> tokenise(const Vocabulary& vocabulary, std::string_view text) {
  const auto nodes = vocabulary.nodes();
  std::vector<TokenId> tokens;
  while (!text.empty()) {
    std::uint32_t i = 0, end = static_cast<std::uint32_t>(nodes.size());
    std::size_t best = 0;
    TokenId token = 0;
    for (std::size_t n = 0; n < text.size(); ++n) {
      while (i < end && nodes[i].byte != static_cast<std::uint8_t>(text[n])) i = nodes[i].end;
      if (i >= end) break;
      if (nodes[i].token >= 0) {
        best = n + 1;
        token = static_cast<TokenId>(nodes[i].token);
      }
      end = nodes[i].end;
      ++i;
    }
    if (best == 0) break;
    tokens.push_back(token);
    text.remove_prefix(best);
  }
  return tokens;
}

struct Options {
  std::string data, json_out, vocabulary, only, out;
  bool verbose = false;
  double slow_us = INFINITY;
  std::size_t every = 1;
  bench::WalkOptions walks{.walks = 0};
};

class Bench {
 public:
  Bench(Options options) : options_(std::move(options)) {
    const auto start = Clock::now();
    vocabulary_ = read_vocabulary(options_.vocabulary);
    bits_.resize(vocabulary_->n_words());
    if (!options_.out.empty()) out_.reset(std::fopen(options_.out.c_str(), "w"));
    if (options_.walks.walks > 0) walks_.emplace(vocabulary_, options_.walks, out_.get());
    fmt::print("vocabulary: {} tokens, indexed in {:.0f} ms\n", vocabulary_->n_tokens(),
               microseconds(start) / 1000);
  }

  int run() {
    const bool compressed = options_.data.ends_with(".xz");
    const std::string command =
        fmt::format("{} '{}'", compressed ? "xz -dc" : "cat", options_.data);
    std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    if (!pipe) return 1;
    std::string line;
    for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
      if (c != '\n') {
        line += static_cast<char>(c);
        continue;
      }
      file(line);
      line.clear();
    }
    if (!line.empty()) file(line);
    if (walks_) {
      walks_->report();
    } else {
      report();
    }
    return 0;
  }

 private:
  static double microseconds(Clock::time_point start) {
    // Asking for the time takes time, a microsecond on some machines: the least seen of it is not
    // counted.
    static const auto asking = [] {
      auto least = Clock::duration::max();
      for (int i = 0; i < 1000; ++i) {
        const auto from = Clock::now();
        least = std::min(least, Clock::now() - from);
      }
      return least;
    }();
    const auto taken = Clock::now() - start;
    return std::chrono::duration<double, std::micro>(std::max(taken - asking, Clock::duration(0)))
        .count();
  }

  void file(const std::string& line) {
    auto parsed = json::parse(line);
    if (!parsed) {
      fmt::print("unreadable line: {}\n", parsed.error().message);
      return;
    }
    const auto& object = parsed->as_object();
    const std::string name(json::string_or(object, "name"));
    if (!options_.only.empty() && name.find(options_.only) == name.npos) return;
    if (walks_) {
      const bool is_drawn = n_read_++ % options_.every == options_.walks.seed % options_.every;
      if (is_drawn) walks_->schema(name, object.at("schema"));
      return;
    }
    const auto dashes = name.find("---");
    auto& figures = by_dataset_[name.substr(0, dashes != name.npos ? dashes : name.find('_'))];
    ++figures.files;
    name_ = name;
    const auto start = Clock::now();
    auto grammar = inference::grammar::compile_json_schema(object.at("schema"));
    figures.compile_us.push_back(static_cast<float>(microseconds(start)));
    if (!grammar) {
      ++figures.refused;
      if (options_.verbose) fmt::print("ERROR {}: {}\n", name, grammar.error().message);
      return;
    }
    bool accepts_wrong = false, refuses_wrong = false;
    for (const auto& test : object.at("tests").as_array()) {
      const bool valid = test.at("valid").as_bool();
      const bool loose = instance(*grammar, test.at("data"), kLoose, &figures);
      const bool tight = instance(*grammar, test.at("data"), kTight, nullptr);
      if (valid ? !loose || !tight : loose || tight) {
        (valid ? refuses_wrong : accepts_wrong) = true;
        if (options_.verbose) {
          std::string text;
          serialise(test.at("data"), kTight, text);
          fmt::print("{} {}: {} | {}\n", valid ? "REFUSED" : "ACCEPTED", name,
                     valid ? rest_ : std::string(), text.substr(0, 300));
        }
      }
    }
    figures.wrongly_accepted += accepts_wrong;
    figures.wrongly_refused += refuses_wrong;
    figures.passing += !accepts_wrong && !refuses_wrong;
  }

  // Whether the instance is accepted; with `figures`, each step's mask is computed, timed together
  // with the commit of the token, and compared with what the commit says.
  bool instance(const std::shared_ptr<const Grammar>& grammar, const json::Value& data,
                const Separators& separators, bench::GrammarFigures* figures) {
    std::string text;
    serialise(data, separators, text);
    Matcher matcher(grammar, vocabulary_);
    std::size_t at = 0;
    for (const TokenId token : tokenise(*vocabulary_, text)) {
      const auto start = Clock::now();
      if (figures) matcher.mask(bits_);
      const bool accepted = matcher.accept(token);
      if (figures) {
        const double taken = microseconds(start);
        figures->mask_us.push_back(static_cast<float>(taken));
        ++figures->tokens;
        if (taken > options_.slow_us) {
          fmt::print("SLOW {:.0f} us {} after {}\n", taken, name_,
                     text.substr(at < 60 ? 0 : at - 60, std::min<std::size_t>(at, 60)));
        }
        if ((bits_[token >> 5] >> (token & 31) & 1) != accepted) {
          ++mask_errors_;
          if (options_.verbose)
            fmt::print("MASK {} at byte {} of {}\n", accepted, at, text.substr(0, 500));
        }
      }
      if (!accepted) {
        rest_ = text.substr(at, 60);
        return false;
      }
      at += vocabulary_->bytes(token).size();
    }
    rest_ = "end";
    return matcher.can_end();
  }

  void report() {
    bench::GrammarFigures all;
    for (const auto& [name, figures] : by_dataset_) all.add(figures);
    json::Object datasets;
    for (auto& [name, figures] : by_dataset_) datasets[name] = to_json(figures);
    auto tables = by_dataset_;
    tables["~ all"] = all;
    print_table(tables);
    if (mask_errors_ > 0) fmt::print("masks that disagree with the commit: {}\n", mask_errors_);
    if (options_.json_out.empty()) return;
    json::Object out = to_json(all);
    out["mask_errors"] = mask_errors_;
    out["vocabulary"] = vocabulary_->n_tokens();
    out["datasets"] = std::move(datasets);
    std::ofstream(options_.json_out) << json::dump_pretty(out) << '\n';
  }

  Options options_;
  std::shared_ptr<const Vocabulary> vocabulary_;
  std::vector<std::uint32_t> bits_;
  std::map<std::string, bench::GrammarFigures> by_dataset_;
  std::string name_;  // of the file
  std::string rest_;  // where the last refusal happened
  std::size_t mask_errors_ = 0;
  std::size_t n_read_ = 0;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> out_{nullptr, std::fclose};
  std::optional<bench::Walks> walks_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Structured output on a MaskBench-format file");
  app.add_option("--data", options.data, "FILE.jsonl or FILE.jsonl.xz")->required();
  app.add_option("--json", options.json_out, "write the figures here");
  app.add_option("--vocabulary", options.vocabulary, "tokens written by bench/vocabulary.py");
  app.add_option("--only", options.only, "files whose name has this in it");
  app.add_option("--slow", options.slow_us, "print the masks that take more us");
  app.add_flag("--verbose", options.verbose, "print every failure");
  app.add_option("--walks", options.walks.walks, "random generations per schema, and no figures");
  app.add_option("--tokens", options.walks.tokens_max, "of one generation");
  app.add_option("--every", options.every, "draw one schema in so many");
  app.add_option("--seed", options.walks.seed, "of the generations");
  app.add_option("--out", options.out, "write what was generated here, as lines of JSON");
  CLI11_PARSE(app, argc, argv);
  return Bench(options).run();
}
