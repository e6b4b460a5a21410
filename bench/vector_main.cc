// Search in a vector store of its own making: latency and recall, memory, and what a chunk costs to
// add. Vectors are drawn around topics, words from a Zipf distribution: real texts cluster more.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "store/db/sqlite/sqlite_database.h"
#include "store/repo/chunks.h"
#include "vector/indexes.h"
#include "vector/ranking.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kDimensions = 256;
constexpr std::size_t kTopics = 2'000;
constexpr std::size_t kWords = 100;  // of a chunk
constexpr std::size_t kChunksPerFile = 1'000;
constexpr std::size_t kQueries = 200;
constexpr float kSpread = 0.8f;  // of a topic, beside its centre's length

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::size_t resident_mb() {
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / (1024 * 1024);
}

class Source {
 public:
  Source() {
    for (auto& topic : topics_) topic = direction(1.0f);
  }
  std::vector<float> vector() {
    auto out = direction(kSpread);
    const auto& topic = topics_[random_() % kTopics];
    float sum = 0;
    for (std::size_t i = 0; i < kDimensions; ++i) {
      out[i] += topic[i];
      sum += out[i] * out[i];
    }
    for (auto& x : out) x /= std::sqrt(sum);
    return out;
  }
  // Word n is drawn about 1/n as often as the first.
  std::string word() {
    const double u = std::uniform_real_distribution<double>(0, 1)(random_);
    return "w" + std::to_string(static_cast<int>(std::exp(u * std::log(200'000.0))));
  }
  std::string text() {
    std::string out;
    for (std::size_t i = 0; i < kWords; ++i) out += word() + " ";
    return out;
  }

 private:
  std::vector<float> direction(float length) {
    std::vector<float> out(kDimensions);
    std::normal_distribution<float> normal(0, length / std::sqrt(float(kDimensions)));
    for (auto& x : out) x = normal(random_);
    return out;
  }
  std::mt19937_64 random_{1};
  std::vector<std::vector<float>> topics_{kTopics};
};

class Bench {
 public:
  explicit Bench(store::Database& database) : database_(database) {}

  void add(std::size_t chunks) {
    const auto start = Clock::now();
    double made = 0;
    for (std::size_t i = 0; i < chunks; i += kChunksPerFile) {
      const auto begin = Clock::now();
      std::vector<store::chunks::NewChunk> rows(std::min(kChunksPerFile, chunks - i));
      for (auto& row : rows)
        row = {.tokens = 130, .body = source_.text(), .vector = source_.vector()};
      made += milliseconds_since(begin);
      auto added = database_.write_blocking([&](store::Transaction& tx) -> Status {
        auto set = store::chunks::begin_set(tx, {key_, "file-" + std::to_string(files_++)});
        if (!set) return fail(set.error());
        if (auto status = store::chunks::append(tx, *set, key_, rows); !status) return status;
        return store::chunks::make_searchable(tx, *set, key_);
      });
      if (!added) std::abort();
    }
    total_ += chunks;
    std::printf("%8zu chunks: %6.0f us to add one (rows, words, vector)\n", total_,
                (milliseconds_since(start) - made) * 1000 / static_cast<double>(chunks));
  }

  void measure() {
    const auto before = resident_mb();
    const auto start = Clock::now();
    vector::Index index(database_, key_);
    if (!index.load()) std::abort();
    const double load_ms = milliseconds_since(start);
    const auto memory = resident_mb() - before;
    vector::Index exact(database_, key_, {.flat_max = total_ + 1});
    if (!exact.load()) std::abort();
    std::vector<double> by_vector, by_words, together;
    std::size_t same = 0;
    for (std::size_t i = 0; i < kQueries; ++i) {
      const auto query = source_.vector();
      const std::vector<std::string> words{source_.word(), source_.word(), source_.word(),
                                           source_.word()};
      const auto best = exact.search(query, 10, std::nullopt);
      const auto begin = Clock::now();
      const auto near = index.search(query, 100, std::nullopt);
      by_vector.push_back(milliseconds_since(begin));
      const auto middle = Clock::now();
      const auto hits = database_.read_blocking([&](store::Session& session) {
        return store::chunks::find_words(session,
                                         {.in = key_, .words = words, .filter = {}, .limit = 100});
      });
      by_words.push_back(milliseconds_since(middle));
      together.push_back(milliseconds_since(begin));
      if (!best || !near || !hits) std::abort();
      for (std::size_t k = 0; k < std::min<std::size_t>(10, near->size()); ++k) {
        same += std::any_of(best->begin(), best->end(),
                            [&](const auto& each) { return each.chunk == (*near)[k].chunk; });
      }
    }
    std::printf("%8zu chunks: read from rows in %.1f s, %zu MB; recall@10 %.3f\n", total_,
                load_ms / 1000, memory, static_cast<double>(same) / (10.0 * kQueries));
    report("vectors", by_vector);
    report("words", by_words);
    report("both", together);
  }

 private:
  static void report(const char* what, std::vector<double>& times) {
    std::sort(times.begin(), times.end());
    std::printf("           %-8s p50 %7.2f ms   p99 %7.2f ms\n", what, times[times.size() / 2],
                times[times.size() * 99 / 100]);
  }

  store::Database& database_;
  const store::chunks::StoreKey key_{{"proj_bench"}, "vs_bench"};
  Source source_;
  std::size_t total_ = 0;
  int files_ = 0;
};

}  // namespace

// `bench_vector [CHUNKS]`: measures at a tenth of them, then at all.
int main(int argc, char** argv) {
  const std::size_t chunks = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000;
  std::string folder = (std::filesystem::temp_directory_path() / "bench-XXXXXX").string();
  if (!::mkdtemp(folder.data())) return 1;
  {
    auto database = store::open_sqlite({.path = folder + "/bench.db"});
    if (!database) return 1;
    Bench bench(**database);
    bench.add(chunks / 10);
    bench.measure();
    bench.add(chunks - chunks / 10);
    bench.measure();
  }
  std::filesystem::remove_all(folder);
}
