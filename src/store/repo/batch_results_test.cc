#include "store/repo/batch_results.h"

#include <gtest/gtest.h>

#include "store/test_support.h"

namespace store {
namespace {

const base::BatchId kBatch{"batch_1"};

TEST(BatchResults, ALineIsRecordedOnceAndCountedOnce) {
  testing::TemporaryDatabase db;
  auto first = db->write_blocking([](Transaction& transaction) -> Result<bool> {
    if (auto begun = batch_results::begin(transaction, kBatch, 3); !begun)
      return fail(begun.error());
    if (auto other = batch_results::begin(transaction, {"batch_2"}, 1); !other)
      return fail(other.error());
    return batch_results::record(transaction, kBatch, {.line = 2, .body = "a"},
                                 {.input = 5, .cached = 1, .output = 7, .reasoning = 2});
  });
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE(*first);
  auto again = db->write_blocking([](Transaction& transaction) {
    return batch_results::record(transaction, kBatch, {.line = 2, .failed = true, .body = "b"},
                                 {.input = 100});
  });
  EXPECT_EQ(again, false);
  auto failed = db->write_blocking([](Transaction& transaction) {
    return batch_results::record(transaction, kBatch, {.line = 1, .failed = true, .body = "c"}, {});
  });
  EXPECT_EQ(failed, true);

  const auto progress =
      *db->read_blocking([](Session& session) { return batch_results::progress(session, kBatch); });
  EXPECT_EQ(progress.total, 3);
  EXPECT_EQ(progress.completed, 1);
  EXPECT_EQ(progress.failed, 1);
  EXPECT_EQ(progress.tokens.input, 5);
  EXPECT_EQ(progress.tokens.reasoning, 2);
  EXPECT_EQ(
      *db->read_blocking([](Session& session) { return batch_results::lines(session, kBatch); }),
      (std::vector<std::int64_t>{1, 2}));
}

TEST(BatchResults, ReadsInPagesAndForgetsButKeepsTheSums) {
  testing::TemporaryDatabase db;
  auto made = db->write_blocking([](Transaction& transaction) -> Status {
    if (auto begun = batch_results::begin(transaction, kBatch, 5); !begun) return begun;
    for (std::int64_t line = 1; line <= 5; ++line) {
      auto added = batch_results::record(transaction, kBatch,
                                         {.line = line, .body = std::to_string(line)}, {});
      if (!added) return fail(added.error());
    }
    return {};
  });
  ASSERT_TRUE(made);
  const auto page = *db->read_blocking(
      [](Session& session) { return batch_results::read(session, kBatch, 2, 2); });
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0].line, 3);
  EXPECT_EQ(page[1].body, "4");
  EXPECT_EQ(db->write_blocking([](Transaction& transaction) {
    return batch_results::forget(transaction, kBatch, 4);
  }),
            4);
  EXPECT_EQ(db->write_blocking([](Transaction& transaction) {
    return batch_results::forget(transaction, kBatch, 4);
  }),
            1);
  EXPECT_EQ(db->read_blocking([](Session& session) {
                return batch_results::progress(session, kBatch);
              })->completed,
            5);
}

TEST(BatchResults, ADamagedRowIsReportedNotServed) {
  testing::TemporaryDatabase db;
  auto made = db->write_blocking([](Transaction& transaction) -> Status {
    auto added = batch_results::record(transaction, kBatch, {.line = 1, .body = "good"}, {});
    if (!added) return fail(added.error());
    auto damaged = transaction.execute("UPDATE batch_results SET body = 'evil'");
    if (!damaged) return fail(damaged.error());
    return {};
  });
  ASSERT_TRUE(made);
  auto read = db->read_blocking(
      [](Session& session) { return batch_results::read(session, kBatch, 0, 9); });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::CorruptData);
}

}  // namespace
}  // namespace store
