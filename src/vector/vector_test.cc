// The folder's parts together, on rows: index, words, filters, states.
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>
#include <ranges>

#include "base/limits/vector.h"
#include "base/random.h"
#include "blob/local_store.h"
#include "store/repo/chunks.h"
#include "store/repo/half.h"
#include "store/test_support.h"
#include "vector/filter_json.h"
#include "vector/indexes.h"
#include "vector/query.h"
#include "vector/ranking.h"
#include "vector/rough.h"
#include "vector/shelf.h"
#include "vector/stores.h"
#include "vector/turn.h"
#include "vector/vector_rows.h"

namespace vector {
namespace {

using store::chunks::StoreKey;

std::vector<float> unit_vector(std::mt19937& random, std::size_t dimensions) {
  std::normal_distribution<float> normal;
  std::vector<float> out(dimensions);
  float sum = 0;
  for (auto& x : out) {
    x = normal(random);
    sum += x * x;
  }
  for (auto& x : out) x /= std::sqrt(sum);
  return out;
}

class VectorTest : public ::testing::Test {
 protected:
  // A searchable file of these chunks; returns its set.
  std::int64_t add(const StoreKey& key, const std::string& file,
                   const std::vector<store::chunks::NewChunk>& chunks) {
    auto set = database_->write_blocking([&](store::Transaction& tx) -> Result<std::int64_t> {
      auto made = store::chunks::begin_set(tx, {key, file});
      if (!made) return made;
      if (auto status = store::chunks::append(tx, *made, chunks); !status)
        return fail(status.error());
      if (auto status = store::chunks::make_searchable(tx, *made, key); !status)
        return fail(status.error());
      return made;
    });
    EXPECT_TRUE(set) << set.error().message;
    return set.value_or(0);
  }
  std::vector<Found> words(const StoreKey& key, std::vector<std::string> any,
                           std::optional<store::AttributeFilter> filter = {}) {
    Index index(*database_, terms_, key);
    EXPECT_TRUE(index.refresh());
    Index::Sets sets;
    if (filter) {
      sets = *database_->read_blocking([&](store::Session& session) {
        return store::chunks::sets_that_fit(session, key, *filter);
      });
    }
    return index.with_words(terms_of(any), 10, sets);
  }
  std::vector<Term> terms_of(const std::vector<std::string>& words) {
    std::vector<Term> out;
    for (const auto& word : words) std::ranges::copy(terms_.of(word), std::back_inserter(out));
    return out;
  }
  // The nearest, with what is new.
  std::vector<Found> near(Index& index, const std::vector<float>& query, std::size_t limit,
                          const Index::Sets& sets = {}) {
    EXPECT_TRUE(index.refresh());
    auto found = index.near(query, limit, sets);
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(std::vector<Found>());
  }

  const Terms terms_;
  store::testing::TemporaryDatabase database_;
  const StoreKey mine_{{"p1"}, "vs_1"};
  const StoreKey theirs_{{"p2"}, "vs_2"};
};

TEST_F(VectorTest, HalvesKeepWhatUnitVectorsNeed) {
  for (const float value : {0.0f, 1.0f, -1.0f, 0.5f, 0.123f, -0.0004f, 1e-7f}) {
    EXPECT_NEAR(store::from_half(store::to_half(value)), value, 0.0005f);
  }
  EXPECT_EQ(store::from_half(store::to_half(65504.0f)), 65504.0f);
}

TEST(Turn, KeepsProductsAndSpreadsWhatIsInOneNumber) {
  std::mt19937 random(4);
  for (const std::size_t n : {1u, 2u, 3u, 16u, 100u, 256u, 384u}) {
    auto a = unit_vector(random, n), b = unit_vector(random, n);
    const float before = std::inner_product(a.begin(), a.end(), b.begin(), 0.0f);
    turn(a);
    turn(b);
    EXPECT_NEAR(std::inner_product(a.begin(), a.end(), b.begin(), 0.0f), before, 1e-5);
  }
  std::vector<float> one(384);
  one[7] = 1;
  turn(one);
  EXPECT_LT(std::ranges::max(one), 0.3f);
}

TEST(Rough, ScoresAreProductsAndTheSameOnEveryInstructionSet) {
  std::mt19937 random(5);
  for (const std::size_t n : {1u, 15u, 16u, 17u, 250u, 256u, 1'024u}) {
    const auto query = unit_vector(random, n), centre = unit_vector(random, n);
    const RoughQuery rough(query, centre);
    std::vector<std::uint8_t> codes(rough_block_bytes(n));
    std::vector<float> factors(kRoughBlock), offsets(kRoughBlock), plain(kRoughBlock), products;
    for (std::size_t row = 0; row < kRoughBlock; ++row) {
      const auto vector = unit_vector(random, n);
      const auto [factor, offset] = write_rough(vector, centre, codes, row);
      factors[row] = factor;
      offsets[row] = offset;
      float product = 0;  // less what is the same for all
      for (std::size_t i = 0; i < n; ++i)
        product += query[i] * vector[i] - (query[i] - centre[i]) * centre[i];
      products.push_back(product);
    }
    const RoughBlock block{codes.data(), factors.data(), offsets.data()};
    EXPECT_EQ(rough_scorers().back()(rough, block, -1e9f, plain.data()), 0xFFFFu);
    for (std::size_t row = 0; row < kRoughBlock; ++row)
      EXPECT_NEAR(plain[row], products[row], 3 / std::sqrt(static_cast<float>(n)));
    for (const auto scorer : rough_scorers()) {
      std::vector<float> scores(kRoughBlock);
      const unsigned above = scorer(rough, block, plain[3], scores.data());
      EXPECT_EQ(scores, plain);
      for (std::size_t row = 0; row < kRoughBlock; ++row)
        EXPECT_EQ((above >> row & 1) != 0, plain[row] > plain[3]);
    }
  }
}

// Two segments, with vectors that lean to one side as those of real models do.
TEST(VectorRows, FindsTheNearestOfThoseAllowed) {
  constexpr std::size_t kRows = 40'000, kDimensions = 96;
  std::mt19937 random(1);
  const auto leaning = [&] {
    auto vector = unit_vector(random, kDimensions);
    vector[5] += 2;
    const float length =
        std::sqrt(std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0f));
    for (float& x : vector) x /= length;
    return vector;
  };
  VectorRows rows(kDimensions);
  std::vector<std::vector<float>> vectors;
  for (std::size_t i = 0; i < kRows; ++i) {
    vectors.push_back(leaning());
    rows.add(std::vector<Place>{static_cast<Place>(2 * i)}, vectors.back());
  }
  const std::vector<Range> all{{0, 2 * kRows}}, some{{0, 1}, {34, 4'001}, {65'001, 66'000}};
  for (const auto& allowed : {all, some}) {
    int same = 0;
    for (int k = 0; k < 20; ++k) {
      const auto query = leaning();
      Best exact(10);
      for (const auto& range : allowed) {
        for (Place place = (range.begin + 1) / 2 * 2; place < range.end; place += 2)
          exact.add({place, std::inner_product(query.begin(), query.end(),
                                               vectors[place / 2].begin(), 0.0f)});
      }
      const auto expected = std::move(exact).in_order(), found = rows.find(query, 10, allowed);
      ASSERT_EQ(found.size(), 10u);
      for (std::size_t i = 0; i < 10; ++i) {
        same += std::ranges::count(expected, found[i].place, &Match::place);
        EXPECT_NEAR(found[i].score, expected[i].score, 0.002);
      }
    }
    EXPECT_GE(same, 190);  // of 200
  }
  EXPECT_EQ(rows.find(vectors[17], 1, all)[0].place, 34u);
  EXPECT_EQ(rows.find(vectors[17], 5, std::vector<Range>{{0, 1}, {2, 3}}).size(), 2u);
  EXPECT_TRUE(rows.find(vectors[17], 5, {}).empty());
  EXPECT_TRUE(rows.find(vectors[17], 0, all).empty());
}

TEST_F(VectorTest, TheIndexCatchesUpForgetsAndKeepsToSets) {
  Index index(*database_, terms_, mine_);
  const std::vector<float> x{1, 0}, y{0, 1};
  EXPECT_TRUE(near(index, x, 5).empty());
  const auto first = add(mine_, "a", {{.body = "a", .vector = x}});
  EXPECT_EQ(near(index, x, 5).size(), 1u);
  const auto second = add(mine_, "b", {{.body = "b", .vector = y}, {.body = "b2", .vector = y}});
  EXPECT_EQ(near(index, x, 5).size(), 3u);
  EXPECT_EQ(near(index, x, 5, std::vector<std::int64_t>{second}).size(), 2u);
  index.forget(std::vector<std::int64_t>{first});
  EXPECT_EQ(near(index, x, 5).size(), 2u);
  EXPECT_TRUE(index.with_words(terms_of({"a"}), 5, {}).empty());
  EXPECT_TRUE(near(index, {1, 0, 0}, 5).empty());
}

TEST_F(VectorTest, NothingOfOthersIsFound) {
  add(mine_, "a", {{.body = "the secret of mine", .vector = {1, 0}}});
  add(theirs_, "b", {{.body = "the secret of theirs", .vector = {1, 0}}});
  const auto hits = words(mine_, {"secret"});
  ASSERT_EQ(hits.size(), 1u);
  EXPECT_TRUE(words({{"p1"}, "vs_2"}, {"secret"}).empty());
  EXPECT_TRUE(words({{"p2"}, "vs_1"}, {"secret"}).empty());
  auto rows = database_->read_blocking([&](store::Session& session) {
    return store::chunks::fetch(session, theirs_, hits[0].chunk);
  });
  EXPECT_FALSE(rows->has_value());
  Index index(*database_, terms_, mine_);
  EXPECT_EQ(near(index, {1, 0}, 5).size(), 1u);
}

TEST_F(VectorTest, HiddenIsGoneAtOnceAndForgottenLater) {
  add(mine_, "a", {{.body = "alpha one"}, {.body = "alpha two"}, {.body = "alpha three"}});
  ASSERT_EQ(words(mine_, {"alpha"}).size(), 3u);
  auto hidden = database_->write_blocking(
      [&](store::Transaction& tx) { return store::chunks::hide_file(tx, {mine_, "a"}); });
  EXPECT_EQ(hidden->size(), 1u);
  EXPECT_TRUE(words(mine_, {"alpha"}).empty());
  std::vector<std::size_t> chunks, sets;
  do {
    auto some = database_->write_blocking(
        [&](store::Transaction& tx) { return store::chunks::forget_gone(tx, 2); });
    ASSERT_TRUE(some);
    chunks.push_back(some->chunks);
    sets.push_back(some->sets.size());
  } while (chunks.back() + sets.back() > 0);
  EXPECT_EQ(chunks, (std::vector<std::size_t>{2, 1, 0}));
  EXPECT_EQ(sets, (std::vector<std::size_t>{0, 1, 0}));  // each is named once
  EXPECT_TRUE(database_->integrity_check());
}

TEST_F(VectorTest, WordsAreFoundWithoutCaseAccentsAndEndings) {
  add(mine_, "a", {{.heading = "Cafés", .body = "Running late"}, {.body = "a cafe that RUNS"}});
  EXPECT_EQ(words(mine_, {"café"}).size(), 2u);
  EXPECT_EQ(words(mine_, {"runs"}).size(), 2u);
  EXPECT_TRUE(words(mine_, {"ran"}).empty());
}

// The table that SQLite ranks, with the same words and weights, is the reference.
TEST_F(VectorTest, WordsRankAsSqliteRanksThem) {
  std::mt19937 random(3);
  const std::vector<std::string> pool{"red", "blue", "green", "stone", "water", "a", "the"};
  std::vector<store::chunks::NewChunk> chunks(200);
  for (auto& chunk : chunks) {
    chunk.heading = pool[random() % 5];
    for (auto n = 1 + random() % 12; n > 0; --n) chunk.body += pool[random() % 7] + " ";
  }
  add(mine_, "a", chunks);
  const auto found = words(mine_, {"red", "water"});
  auto expected = database_->write_blocking(
      [&](store::Transaction& tx) -> Result<std::vector<std::pair<std::int64_t, double>>> {
        for (const char* sql :
             {"CREATE VIRTUAL TABLE t USING fts5 (heading, body, "
              "tokenize='porter unicode61 remove_diacritics 2')",
              "INSERT INTO t (rowid, heading, body) SELECT seq, heading, body FROM chunks"}) {
          if (auto ran = tx.execute(sql); !ran) return fail(ran.error());
        }
        return tx.query(
            "SELECT rowid, -bm25(t, 2.0, 1.0) FROM t WHERE t MATCH 'red OR water' "
            "ORDER BY 2 DESC, 1 LIMIT 10",
            {}, [](const store::Row& row) { return std::pair(row.integer(0), row.real(1)); });
      });
  ASSERT_TRUE(expected) << expected.error().message;
  ASSERT_EQ(found.size(), 10u);
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i].score, (*expected)[i].second, 1e-4);
}

TEST_F(VectorTest, AKeptIndexGoesOnWhereItWas) {
  std::mt19937 random(2);
  const auto some = [&](std::size_t n) {
    std::vector<store::chunks::NewChunk> chunks(n);
    for (auto& chunk : chunks) chunk = {.body = "red stone", .vector = unit_vector(random, 8)};
    return chunks;
  };
  const StoreId id{mine_.project, mine_.store};
  ASSERT_TRUE(database_->write_blocking([&](store::Transaction& tx) {
    VectorStore made{.key = {.project = id.project, .kind = kStoreKind, .id = id.id},
                     .created_at = 0,
                     .record = {}};
    return stores::create(tx, made);
  }));
  const auto gone = add(mine_, "a", some(300));
  add(mine_, "b", some(200));
  base::SeededRandom names(1);
  auto blobs = *blob::open_local(database_.folder.file("blobs"), names);
  const base::FakeClock clock;
  const Shelf shelf(*database_, *blobs, clock);
  Index first(*database_, terms_, mine_);
  ASSERT_TRUE(first.refresh());
  ASSERT_TRUE(shelf.save(mine_, first));
  ASSERT_TRUE(shelf.save(mine_, first));  // again, in its place
  ASSERT_TRUE(database_->write_blocking(
      [&](store::Transaction& tx) { return store::chunks::hide_file(tx, {mine_, "a"}); }));
  add(mine_, "c", some(10));

  Index second(*database_, terms_, mine_);
  ASSERT_TRUE(shelf.load(mine_, second));
  EXPECT_EQ(second.size(), 500u);
  first.forget(std::vector<std::int64_t>{gone});
  const auto query = unit_vector(random, 8);
  const auto expected = near(first, query, 300), found = near(second, query, 300);
  ASSERT_EQ(expected.size(), 210u);
  ASSERT_EQ(found.size(), 210u);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].chunk, expected[i].chunk);
  EXPECT_EQ(second.with_words(terms_of({"stones"}), 300, {}).size(), 210u);

  // Damage is noticed, and nothing of it used.
  for (const auto& file :
       std::filesystem::recursive_directory_iterator(database_.folder.path() / "blobs")) {
    if (!file.is_regular_file()) continue;
    std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(2'000);
    bytes.put('x');
  }
  Index third(*database_, terms_, mine_);
  EXPECT_EQ(shelf.load(mine_, third).error().code, ErrorCode::CorruptData);
  EXPECT_EQ(near(third, query, 300).size(), 210u);

  ASSERT_TRUE(
      database_->write_blocking([&](store::Transaction& tx) { return stores::remove(tx, id, 0); }));
  EXPECT_EQ(shelf.load(mine_, third).error().code, ErrorCode::NotFound);
  EXPECT_EQ(shelf.save(mine_, third).error().code, ErrorCode::NotFound);
}

// A set that is forgotten while the index that is to take its place is read leaves both.
TEST_F(VectorTest, AnIndexThatIsMadeAnewForgetsToo) {
  base::SeededRandom names(1);
  auto blobs = *blob::open_local(database_.folder.file("blobs"), names);
  const base::FakeClock clock;
  Indexes indexes(*database_, *blobs, clock);
  base::asio::thread_pool pool(1);
  const auto fresh = [&] {
    auto made = base::asio::co_spawn(pool, indexes.fresh(mine_), base::asio::use_future).get();
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  };
  const auto hide = [&](const std::string& file) {
    auto hidden = database_->write_blocking(
        [&](store::Transaction& tx) { return store::chunks::hide_file(tx, {mine_, file}); });
    indexes.forget(mine_, *hidden);
  };
  const std::vector<store::chunks::NewChunk> many(1'500, {.body = "red", .vector = {1, 0}});
  add(mine_, "a", many);
  add(mine_, "b", many);
  add(mine_, "c", {{.body = "blue", .vector = {0, 1}}});
  EXPECT_EQ(fresh()->size(), 3'001u);
  hide("a");  // so much is gone that the next search has it made anew
  EXPECT_NEAR((*fresh()->near(std::vector<float>{0, 1}, 1, {}))[0].score, 1, 1e-3);
  hide("c");
  auto index = fresh();
  EXPECT_TRUE(index->with_words(terms_of({"blue"}), 5, {}).empty());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (index->size() > 1'501 && std::chrono::steady_clock::now() < deadline) index = fresh();
  EXPECT_LE(index->size(), 1'501u);
  EXPECT_TRUE(index->with_words(terms_of({"blue"}), 5, {}).empty());
  EXPECT_EQ(index->with_words(terms_of({"red"}), 5, {}).size(), 5u);
}

// What could not be read to its end is neither found twice nor lost.
TEST_F(VectorTest, ReadingGoesOnAfterAFailure) {
  std::atomic<bool> stopping = false;
  Index index(*database_, terms_, mine_, {.stopping = &stopping});
  add(mine_, "a", {{.body = "red", .vector = {1, 0}}});
  ASSERT_TRUE(index.refresh());
  add(mine_, "b", {{.body = "red", .vector = {1, 0}}});
  stopping = true;
  EXPECT_FALSE(index.refresh());
  EXPECT_EQ(index.with_words(terms_of({"red"}), 5, {}).size(), 1u);
  stopping = false;
  ASSERT_TRUE(index.refresh());
  EXPECT_EQ(index.with_words(terms_of({"red"}), 5, {}).size(), 2u);
}

TEST_F(VectorTest, WordsThatLookLikeOperatorsAreWords) {
  add(mine_, "a", {{.body = "NOT near \"quotes\" OR"}});
  EXPECT_EQ(words(mine_, {"\"quotes\""}).size(), 1u);
  EXPECT_TRUE(words(mine_, {"*", "scope:x", "^a"}).empty());
}

TEST_F(VectorTest, FiltersBindWhatTheyCompare) {
  auto set = [&](const std::string& file, std::map<std::string, store::Attribute> attributes) {
    add(mine_, file, {{.body = "water"}});
    ASSERT_TRUE(database_->write_blocking([&](store::Transaction& tx) {
      return store::chunks::set_attributes(tx, {mine_, file}, attributes);
    }));
  };
  set("a", {{"n", 1.0}, {"x'; DROP TABLE chunks; --", std::string("y")}});
  set("b", {{"n", 2.0}, {"t", true}});
  const auto count = [&](const char* text) {
    auto filter = read_filter(*json::parse(text), {.key = "filters"});
    EXPECT_TRUE(filter) << filter.error().message;
    return words(mine_, {"water"}, *filter).size();
  };
  EXPECT_EQ(count(R"({"type":"gte","key":"n","value":1})"), 2u);
  EXPECT_EQ(count(R"({"type":"eq","key":"t","value":true})"), 1u);
  EXPECT_EQ(count(R"({"type":"eq","key":"t","value":1})"), 0u);
  EXPECT_EQ(count(R"({"type":"eq","key":"x'; DROP TABLE chunks; --","value":"y"})"), 1u);
  EXPECT_EQ(count(R"({"type":"in","key":"n","value":[]})"), 0u);
  EXPECT_EQ(count(R"({"type":"nin","key":"n","value":[1,3]})"), 1u);
}

TEST(FilterJson, IsBoundedInDepthAndSize) {
  const auto nested = [](int depth) {
    std::string text = R"({"type":"eq","key":"a","value":1})";
    for (int i = 1; i < depth; ++i) text = R"({"type":"and","filters":[)" + text + "]}";
    return read_filter(*json::parse(text), {.key = "filters"}).has_value();
  };
  EXPECT_TRUE(nested(limits::search_filter_depth_max));
  EXPECT_FALSE(nested(limits::search_filter_depth_max + 1));
  const auto many = [](std::size_t n) {
    std::string values;
    for (std::size_t i = 0; i < n; ++i) values += (i ? ",1" : "1");
    const auto text = R"({"type":"in","key":"a","value":[)" + values + "]}";
    return read_filter(*json::parse(text), {.key = "filters"}).has_value();
  };
  EXPECT_TRUE(many(limits::search_filter_parts_max));
  EXPECT_FALSE(many(limits::search_filter_parts_max + 1));
}

TEST(Ranking, FirstInBothIsOne) {
  const std::vector<std::int64_t> a{1, 2, 3}, b{1, 3};
  const auto fused = fuse(a, b, {});
  ASSERT_EQ(fused.size(), 3u);
  EXPECT_EQ(fused[0].chunk, 1);
  EXPECT_DOUBLE_EQ(fused[0].score, 1.0);
  EXPECT_EQ(fused[1].chunk, 3);
  EXPECT_EQ(fuse(a, b, {.embedding = 0, .text = 1}).size(), 2u);
}

TEST(Ranking, ScaledScoresAddUp) {
  const std::vector<Found> near{{1, 0.9}, {2, 0.5}, {3, 0.1}}, words{{2, 12.0}, {4, 2.0}};
  const auto sum = add_scaled(near, words, {.embedding = 0.2, .text = 0.8});
  ASSERT_EQ(sum.size(), 4u);
  EXPECT_EQ(sum[0].chunk, 2);
  EXPECT_NEAR(sum[0].score, 0.8 + 0.2 * 5 / 9, 1e-9);
  EXPECT_EQ(sum[1].chunk, 1);
  EXPECT_NEAR(sum[1].score, 0.2, 1e-9);
  EXPECT_EQ(add_scaled({}, std::vector<Found>{{7, 3.0}}, {.embedding = 0, .text = 1})[0].score, 1);
}

TEST(Query, KeepsWhatTheQuestionIsAbout) {
  EXPECT_EQ(words_to_find("What is the capital of France?"),
            (std::vector<std::string>{"capital", "france"}));
  EXPECT_EQ(words_to_find("who are you"), (std::vector<std::string>{"who", "are", "you"}));
  EXPECT_EQ(rewritten("Could you tell me what the capital of France is?"), "the capital of France");
  EXPECT_EQ(rewritten("iron oxide"), "iron oxide");
  std::string many;
  for (std::size_t i = 0; i <= limits::search_words_max; ++i) many += "w" + std::to_string(i) + " ";
  EXPECT_EQ(words_to_find(many).size(), limits::search_words_max);
}

TEST_F(VectorTest, CountsMoveWithStatesAndNeverBack) {
  const StoreId id{{"p1"}, "vs_1"};
  auto check = [&](auto step) {
    auto done = database_->write_blocking([&](store::Transaction& tx) -> Status {
      step(tx);
      return {};
    });
    EXPECT_TRUE(done);
  };
  check([&](store::Transaction& tx) {
    VectorStore made{.key = {.project = id.project, .kind = kStoreKind, .id = id.id},
                     .created_at = 1,
                     .record = {}};
    ASSERT_TRUE(stores::create(tx, made));
    FileBatch batch{.key = {.project = id.project, .kind = kBatchKind, .id = "b", .parent = id.id},
                    .created_at = 1,
                    .record = {}};
    ASSERT_TRUE(batches::create(tx, batch));
    for (const char* file : {"f1", "f2"}) {
      FileRecord record;
      record.batch = "b";
      ASSERT_TRUE(files::attach(tx, {.store = id, .file = file, .now = 1, .record = record}));
    }
    EXPECT_TRUE(*files::settle(tx, id, "f1", {.status = "completed", .usage_bytes = 7}));
    EXPECT_FALSE(*files::settle(tx, id, "f1", {.status = "failed"}));
    EXPECT_TRUE(batches::cancel(tx, id, "b"));
    EXPECT_FALSE(*files::settle(tx, id, "f2", {.status = "completed", .usage_bytes = 5}));
    const auto store = stores::get(tx, id, 2);
    EXPECT_EQ(store->record.counts.completed, 1);
    EXPECT_EQ(store->record.counts.cancelled, 1);
    EXPECT_EQ(store->record.counts.in_progress, 0);
    EXPECT_EQ(store->record.usage_bytes, 7);
    ASSERT_TRUE(files::detach(tx, id, "f1"));
    EXPECT_EQ(stores::get(tx, id, 2)->record.usage_bytes, 0);
    EXPECT_EQ(batches::get(tx, id, "b")->record.counts.total(), 1);
    ASSERT_TRUE(stores::remove(tx, id, 3));
    EXPECT_EQ(*stores::remove_leftovers(tx, id, 10), 2u);
  });
}

TEST_F(VectorTest, VectorsOfTwoModelsAreNotCompared) {
  const StoreId id{{"p1"}, "vs_1"};
  auto done = database_->write_blocking([&](store::Transaction& tx) -> Status {
    VectorStore made{.key = {.project = id.project, .kind = kStoreKind, .id = id.id},
                     .created_at = 0,
                     .record = {}};
    if (auto status = stores::create(tx, made); !status) return status;
    const auto compares = [&](const std::string& made_by) {
      return stores::get(tx, id, 0)->record.compares_with(made_by);
    };
    EXPECT_TRUE(compares("one"));  // of a store from before this was noted
    EXPECT_FALSE(*stores::note_maker(tx, id, ""));
    EXPECT_FALSE(*stores::note_maker(tx, id, "one"));
    EXPECT_TRUE(compares("one"));
    EXPECT_FALSE(compares("two"));
    EXPECT_TRUE(*stores::note_maker(tx, id, "two"));
    EXPECT_FALSE(*stores::note_maker(tx, id, "two"));  // once
    EXPECT_FALSE(compares("one"));
    EXPECT_FALSE(compares("two"));  // until all is embedded again
    EXPECT_FALSE(*stores::embedded(tx, id, "one"));
    EXPECT_TRUE(*stores::embedded(tx, id, "two"));
    EXPECT_TRUE(compares("two"));
    EXPECT_TRUE(*stores::note_maker(tx, id, "three"));
    if (auto status = stores::embedding_failed(tx, id); !status) return status;
    EXPECT_FALSE(compares("two"));  // some may be of three
    EXPECT_TRUE(*stores::note_maker(tx, id, "two"));
    return {};
  });
  EXPECT_TRUE(done) << done.error().message;
}

TEST_F(VectorTest, AStoreWhoseTimeIsOverStaysMarked) {
  const StoreId id{{"p1"}, "vs_1"};
  auto done = database_->write_blocking([&](store::Transaction& tx) -> Status {
    VectorStore made{.key = {.project = id.project, .kind = kStoreKind, .id = id.id},
                     .created_at = 0,
                     .record = {}};
    made.record.expires_after_days = 1;
    if (auto status = stores::create(tx, made); !status) return status;
    EXPECT_FALSE(stores::get(tx, id, 86'399)->record.expired);
    EXPECT_TRUE(stores::get(tx, id, 86'400)->record.expired);
    if (auto status = stores::touch(tx, id, 1'000); !status) return status;
    EXPECT_FALSE(stores::get(tx, id, 86'400)->record.expired);
    EXPECT_FALSE(*stores::expire(tx, id, 86'400));
    EXPECT_TRUE(*stores::expire(tx, id, 90'000));
    return {};
  });
  EXPECT_TRUE(done) << done.error().message;
  EXPECT_TRUE(
      database_
          ->read_blocking([&](store::Session& session) { return stores::get(session, id, 90'001); })
          ->record.expired);
}

}  // namespace
}  // namespace vector
