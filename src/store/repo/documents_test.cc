#include "store/repo/documents.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "store/test_support.h"

namespace store {
namespace {

const base::ProjectId kOwner{"proj_a"};
const base::ProjectId kOther{"proj_b"};

DocumentKey key(std::string id) {
  return {kOwner, "response", std::move(id)};
}

class Documents : public ::testing::Test {
 protected:
  Status create(DocumentKey key, std::string body, std::vector<Label> labels = {},
                std::optional<std::int64_t> expires_at = {}) {
    return db_->write_blocking([&](Transaction& transaction) {
      Document document{
          .key = key, .created_at = 1, .expires_at = expires_at, .body = std::move(body)};
      return documents::create(transaction, document, labels);
    });
  }
  Result<Document> get(const DocumentKey& key) {
    return db_->read_blocking([&](Session& session) { return documents::get(session, key); });
  }
  Status remove(const DocumentKey& key) {
    return db_->write_blocking(
        [&](Transaction& transaction) { return documents::remove(transaction, key); });
  }
  Result<std::vector<std::string>> ids(const documents::Filter& filter, const PageRequest& request,
                                       bool* has_more = nullptr) {
    auto page = db_->read_blocking(
        [&](Session& session) { return documents::list(session, filter, request); });
    if (!page) return fail(page.error());
    std::vector<std::string> out;
    for (const auto& document : page->entries) out.push_back(document.key.id);
    if (has_more) *has_more = page->has_more;
    return out;
  }

  testing::TemporaryDatabase db_;
};

using Ids = std::vector<std::string>;

TEST_F(Documents, AStoredDocumentComesBackWhole) {
  ASSERT_TRUE(create(key("r1"), R"({"a":"ü"})", {}, 77));
  auto found = get(key("r1"));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->body, R"({"a":"ü"})");
  EXPECT_EQ(found->expires_at, 77);
  EXPECT_EQ(found->version, 1);
  EXPECT_EQ(create(key("r1"), "{}").error().code, ErrorCode::Conflict);
}

TEST_F(Documents, AnotherProjectKindOrParentSeesNothing) {
  ASSERT_TRUE(create(key("r1"), "{}"));
  auto absent = get({kOwner, "response", "r2"});
  for (const auto& other : {DocumentKey{kOther, "response", "r1"}, DocumentKey{kOwner, "f", "r1"},
                            DocumentKey{kOwner, "response", "r1", "p"}}) {
    EXPECT_EQ(get(other).error().code, absent.error().code);
    EXPECT_EQ(remove(other).error().code, ErrorCode::NotFound);
    EXPECT_EQ(*ids({other.project, other.kind, other.parent}, {}), Ids{});
  }
  EXPECT_EQ(ids({kOther, "response"}, {.after = "r1"}).error().code, ErrorCode::NotFound);
}

TEST_F(Documents, ListsCanLeaveOutWhatHasExpired) {
  ASSERT_TRUE(create(key("r1"), "{}", {{"model", "m"}}, 10));
  ASSERT_TRUE(create(key("r2"), "{}", {{"model", "m"}}));
  documents::Filter filter{.project = kOwner, .kind = "response"};
  EXPECT_EQ(*ids(filter, {}), (Ids{"r2", "r1"}));
  filter.alive_at = 9;
  EXPECT_EQ(*ids(filter, {}), (Ids{"r2", "r1"}));
  filter.alive_at = 10;
  EXPECT_EQ(*ids(filter, {}), Ids{"r2"});
  filter.labels = {{"model", "m"}};
  EXPECT_EQ(*ids(filter, {}), Ids{"r2"});
}

TEST_F(Documents, UpdateComparesTheVersion) {
  ASSERT_TRUE(create(key("r1"), "1", {{"model", "x"}}));
  const auto update = [&](std::int64_t version, std::string body) {
    return db_->write_blocking([&](Transaction& transaction) {
      return documents::update(transaction, key("r1"), version,
                               {.body = body, .expires_at = {}, .labels = {{{"model", "y"}}}});
    });
  };
  EXPECT_EQ(update(1, "2"), 2);
  EXPECT_EQ(update(1, "3").error().code, ErrorCode::Conflict);
  EXPECT_EQ(get(key("r1"))->body, "2");
  EXPECT_EQ(*ids({kOwner, "response", "", {{"model", "x"}}}, {}), Ids{});
  EXPECT_EQ(*ids({kOwner, "response", "", {{"model", "y"}}}, {}), Ids{"r1"});
  ASSERT_TRUE(remove(key("r1")));
  EXPECT_EQ(update(2, "3").error().code, ErrorCode::NotFound);
  EXPECT_EQ(*ids({kOwner, "response", "", {{"model", "y"}}}, {}), Ids{});
}

TEST_F(Documents, PagesGoBothWays) {
  for (const char* id : {"a", "b", "c", "d", "e"}) ASSERT_TRUE(create(key(id), "{}"));
  const documents::Filter all{kOwner, "response"};
  bool more = false;
  EXPECT_EQ(*ids(all, {.limit = 2}, &more), (Ids{"e", "d"}));
  EXPECT_TRUE(more);
  EXPECT_EQ(*ids(all, {.limit = 2, .after = "b"}, &more), Ids{"a"});
  EXPECT_FALSE(more);
  EXPECT_EQ(*ids(all, {.limit = 2, .order = Order::Ascending, .after = "b"}), (Ids{"c", "d"}));
  EXPECT_EQ(*ids(all, {.limit = 2, .order = Order::Ascending, .before = "d"}, &more),
            (Ids{"b", "c"}));
  EXPECT_TRUE(more);
  EXPECT_EQ(*ids(all, {.limit = 5, .before = "d"}, &more), Ids{"e"});
  EXPECT_FALSE(more);
  EXPECT_EQ(*ids(all, {.order = Order::Ascending, .after = "a", .before = "d"}), (Ids{"b", "c"}));
  EXPECT_EQ(*ids(all, {.limit = 5}, &more), (Ids{"e", "d", "c", "b", "a"}));
  EXPECT_FALSE(more);
}

TEST_F(Documents, ExpiredAreFoundEarliestFirst) {
  ASSERT_TRUE(create(key("never"), "{}"));
  ASSERT_TRUE(create(key("late"), "{}", {}, 20));
  ASSERT_TRUE(create({kOther, "file", "early"}, "{}", {}, 10));
  const auto expired = [&](std::int64_t now) {
    auto keys =
        db_->read_blocking([&](Session& session) { return documents::expired(session, now, 10); });
    Ids out;
    for (const auto& each : *keys) out.push_back(each.id);
    return out;
  };
  EXPECT_EQ(expired(9), Ids{});
  EXPECT_EQ(expired(20), (Ids{"early", "late"}));
}

TEST_F(Documents, AChangedRowIsReportedAndNotServed) {
  ASSERT_TRUE(create(key("r1"), "true"));
  ASSERT_TRUE(create(key("r2"), "true"));
  ASSERT_TRUE(db_->write_blocking([](Transaction& transaction) {
    return transaction.execute("UPDATE documents SET body = 'tru1' WHERE id = 'r1'");
  }));
  EXPECT_EQ(get(key("r1")).error().code, ErrorCode::CorruptData);
  EXPECT_TRUE(get(key("r2")));
}

// Random creates, updates and deletes against a model in memory; every list must agree with it.
TEST_F(Documents, ListsAgreeWithAModelForManySeeds) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    base::SeededRandom random(seed);
    const std::string kind = "kind" + std::to_string(seed);
    struct Modelled {
      std::string id;
      std::map<std::string, std::string> labels;
    };
    std::vector<Modelled> model;
    ASSERT_TRUE(db_->write_blocking([&](Transaction& transaction) -> Status {
      for (int i = 0; i < 150; ++i) {
        if (!model.empty() && random.below(4) == 0) {
          const auto at = random.below(model.size());
          auto removed = documents::remove(transaction, {kOwner, kind, model[at].id});
          if (!removed) return removed;
          model.erase(model.begin() + static_cast<std::ptrdiff_t>(at));
          continue;
        }
        Modelled made{
            "id" + std::to_string(i),
            {{"a", std::to_string(random.below(3))}, {"b", std::to_string(random.below(2))}}};
        Document document{.key = {kOwner, kind, made.id}, .body = "{}"};
        auto added = documents::create(transaction, document,
                                       {{"a", made.labels["a"]}, {"b", made.labels["b"]}});
        if (!added) return added;
        model.push_back(made);
      }
      return {};
    }));
    for (int check = 0; check < 40; ++check) {
      documents::Filter filter{kOwner, kind};
      if (random.below(2)) filter.labels.push_back({"a", std::to_string(random.below(3))});
      if (random.below(2)) filter.labels.push_back({"b", std::to_string(random.below(2))});
      Ids expected;
      for (const auto& each : model) {
        bool matches = true;
        for (const auto& label : filter.labels) {
          matches = matches && each.labels.at(label.name) == label.value;
        }
        if (matches) expected.push_back(each.id);
      }
      const bool ascending = random.below(2) != 0;
      if (!ascending) std::ranges::reverse(expected);
      PageRequest request{.limit = 1 + random.below(9),
                          .order = ascending ? Order::Ascending : Order::Descending};
      Ids walked;
      bool more = true;
      while (more) {
        auto page = ids(filter, request, &more);
        ASSERT_TRUE(page);
        walked.insert(walked.end(), page->begin(), page->end());
        if (!page->empty()) request.after = page->back();
      }
      EXPECT_EQ(walked, expected);
      auto count =
          db_->read_blocking([&](Session& session) { return documents::count(session, filter); });
      EXPECT_EQ(count, static_cast<std::int64_t>(expected.size()));
    }
  }
}

}  // namespace
}  // namespace store
