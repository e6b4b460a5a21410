// What every Database must do, run on each driver.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "base/limits/store.h"
#include "store/db/database.h"
#include "store/db/sqlite/sqlite_database.h"
#include "store/test_support.h"

namespace store {
namespace {

struct Driver {
  const char* name;
  Result<std::unique_ptr<Database>> (*open)(const std::filesystem::path& folder);
};

class DatabaseContract : public ::testing::TestWithParam<Driver> {
 protected:
  void SetUp() override {
    reopen();
    auto created = database_->write_blocking([](Transaction& transaction) {
      return transaction.execute("CREATE TABLE t (k BIGINT PRIMARY KEY, v TEXT, w @w@)");
    });
    EXPECT_FALSE(created);  // bad SQL is an error, not a crash
    created = database_->write_blocking([](Transaction& transaction) {
      return transaction.execute("CREATE TABLE t (k BIGINT PRIMARY KEY, v TEXT)");
    });
    ASSERT_TRUE(created);
  }
  void reopen() {
    database_.reset();
    auto opened = GetParam().open(folder_.path());
    ASSERT_TRUE(opened) << opened.error().message;
    database_ = std::move(*opened);
  }
  Result<std::int64_t> insert(std::int64_t k, std::string v) {
    return database_->write_blocking([&](Transaction& transaction) {
      return transaction.execute("INSERT INTO t (k, v) VALUES ($1, $2)", {k, v});
    });
  }
  std::int64_t rows() {
    auto count = database_->read_blocking(
        [](Session& session) { return session.query_integer("SELECT COUNT(*) FROM t", {}); });
    EXPECT_TRUE(count);
    return count.value_or(-1);
  }

  testing::TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
};

TEST_P(DatabaseContract, ParametersAreBoundByNumberAndNeverRead) {
  const std::string hostile = "'); DROP TABLE t; --\0x" + std::string(1, '\0') + "end";
  ASSERT_TRUE(insert(1, hostile));
  auto read = database_->read_blocking([&](Session& session) {
    return session.query_one("SELECT v, $3, $2, $4 FROM t WHERE k = $1 AND v = $2",
                             {1, hostile, std::optional<std::int64_t>(), 7}, [](const Row& row) {
                               EXPECT_TRUE(row.is_null(1));
                               EXPECT_EQ(row.integer(3), 7);
                               return row.string(0);
                             });
  });
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, hostile);
}

TEST_P(DatabaseContract, AFailedClosureTakesBackOnlyItself) {
  std::atomic<int> failures = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 8; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 20; ++i) {
        const std::int64_t key = caller * 100 + i;
        auto status = database_->write_blocking([&](Transaction& transaction) -> Status {
          auto added = transaction.execute("INSERT INTO t VALUES ($1, $2)", {key, "v"});
          if (!added) return fail(added.error());
          if (i % 2 == 1) return fail(ErrorCode::Conflict, "changed my mind");
          return {};
        });
        if (!status) ++failures;
      }
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(failures, 80);
  EXPECT_EQ(rows(), 80);
}

TEST_P(DatabaseContract, AUniqueKeyTakenTwiceIsAConflict) {
  ASSERT_TRUE(insert(1, "a"));
  auto again = insert(1, "b");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::Conflict);
  EXPECT_TRUE(insert(2, "c"));
}

TEST_P(DatabaseContract, AReadSeesOneSnapshotAndLaterReadsSeeTheWrite) {
  ASSERT_TRUE(insert(1, "a"));
  auto counts = database_->read_blocking([&](Session& session) -> Result<std::int64_t> {
    auto before = session.query_integer("SELECT COUNT(*) FROM t", {});
    std::thread([&] { EXPECT_TRUE(insert(2, "b")); }).join();
    auto after = session.query_integer("SELECT COUNT(*) FROM t", {});
    return before.value() * 10 + after.value();
  });
  EXPECT_EQ(counts, 11);
  EXPECT_EQ(rows(), 2);
}

TEST_P(DatabaseContract, ReadersCannotWrite) {
  auto written = database_->read_blocking(
      [](Session& session) { return session.execute("INSERT INTO t VALUES (1, 'a')"); });
  EXPECT_FALSE(written);
  EXPECT_EQ(rows(), 0);
}

TEST_P(DatabaseContract, WritesStayAfterReopening) {
  ASSERT_TRUE(insert(1, "a"));
  reopen();
  EXPECT_EQ(rows(), 1);
  EXPECT_TRUE(database_->integrity_check());
}

TEST_P(DatabaseContract, ClosingFinishesWhatIsQueuedAndRefusesMore) {
  std::vector<std::thread> callers;
  std::atomic<int> stored = 0;
  for (int caller = 0; caller < 16; ++caller) {
    callers.emplace_back([&, caller] {
      if (insert(caller, "x")) ++stored;
    });
  }
  while (stored == 0) std::this_thread::yield();
  database_->close();
  for (auto& caller : callers) caller.join();
  auto late = insert(99, "x");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::Overloaded);
  EXPECT_EQ(rows(), stored);
}

TEST_P(DatabaseContract, CoroutinesAwaitWritesWithoutAThread) {
  base::asio::io_context context;
  int resumed = 0;
  const auto store = [](Database& database, std::int64_t key, int& resumed) -> base::awaitable<> {
    const std::string value(100, 'c');
    auto insert = [key, value](Transaction& transaction) {
      return transaction.execute("INSERT INTO t VALUES ($1, $2)", {key, value});
    };
    auto added = co_await database.write(std::move(insert));
    EXPECT_TRUE(added);
    ++resumed;
  };
  for (int i = 0; i < 200; ++i) {
    base::asio::co_spawn(context, store(*database_, i, resumed), base::asio::detached);
  }
  context.run();
  database_->close();  // before the executor goes: the writer may still be leaving it
  EXPECT_EQ(resumed, 200);
  EXPECT_EQ(rows(), 200);
}

// Counts how its writes ended.
base::awaitable<> count_write(Database& database, int& stored, int& refused) {
  auto status = co_await database.write([](Transaction&) -> Status { return {}; });
  if (status) {
    ++stored;
  } else {
    refused += status.error().code == ErrorCode::Overloaded ? 1 : 0;
  }
}

TEST_P(DatabaseContract, AFullQueueRefusesAndDrains) {
  std::promise<void> running;
  std::promise<void> go_on;
  std::thread slow([&] {
    auto status = database_->write_blocking([&](Transaction&) -> Status {
      running.set_value();
      go_on.get_future().wait();
      return {};
    });
    EXPECT_TRUE(status);
  });
  running.get_future().wait();
  base::asio::io_context context;
  int stored = 0;
  int refused = 0;
  for (std::size_t i = 0; i < limits::store_write_queue_max + 1; ++i) {
    base::asio::co_spawn(context, count_write(*database_, stored, refused), base::asio::detached);
  }
  while (refused == 0) context.run_one();
  go_on.set_value();
  context.run();
  slow.join();
  database_->close();
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(stored, static_cast<int>(limits::store_write_queue_max));
}

TEST_P(DatabaseContract, OneProcessPerDatabase) {
  auto second = GetParam().open(folder_.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::Conflict);
}

INSTANTIATE_TEST_SUITE_P(Drivers, DatabaseContract,
                         ::testing::Values(Driver{"sqlite",
                                                  [](const std::filesystem::path& folder) {
                                                    return open_sqlite(
                                                        {.path = (folder / "test.db").string()});
                                                  }}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace store
