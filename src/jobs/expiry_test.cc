#include "jobs/expiry.h"

#include <gtest/gtest.h>

#include "store/repo/events.h"
#include "store/repo/items.h"
#include "store/test_support.h"

namespace jobs {
namespace {

const base::ProjectId kProject{"proj_a"};

class Expiry : public ::testing::Test {
 protected:
  void create(const std::string& kind, const std::string& id,
              std::optional<std::int64_t> expires_at) {
    auto created = db_->write_blocking([&](store::Transaction& transaction) -> Status {
      store::Document document{
          .key = {kProject, kind, id}, .created_at = 1, .expires_at = expires_at, .body = "{}"};
      return store::documents::create(transaction, document, {{"model", "m"}});
    });
    EXPECT_TRUE(created);
  }
  bool exists(const std::string& kind, const std::string& id) {
    return db_
        ->read_blocking([&](store::Session& session) {
          return store::documents::get(session, {kProject, kind, id});
        })
        .has_value();
  }

  store::testing::TemporaryDatabase db_;
};

TEST_F(Expiry, RemovesWhatIsOverWithItemsAndEvents) {
  create("response", "r1", 10);
  create("response", "r2", 11);
  create("response", "r3", {});
  const store::ItemList list{kProject, "r1"};
  const store::EventStream stream{kProject, "r1"};
  ASSERT_TRUE(db_->write_blocking([&](store::Transaction& transaction) -> Status {
    std::vector<store::Item> items{{.id = "i", .created_at = 1, .body = "{}"}};
    if (auto status = store::items::append(transaction, list, items); !status) return status;
    return store::events::append(transaction, stream, {{0, "{}"}});
  }));
  EXPECT_EQ(sweep_expired(*db_, {}, 9), 0u);
  EXPECT_EQ(sweep_expired(*db_, {}, 10), 1u);
  EXPECT_FALSE(exists("response", "r1"));
  EXPECT_TRUE(exists("response", "r2"));
  EXPECT_TRUE(exists("response", "r3"));
  db_->read_blocking([&](store::Session& session) -> Status {
    EXPECT_EQ(store::items::count(session, list), 0);
    EXPECT_EQ(store::events::last(session, stream), -1);
    return {};
  });
  db_.reopen();
  EXPECT_EQ(sweep_expired(*db_, {}, 11), 1u);
}

TEST_F(Expiry, AKindRemovesItsOwnOrGivesItAnotherEnd) {
  create("file", "f1", 5);
  create("store", "s1", 5);
  const std::vector<ExpiringKind> kinds{
      {"file", [](store::Transaction& transaction, const store::DocumentKey& key,
                  std::int64_t) { return store::documents::remove(transaction, key); }},
      {"store", [](store::Transaction& transaction, const store::DocumentKey& key, std::int64_t) {
         return store::documents::set_expiry(transaction, key, std::nullopt);
       }}};
  EXPECT_EQ(sweep_expired(*db_, kinds, 5), 2u);
  EXPECT_FALSE(exists("file", "f1"));
  EXPECT_TRUE(exists("store", "s1"));
  EXPECT_EQ(sweep_expired(*db_, kinds, 1'000'000), 0u);
}

// More than a round of objects that cannot go must not keep the others from going.
TEST_F(Expiry, WhatFailsIsPutAsideAndTriedAgain) {
  for (int i = 0; i < 120; ++i) create("stuck", "s" + std::to_string(i), 1);
  create("response", "r1", 2);
  bool broken = true;
  const std::vector<ExpiringKind> kinds{
      {"stuck", [&](store::Transaction& transaction, const store::DocumentKey& key, std::int64_t) {
         auto removed = store::documents::remove(transaction, key);
         return broken ? Status(fail(ErrorCode::CorruptData, "broken")) : removed;
       }}};
  EXPECT_EQ(sweep_expired(*db_, kinds, 10), 1u);
  EXPECT_FALSE(exists("response", "r1"));
  EXPECT_TRUE(exists("stuck", "s0"));
  broken = false;
  EXPECT_EQ(sweep_expired(*db_, kinds, 11), 0u);
  EXPECT_EQ(sweep_expired(*db_, kinds, 10 + 24 * 3600), 120u);
}

}  // namespace
}  // namespace jobs
