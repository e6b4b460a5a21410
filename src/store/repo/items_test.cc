#include "store/repo/items.h"

#include <gtest/gtest.h>

#include <thread>

#include "store/repo/events.h"
#include "store/test_support.h"

namespace store {
namespace {

const ItemList kList{{"proj_a"}, "conv_1"};

class Items : public ::testing::Test {
 protected:
  Status append(const ItemList& list, std::vector<std::string> ids) {
    return db_->write_blocking([&](Transaction& transaction) {
      std::vector<Item> items;
      for (const auto& id : ids) items.push_back({.id = id, .body = "\"" + id + "\""});
      return items::append(transaction, list, items);
    });
  }
  std::vector<Item> all(const ItemList& list) {
    auto items = db_->read_blocking([&](Session& session) { return items::all(session, list); });
    EXPECT_TRUE(items);
    return *items;
  }
  template <class Fn>
  auto write(Fn fn) {
    return db_->write_blocking(fn);
  }

  testing::TemporaryDatabase db_;
};

TEST_F(Items, PositionsHaveNoGapsUnderConcurrency) {
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 8; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 10; ++i) {
        const auto name = std::to_string(caller) + "_" + std::to_string(i);
        EXPECT_TRUE(append(kList, {name + "a", name + "b"}));
        EXPECT_FALSE(append(kList, {name + "c", name + "a"}));  // takes no positions
      }
    });
  }
  for (auto& caller : callers) caller.join();
  const auto items = all(kList);
  ASSERT_EQ(items.size(), 160u);
  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(items[i].position, static_cast<std::int64_t>(i));
    // What was appended together stays together.
    if (i % 2 == 1) {
      EXPECT_EQ(items[i].id.substr(0, items[i].id.size() - 1),
                items[i - 1].id.substr(0, items[i - 1].id.size() - 1));
    }
  }
}

TEST_F(Items, PagesGetAndDelete) {
  ASSERT_TRUE(append(kList, {"a", "b", "c", "d"}));
  ASSERT_TRUE(write([](Transaction& t) { return items::remove(t, kList, "d"); }));
  ASSERT_TRUE(append(kList, {"e"}));
  EXPECT_EQ(all(kList).back().position, 4);  // not the removed one's place
  auto page = db_->read_blocking([](Session& session) {
    return items::page(session, kList, {.limit = 2, .order = Order::Ascending, .after = "a"});
  });
  ASSERT_TRUE(page);
  ASSERT_EQ(page->entries.size(), 2u);
  EXPECT_EQ(page->entries[1].id, "c");
  EXPECT_TRUE(page->has_more);
  EXPECT_EQ(write([](Transaction& t) { return items::remove(t, kList, "d"); }).error().code,
            ErrorCode::NotFound);
  ASSERT_TRUE(write([](Transaction& t) { return items::remove_all(t, kList); }));
  EXPECT_TRUE(all(kList).empty());
}

TEST_F(Items, TheSameIdMayBeInAnotherListButNotTwiceInOne) {
  ASSERT_TRUE(append(kList, {"a"}));
  ASSERT_TRUE(append({kList.project, "conv_2"}, {"a"}));
  EXPECT_EQ(append(kList, {"b", "a"}).error().code, ErrorCode::Conflict);
  EXPECT_EQ(all(kList).size(), 1u);
  const auto find = [&](const char* project) {
    return db_->read_blocking(
        [&](Session& session) { return items::find(session, {project}, "a"); });
  };
  EXPECT_TRUE(find("proj_a"));
  EXPECT_EQ(find("proj_b").error().code, ErrorCode::NotFound);
}

TEST_F(Items, OneHolderAtATimeUntilTheLeaseEnds) {
  const auto acquire = [&](std::string holder, std::int64_t now) {
    return write([&](Transaction& t) {
      return items::acquire(t, kList, {.holder = holder, .now_ms = now, .until_ms = now + 100});
    });
  };
  const auto held = [&](std::string holder) {
    return db_->read_blocking(
        [&](Session& session) { return items::check_held(session, kList, holder); });
  };
  ASSERT_TRUE(acquire("r1", 0));
  EXPECT_EQ(acquire("r2", 99).error().code, ErrorCode::Conflict);
  EXPECT_TRUE(acquire("r1", 50));
  EXPECT_EQ(acquire("r2", 149).error().code, ErrorCode::Conflict);
  EXPECT_TRUE(acquire("r2", 150));
  EXPECT_FALSE(held("r1"));
  ASSERT_TRUE(write([](Transaction& t) { return items::release(t, kList, "r1"); }));
  EXPECT_TRUE(held("r2"));  // only the holder lets go
  ASSERT_TRUE(write([](Transaction& t) { return items::release(t, kList, "r2"); }));
  EXPECT_TRUE(acquire("r3", 151));
  ASSERT_TRUE(append(kList, {"x"}));
  EXPECT_EQ(all(kList)[0].position, 0);
}

TEST_F(Items, AtStartLeasesOfThoseWhoAreGoneAreVoid) {
  const ItemList kept{{"proj_a"}, "conv_kept"};
  const auto acquire = [&](const ItemList& list, std::string holder) {
    return write([&](Transaction& t) {
      return items::acquire(t, list, {.holder = holder, .now_ms = 0, .until_ms = 100});
    });
  };
  ASSERT_TRUE(acquire(kList, "r1"));
  ASSERT_TRUE(acquire(kept, "job:r2"));
  ASSERT_TRUE(write([](Transaction& t) { return items::release_others(t, "job:"); }));
  EXPECT_TRUE(acquire(kList, "r3"));
  EXPECT_FALSE(acquire(kept, "r3"));
}

TEST_F(Items, EventsContinueWithoutGapOrRepeat) {
  const EventStream stream{{"proj_a"}, "resp_1"};
  const auto add = [&](std::vector<std::int64_t> numbers) {
    return write([&](Transaction& t) {
      std::vector<StreamEvent> batch;
      for (auto number : numbers) batch.push_back({number, std::to_string(number)});
      return events::append(t, stream, batch);
    });
  };
  ASSERT_TRUE(add({0, 1, 2}));
  EXPECT_FALSE(add({2}));
  EXPECT_FALSE(add({4}));
  EXPECT_FALSE(add({3, 5}));
  ASSERT_TRUE(add({3}));
  auto read =
      db_->read_blocking([&](Session& session) { return events::read(session, stream, 2, 10); });
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].sequence_number, 2);
  EXPECT_EQ((*read)[1].body, "3");
  auto foreign = db_->read_blocking(
      [&](Session& session) { return events::read(session, {{"proj_b"}, "resp_1"}, 0, 10); });
  EXPECT_TRUE(foreign->empty());
}

}  // namespace
}  // namespace store
