// bench_vector DATA MODEL.gguf QUESTIONS.txt: the largest vector store of a server's data folder
// (bench/vector.mjs makes one): how soon its index is there, what it takes, how long searching by
// vectors and by words takes, and how many of the nearest ten are found. The server must be down.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "base/random.h"
#include "blob/local_store.h"
#include "store/db/sqlite/sqlite_database.h"
#include "train/embedding/evaluate.h"
#include "vector/index.h"
#include "vector/query.h"
#include "vector/shelf.h"

namespace {

using Clock = std::chrono::steady_clock;
using store::chunks::StoreKey;

constexpr std::size_t kCandidates = 100;  // of each half, as the server asks for

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::size_t resident_mb() {
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / (1024 * 1024);
}

void report(const char* what, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  std::printf("%-8s p50 %7.2f ms   p90 %7.2f ms   p99 %7.2f ms   most %7.2f ms\n", what,
              times[times.size() / 2], times[times.size() * 9 / 10], times[times.size() * 99 / 100],
              times.back());
}

Result<StoreKey> largest_store(store::Database& database) {
  return database.read_blocking([](store::Session& session) -> Result<StoreKey> {
    auto found = session.query_one(
        "SELECT project, store FROM searchable_sets GROUP BY project, store ORDER BY COUNT(*) DESC "
        "LIMIT 1",
        {}, [](const store::Row& row) {
          return StoreKey{.project = {row.string(0)}, .store = row.string(1)};
        });
    if (!found) return fail(found.error());
    if (!*found) return fail(ErrorCode::NotFound, "No store has anything to search.");
    return **found;
  });
}

struct Question {
  std::vector<float> vector;
  std::vector<vector::Term> words;
};

std::vector<Question> read_questions(const std::string& file, const vector::Terms& terms,
                                     const train::embedding::Embed& embed) {
  std::vector<Question> out;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    Question question{.vector = embed(line), .words = {}};
    for (const auto& word : vector::words_to_find(line)) {
      const auto some = terms.of(word);
      question.words.insert(question.words.end(), some.begin(), some.end());
    }
    out.push_back(std::move(question));
  }
  return out;
}

// The ten nearest of all vectors, read from the rows once for all questions.
std::vector<std::vector<std::int64_t>> exact(store::Database& database, const StoreKey& key,
                                             const std::vector<Question>& questions) {
  constexpr std::size_t kNearest = 10;
  using Near = std::pair<float, std::int64_t>;
  std::vector<std::vector<Near>> best(questions.size());
  const auto look = [&](std::int64_t chunk, std::span<const float> vector) {
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const float cosine =
          std::inner_product(vector.begin(), vector.end(), questions[i].vector.begin(), 0.0f);
      auto& near = best[i];
      if (near.size() == kNearest && cosine <= near.back().first) continue;
      const Near entry{cosine, chunk};
      near.insert(std::upper_bound(near.begin(), near.end(), entry, std::greater<>()), entry);
      if (near.size() > kNearest) near.pop_back();
    }
  };
  auto read = database.read_blocking([&](store::Session& session) -> Status {
    auto sets = store::chunks::searchable_after(session, key, 0);
    if (!sets) return fail(sets.error());
    for (const auto& set : *sets) {
      if (auto status = store::chunks::each_vector(session, set.set, look); !status) return status;
    }
    return {};
  });
  if (!read) std::abort();
  std::vector<std::vector<std::int64_t>> out;
  for (const auto& near : best) {
    out.emplace_back();
    for (const auto& [cosine, chunk] : near) out.back().push_back(chunk);
  }
  return out;
}

void measure(const vector::Index& index, const std::vector<Question>& questions,
             const std::vector<std::vector<std::int64_t>>& nearest) {
  std::vector<double> by_vector, by_words, together;
  std::size_t same = 0, wanted = 0;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const auto begin = Clock::now();
    const auto near = index.near(questions[i].vector, kCandidates, {});
    by_vector.push_back(milliseconds_since(begin));
    const auto middle = Clock::now();
    const auto words = index.with_words(questions[i].words, kCandidates, {});
    by_words.push_back(milliseconds_since(middle));
    together.push_back(milliseconds_since(begin));
    if (!near || i >= nearest.size()) continue;
    wanted += nearest[i].size();
    for (std::size_t k = 0; k < std::min(nearest[i].size(), near->size()); ++k)
      same += static_cast<std::size_t>(std::ranges::count(nearest[i], (*near)[k].chunk));
  }
  report("vectors", by_vector);
  report("words", by_words);
  report("both", together);
  if (wanted > 0)
    std::printf("recall@10 %.4f over %zu questions\n",
                static_cast<double>(same) / static_cast<double>(wanted), nearest.size());
}

int complain(const Error& error) {
  std::fprintf(stderr, "bench_vector: %s\n", error.message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures searching a vector store that a server has made.");
  std::string data, model, questions_file;
  std::size_t exact_max = 300;
  app.add_option("data", data, "the server's data folder")->required();
  app.add_option("model", model, "the embedding model the store was made with")->required();
  app.add_option("questions", questions_file, "one to a line")->required();
  app.add_option("--exact", exact_max, "questions that are compared with the exact answer");
  bool anew = false;
  app.add_flag("--anew", anew, "from the rows, not from what was kept");
  CLI11_PARSE(app, argc, argv);

  auto database = store::open_sqlite({.path = data + "/parlance.db"});
  if (!database) return complain(database.error());
  base::SystemRandom random;
  auto blobs = blob::open_local(data + "/blobs", random);
  if (!blobs) return complain(blobs.error());
  const auto embed = train::embedding::embed_of(model);
  if (!embed) return complain(embed.error());
  const auto key = largest_store(**database);
  if (!key) return complain(key.error());
  const vector::Terms terms;
  const auto questions = read_questions(questions_file, terms, *embed);

  const base::SystemClock clock;
  vector::Index index(**database, terms, *key);
  const auto before = resident_mb();
  auto start = Clock::now();
  if (!anew) {
    const auto loaded = vector::Shelf(**database, **blobs, clock).load(*key, index);
    std::printf("kept: %s, %zu chunks in %.2f s\n", loaded ? "yes" : loaded.error().message.c_str(),
                index.size(), milliseconds_since(start) / 1000);
    start = Clock::now();
  }
  if (auto read = index.refresh(); !read) return complain(read.error());
  std::printf("rows: read in %.2f s; %zu chunks, %zu MB by its own count, %zu MB of the process\n",
              milliseconds_since(start) / 1000, index.size(), index.bytes() / (1024 * 1024),
              resident_mb() - before);
  const std::vector<Question> some(
      questions.begin(),
      questions.begin() + static_cast<std::ptrdiff_t>(std::min(exact_max, questions.size())));
  measure(index, questions, exact(**database, *key, some));
}
