#include "store/repo/blobs.h"

#include <gtest/gtest.h>

#include "store/test_support.h"

namespace store {
namespace {

class Blobs : public ::testing::Test {
 protected:
  std::string refer(std::string key, std::string hash) {
    auto kept = db_->write_blocking([&](Transaction& transaction) {
      return blobs::refer(transaction, {.key = key, .sha256 = hash, .size = 3}, 100);
    });
    return kept.value_or("");
  }
  Status release(std::string key) {
    return db_->write_blocking(
        [&](Transaction& transaction) { return blobs::release(transaction, key, 200); });
  }
  std::vector<std::string> forget(std::int64_t before) {
    return *db_->write_blocking(
        [&](Transaction& transaction) { return blobs::forget_unused(transaction, before, 10); });
  }

  testing::TemporaryDatabase db_;
};

TEST_F(Blobs, TheSameContentsAreKeptOnce) {
  EXPECT_EQ(refer("k1", "h"), "k1");
  EXPECT_EQ(refer("k2", "h"), "k1");
  EXPECT_EQ(forget(101), std::vector<std::string>{"k2"});
  ASSERT_TRUE(release("k1"));
  EXPECT_TRUE(forget(1000).empty());
  ASSERT_TRUE(release("k1"));
  EXPECT_FALSE(release("k1"));
  EXPECT_TRUE(forget(200).empty());  // unused since 200: not before it
  EXPECT_EQ(forget(201), std::vector<std::string>{"k1"});
}

TEST_F(Blobs, AKeyThatIsReferredToCanBeReferredToAgain) {
  EXPECT_EQ(refer("k1", "h"), "k1");
  EXPECT_EQ(refer("k1", "h"), "k1");
  ASSERT_TRUE(release("k1"));
  EXPECT_TRUE(forget(1000).empty());
  ASSERT_TRUE(release("k1"));
  EXPECT_EQ(forget(1000), std::vector<std::string>{"k1"});
}

TEST_F(Blobs, WhatIsUnusedIsNotReferredToAgain) {
  EXPECT_EQ(refer("k1", "h"), "k1");
  ASSERT_TRUE(release("k1"));
  // The collector may already be on its way to these bytes.
  EXPECT_EQ(refer("k2", "h"), "k2");
  EXPECT_FALSE(db_->write_blocking(
      [](Transaction& transaction) { return blobs::refer_again(transaction, "k1"); }));
}

}  // namespace
}  // namespace store
