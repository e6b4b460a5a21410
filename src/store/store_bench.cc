// What the store does per second on a real disk: durable rows for groups of callers, reads of one
// and pages of 100 among a million. PARLANCE_BENCH_ROWS and PARLANCE_BENCH_FOLDER change the
// set-up.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "store/db/sqlite/sqlite_database.h"
#include "store/repo/documents.h"
#include "store/repo/items.h"

namespace store {
namespace {

using Clock = std::chrono::steady_clock;

const base::ProjectId kProject{"proj_bench"};

std::string id_of(std::int64_t i) {
  // As random ids are, spread over the index.
  base::SeededRandom random(static_cast<std::uint64_t>(i));
  return "resp_" + random.hex(48);
}

std::string open_folder(const char* name) {
  const char* folder = std::getenv("PARLANCE_BENCH_FOLDER");
  const auto path = std::filesystem::path(folder ? folder : "/var/tmp") / name;
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return (path / "bench.db").string();
}

double quantile_ms(std::vector<double>& seconds, double q) {
  if (seconds.empty()) return 0;
  std::ranges::sort(seconds);
  return 1e3 * seconds[static_cast<std::size_t>(q * static_cast<double>(seconds.size() - 1))];
}

// A stored response: one document with a label, two items of input and output. 6 rows with indexes
// apart.
Status store_response(Database& database, std::int64_t i) {
  static const std::string body = "{\"output\":\"" + std::string(1'000, 'x') + "\"}";
  return database.write_blocking([&](Transaction& transaction) -> Status {
    Document document{.key = {kProject, "response", id_of(i)}, .expires_at = i, .body = body};
    if (auto added = documents::create(transaction, document, {{"model", "m"}}); !added) {
      return added;
    }
    std::vector<Item> items{{.id = "msg_in", .body = body}, {.id = "msg_out", .body = body}};
    return items::append(transaction, {kProject, document.key.id}, items);
  });
}

void BM_StoredResponses(benchmark::State& state) {
  auto database = *open_sqlite({.path = open_folder("parlance-bench-write")});
  const auto callers = static_cast<int>(state.range(0));
  std::atomic<std::int64_t> next = 0;
  std::vector<std::vector<double>> waits(static_cast<std::size_t>(callers));
  for (auto _ : state) {
    const auto end = Clock::now() + std::chrono::seconds(3);
    std::vector<std::thread> threads;
    for (auto& wait : waits) {
      threads.emplace_back([&] {
        while (Clock::now() < end) {
          const auto begun = Clock::now();
          if (!store_response(*database, next++)) std::abort();
          wait.push_back(std::chrono::duration<double>(Clock::now() - begun).count());
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  std::vector<double> all;
  for (auto& wait : waits) all.insert(all.end(), wait.begin(), wait.end());
  state.counters["responses/s"] =
      benchmark::Counter(static_cast<double>(next), benchmark::Counter::kIsRate);
  state.counters["p50_ms"] = quantile_ms(all, 0.5);
  state.counters["p99_ms"] = quantile_ms(all, 0.99);
}
BENCHMARK(BM_StoredResponses)->Arg(1)->Arg(8)->Arg(64)->Iterations(1)->UseRealTime();

struct Filled {
  std::int64_t rows;
  std::unique_ptr<Database> database;

  Filled() {
    const char* wanted = std::getenv("PARLANCE_BENCH_ROWS");
    rows = wanted ? std::atoll(wanted) : 1'000'000;
    database = *open_sqlite({.path = open_folder("parlance-bench-read")});
    const std::string body = "{\"output\":\"" + std::string(500, 'x') + "\"}";
    for (std::int64_t i = 0; i < rows;) {
      auto status = database->write_blocking([&](Transaction& transaction) -> Status {
        for (const auto end = std::min(rows, i + 5'000); i < end; ++i) {
          Document document{.key = {kProject, "response", id_of(i)}, .body = body};
          auto added =
              documents::create(transaction, document, {{"model", i % 10 == 0 ? "rare" : "often"}});
          if (!added) return added;
        }
        return {};
      });
      if (!status) std::abort();
    }
  }
};

Filled& filled() {
  static Filled instance;
  return instance;
}

template <class Read>
void measure(benchmark::State& state, Read read) {
  auto& set = filled();
  base::SeededRandom random(1);
  std::vector<double> seconds;
  for (auto _ : state) {
    const auto id =
        id_of(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(set.rows))));
    const auto begun = Clock::now();
    if (!read(*set.database, id)) std::abort();
    seconds.push_back(std::chrono::duration<double>(Clock::now() - begun).count());
  }
  state.counters["p50_ms"] = quantile_ms(seconds, 0.5);
  state.counters["p99_ms"] = quantile_ms(seconds, 0.99);
}

void BM_GetAmongAMillion(benchmark::State& state) {
  measure(state, [](Database& database, const std::string& id) {
    return database
        .read_blocking(
            [&](Session& session) { return documents::get(session, {kProject, "response", id}); })
        .has_value();
  });
}
BENCHMARK(BM_GetAmongAMillion)->Iterations(20'000);

void page(benchmark::State& state, std::vector<Label> labels) {
  measure(state, [&](Database& database, const std::string& id) {
    auto found = database.read_blocking([&](Session& session) {
      return documents::list(session, {kProject, "response", "", labels},
                             {.limit = 100, .after = id});
    });
    return found.has_value();
  });
}
void BM_PageOf100AmongAMillion(benchmark::State& state) {
  page(state, {});
}
void BM_PageOf100ByLabel(benchmark::State& state) {
  page(state, {{"model", "rare"}});
}
BENCHMARK(BM_PageOf100AmongAMillion)->Iterations(2'000);
BENCHMARK(BM_PageOf100ByLabel)->Iterations(2'000);

}  // namespace
}  // namespace store
