// bench_engine MODEL.gguf: tokens per second of the engine without a server around it, beside a
// probe of the memory and, when their commands are given, beside other engines on the same file,
// all in turn, so that a noisy machine disturbs each alike.
//
//   bench_engine MODEL.gguf --work prompt:512,decode:0,decode:8192,streams:8,gap:2048 --rounds 3
//       --peer "llama.cpp=node bench/peers/node_llama.mjs"
//
// A peer's command gets MODEL THREADS PROMPT DEPTH DECODE (token counts) as arguments and prints
// the speeds of reading PROMPT tokens and of generating DECODE tokens after DEPTH others.
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <filesystem>
#include <optional>
#include <map>
#include <thread>
#include <vector>

#include "compute/packed_matrix.h"
#include "engine/engine.h"

namespace {

using Clock = std::chrono::steady_clock;
using engine::Engine;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double cpu_seconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

// --- the memory ---

std::uint64_t sum_words(const std::uint64_t* words, std::size_t count) {
  std::uint64_t sums[8] = {};
  for (std::size_t i = 0; i + 8 <= count; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] += words[i + lane];
  }
  std::uint64_t sum = 0;
  for (const auto lane : sums) sum += lane;
  return sum;
}

// Gigabytes per second that `threads` threads read, each its own stretch, far beyond any cache.
class MemoryProbe {
 public:
  explicit MemoryProbe(std::size_t threads) {
    for (std::size_t i = 0; i < threads; ++i) {
      blocks_.emplace_back(kBytes);
      std::fill_n(blocks_.back().data(), kBytes, std::uint8_t{1});
    }
  }

  // The best of three: a neighbour can only slow it down.
  double measure() const { return std::max({measure_once(), measure_once(), measure_once()}); }

 private:
  static constexpr std::size_t kBytes = 256 << 20;

  double measure_once() const {
    std::atomic<std::uint64_t> kept = 0;  // so that the loop is not thrown away
    const auto begin = Clock::now();
    {
      std::vector<std::jthread> threads;
      for (const auto& block : blocks_) {
        threads.emplace_back([&] {
          kept += sum_words(reinterpret_cast<const std::uint64_t*>(block.data()), kBytes / 8);
        });
      }
    }
    return static_cast<double>(blocks_.size() * kBytes) / seconds_since(begin) * 1e-9;
  }

  std::vector<compute::AlignedBytes> blocks_;
};

// --- the machine ---

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// Another process that keeps the first processor busy.
class BusyNeighbour {
 public:
  BusyNeighbour() : process_(fork()) {
    if (process_ != 0) return;
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    sched_setaffinity(0, sizeof first, &first);
    for (volatile unsigned count = 0;;) count = count + 1;
  }
  ~BusyNeighbour() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  BusyNeighbour(const BusyNeighbour&) = delete;
  BusyNeighbour& operator=(const BusyNeighbour&) = delete;

 private:
  pid_t process_;
};

// --- the engine ---

engine::GenerateRequest request(const Engine& engine, int prompt, int generate, int seed) {
  engine::GenerateRequest request;
  const auto n_vocab = static_cast<std::uint32_t>(engine.model().n_vocab);
  std::uint32_t state = static_cast<std::uint32_t>(seed) * 2'654'435'761u + 1;
  for (int i = 0; i < prompt; ++i) {
    state = state * 1'664'525u + 1'013'904'223u;
    request.prompt.push_back(static_cast<engine::TokenId>((state >> 8) % n_vocab));
  }
  request.tokens_max = generate;
  request.sampling.temperature = 0;
  request.salt = std::to_string(seed);  // nothing is shared between requests of other seeds
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

double prompt_rate(Engine& engine, int tokens, int seed) {
  const auto begin = Clock::now();
  drain(engine.submit(request(engine, tokens, 1, seed)).value());
  return tokens / seconds_since(begin);
}

// The second measurement at a depth finds the beginning in the cache.
double decode_rate(Engine& engine, int depth, int tokens) {
  const auto times =
      drain(engine.submit(request(engine, std::max(depth, 1), tokens, 3'000 + depth)).value());
  const auto span = std::chrono::duration<double>(times.back() - times.front()).count();
  return (tokens - 1) / span;
}

// Tokens per second of all streams together while all of them run. `adapters`: how many of the
// loaded ones the streams use in turn; 0: none.
double streams_rate(Engine& engine, int streams, int tokens, int seed, int adapters = 0) {
  std::vector<engine::RequestHandle> handles;
  for (int i = 0; i < streams; ++i) {
    auto asked = request(engine, 16, tokens, seed + i);
    if (adapters > 0) asked.adapter = std::to_string(i % adapters);
    handles.push_back(engine.submit(std::move(asked)).value());
  }
  std::vector<std::vector<Clock::time_point>> times(handles.size());
  {
    std::vector<std::jthread> readers;
    for (std::size_t i = 0; i < handles.size(); ++i) {
      readers.emplace_back([&, i] { times[i] = drain(handles[i]); });
    }
  }
  auto begin = times[0].front(), end = times[0].back();
  for (const auto& own : times) {
    begin = std::max(begin, own.front());
    end = std::min(end, own.back());
  }
  std::size_t count = 0;
  for (const auto& own : times) {
    count += static_cast<std::size_t>(
        std::ranges::count_if(own, [&](auto time) { return time > begin && time <= end; }));
  }
  return static_cast<double>(count) / std::chrono::duration<double>(end - begin).count();
}

// Eight streams run; a long prompt comes in between. The 99th percentile of one stream's gaps.
double gap_ms(Engine& engine, int prompt, int seed) {
  std::vector<engine::RequestHandle> handles;
  for (int i = 0; i < 8; ++i) {
    handles.push_back(engine.submit(request(engine, 16, 100, seed + i)).value());
  }
  const auto other = engine.submit(request(engine, prompt, 1, seed + 8)).value();
  const auto times = drain(handles[0]);
  std::vector<double> gaps;
  for (std::size_t i = 1; i < times.size(); ++i) {
    gaps.push_back(std::chrono::duration<double, std::milli>(times[i] - times[i - 1]).count());
  }
  std::ranges::sort(gaps);
  for (std::size_t i = 1; i < handles.size(); ++i) drain(handles[i]);
  drain(other);
  return gaps[gaps.size() * 99 / 100];
}

// --- what to measure ---

struct Work {
  // prompt, decode, busy (decode beside a busy process), streams, adapted (all by the first),
  // adapters (each) or gap
  std::string kind;
  int size = 0;
};

std::vector<Work> parse_works(const std::vector<std::string>& texts) {
  std::vector<Work> works;
  for (const auto& text : texts) {
    const auto colon = text.find(':');
    Work work{.kind = text.substr(0, colon)};
    if (colon != std::string::npos) {
      std::from_chars(text.data() + colon + 1, text.data() + text.size(), work.size);
    }
    works.push_back(std::move(work));
  }
  return works;
}

bool is_decode(const Work& work) {
  return work.kind == "decode" || work.kind == "busy";
}

double measure(Engine& engine, const Work& work, int tokens, int seed) {
  if (work.kind == "prompt") return prompt_rate(engine, work.size, seed);
  if (is_decode(work)) return decode_rate(engine, work.size, tokens);
  if (work.kind == "streams") return streams_rate(engine, work.size, tokens, seed);
  if (work.kind == "adapted") return streams_rate(engine, work.size, tokens, seed, 1);
  if (work.kind == "adapters") return streams_rate(engine, work.size, tokens, seed, work.size);
  if (work.kind == "gap") return gap_ms(engine, work.size, seed);
  std::fprintf(stderr, "bench_engine: no such work: %s\n", work.kind.c_str());
  std::exit(2);
}

// What a peer does of this: single streams only.
double measure_peer(const std::string& command, const std::string& model, std::size_t threads,
                    const Work& work, int tokens) {
  const bool prompt = work.kind == "prompt";
  if (!prompt && !is_decode(work)) return 0;
  const auto line = command + " " + model + " " + std::to_string(threads) + " " +
                    std::to_string(prompt ? work.size : 0) + " " +
                    std::to_string(prompt ? 0 : work.size) + " " +
                    std::to_string(prompt ? 0 : tokens);
  FILE* pipe = popen(line.c_str(), "r");
  double rates[2] = {};
  const bool read = pipe != nullptr && std::fscanf(pipe, "%lf %lf", &rates[0], &rates[1]) == 2;
  if (pipe != nullptr) pclose(pipe);
  if (!read) std::fprintf(stderr, "bench_engine: no figures from: %s\n", line.c_str());
  return rates[prompt ? 0 : 1];
}

struct Peer {
  std::string name;
  std::string command;
};

void measure_all(Engine& engine, const std::string& model, std::size_t threads,
                 const std::vector<Work>& works, const std::vector<Peer>& peers, int tokens,
                 int rounds) {
  const MemoryProbe probe(threads);
  std::printf("%-14s %9s %9s %9s %8s", "work", "median", "least", "most", "cpu s");
  for (const auto& peer : peers) std::printf(" %16s", peer.name.c_str());
  std::printf(" %10s\n", "read GB/s");
  int seed = 10'000;
  for (const auto& work : works) {
    std::vector<double> ours, cpu, bandwidth;
    std::vector<std::vector<double>> theirs(peers.size());
    if (is_decode(work) && work.size > 0) decode_rate(engine, work.size, 2);  // fill the cache
    for (int round = 0; round < rounds; ++round, seed += 100) {
      bandwidth.push_back(probe.measure());
      std::optional<BusyNeighbour> neighbour;
      if (work.kind == "busy") neighbour.emplace();
      const double cpu_before = cpu_seconds(RUSAGE_SELF);
      ours.push_back(measure(engine, work, tokens, seed));
      cpu.push_back(cpu_seconds(RUSAGE_SELF) - cpu_before);
      for (std::size_t i = 0; i < peers.size(); ++i) {
        theirs[i].push_back(measure_peer(peers[i].command, model, threads, work, tokens));
      }
    }
    std::printf("%-7s %6d %9.1f %9.1f %9.1f %8.2f", work.kind.c_str(), work.size, median(ours),
                std::ranges::min(ours), std::ranges::max(ours), median(cpu));
    for (const auto& rates : theirs) {
      std::printf(" %8.1f (%4.2fx)", median(rates),
                  median(rates) > 0 ? median(ours) / median(rates) : 0);
    }
    std::printf(" %10.1f\n", median(bandwidth));
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures the engine, beside the memory and other engines.");
  engine::EngineOptions options;
  int tokens = 64, rounds = 3;
  bool speculate = false;
  std::string kv = "auto";
  std::vector<std::string> works = {"prompt:512", "decode:0",   "decode:4096",
                                    "streams:8",  "streams:16", "gap:2048"};
  std::vector<std::string> peer_texts, adapters;
  options.threads = std::max(1u, std::thread::hardware_concurrency());
  options.context_tokens = 18'432;
  options.speculation = engine::Speculation::Off;  // random text repeats more than real text
  app.add_option("model", options.model_path)->required();
  app.add_option("--threads", options.threads);
  app.add_option("--tokens", tokens, "to generate per stream")->check(CLI::Range(2, 100'000));
  app.add_option("--rounds", rounds)->check(CLI::Range(1, 1'000));
  app.add_option("--kv", kv, "auto, bf16, f16, f32 or q8");
  app.add_option("--work", works,
                 "KIND:SIZE, ...: prompt, decode, busy, streams, adapted, adapters, gap")
      ->delimiter(',');
  app.add_option("--adapter", adapters, "a LoRA adapter, for the works adapted and adapters");
  app.add_option("--peer", peer_texts, "NAME=COMMAND");
  app.add_flag("--speculate", speculate, "guess repeated text ahead");
  CLI11_PARSE(app, argc, argv);
  if (speculate) options.speculation = engine::Speculation::WhenItPays;
  if (kv == "f16") options.kv_type = engine::KvType::F16;
  if (kv == "q8") options.kv_type = engine::KvType::Q8;
  if (kv == "f32") options.kv_type = engine::KvType::F32;
  if (kv == "bf16") options.kv_type = engine::KvType::BF16;
  std::vector<Peer> peers;
  for (const auto& text : peer_texts) {
    const auto equals = text.find('=');
    peers.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  for (const auto& path : adapters) {
    options.adapters.push_back({.name = std::to_string(options.adapters.size()), .path = path});
  }
  const auto begin = Clock::now();
  auto loaded = Engine::load(options);
  if (!loaded) {
    std::fprintf(stderr, "bench_engine: %s\n", loaded.error().message.c_str());
    return 1;
  }
  const double load_seconds = seconds_since(begin);
  prompt_rate(**loaded, 16, 1);
  std::printf(
      "loaded in %.2f s, first token after %.2f s, %.0f MB resident beside a file of %.0f MB\n",
      load_seconds, seconds_since(begin), static_cast<double>(resident_bytes()) * 1e-6,
      static_cast<double>(std::filesystem::file_size(options.model_path)) * 1e-6);
  measure_all(**loaded, options.model_path, options.threads, parse_works(works), peers, tokens,
              rounds);
  return 0;
}
