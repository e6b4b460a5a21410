#include "api/responses/records.h"

#include <gtest/gtest.h>

#include "base/limits/response.h"
#include "store/test_support.h"

namespace api::responses::records {
namespace {

const base::ProjectId kProject{"proj_1"};

struct Fixture {
  store::testing::TemporaryDatabase database;
  int items = 0;

  Item message(const std::string& text) {
    Item out = items::user_message(text);
    out["id"] = "msg_" + std::to_string(items++);
    return out;
  }
  Status add(const std::string& id, const std::string& previous, const std::string& text,
             const std::string& status = "completed") {
    const Record record{
        .response = {{"id", id}, {"status", status}, {"previous_response_id", previous}}};
    return database->write_blocking([&](store::Transaction& tx) {
      return create(tx, {kProject, id}, record, {.created_at = 1}, {message("in " + text)},
                    {message("out " + text)});
    });
  }
  Result<std::vector<std::string>> texts(const std::string& id) {
    auto read = database->read_blocking(
        [&](store::Session& session) { return context(session, {kProject, id}, 2); });
    if (!read) return fail(read.error());
    std::vector<std::string> out;
    for (const Item& item : *read)
      out.emplace_back(item.at("content").as_array().at(0).at("text").as_string());
    return out;
  }
};

TEST(ResponseRecords, TheContextIsTheWholeChainOldestFirst) {
  Fixture f;
  ASSERT_TRUE(f.add("resp_1", "", "a"));
  ASSERT_TRUE(f.add("resp_2", "resp_1", "b"));
  const auto texts = f.texts("resp_2");
  ASSERT_TRUE(texts);
  EXPECT_EQ(*texts, (std::vector<std::string>{"in a", "out a", "in b", "out b"}));
}

TEST(ResponseRecords, AMissingLinkIsNamed) {
  Fixture f;
  ASSERT_TRUE(f.add("resp_2", "resp_1", "b"));
  const auto texts = f.texts("resp_2");
  ASSERT_FALSE(texts);
  EXPECT_EQ(texts.error().message, "Previous response with id 'resp_1' not found.");
  EXPECT_EQ(texts.error().reason, "previous_response_not_found");
}

TEST(ResponseRecords, NobodyGoesOnFromWhatStillRuns) {
  Fixture f;
  ASSERT_TRUE(f.add("resp_1", "", "a", "in_progress"));
  EXPECT_EQ(f.texts("resp_1").error().reason, "previous_response_in_progress");
}

TEST(ResponseRecords, AChainIsBounded) {
  Fixture f;
  std::string previous;
  const auto name = [](std::size_t i) { return "resp_" + std::to_string(i); };
  auto written = f.database->write_blocking([&](store::Transaction& tx) -> Status {
    for (std::size_t i = 0; i <= limits::response_chain_turns_max; ++i) {
      const Record record{
          .response = {{"status", "completed"}, {"previous_response_id", previous}}};
      auto created = create(tx, {kProject, name(i)}, record, {.created_at = 1}, {}, {});
      if (!created) return created;
      previous = name(i);
    }
    return {};
  });
  ASSERT_TRUE(written);
  EXPECT_TRUE(f.texts(name(limits::response_chain_turns_max - 1)));
  EXPECT_FALSE(f.texts(name(limits::response_chain_turns_max)));
}

TEST(ResponseRecords, AContextIsBoundedInBytes) {
  Fixture f;
  const std::string half(limits::response_context_bytes_max / 2 - 1'000, 'x');
  ASSERT_TRUE(f.add("resp_1", "", ""));
  std::vector<Item> large{f.message(half)};
  const auto grow = [&](const std::string& id) {
    return f.database->write_blocking([&](store::Transaction& tx) {
      large[0]["id"] = "msg_" + id;
      return append_output(tx, {kProject, id}, large, 1);
    });
  };
  ASSERT_TRUE(grow("resp_1"));
  ASSERT_TRUE(f.add("resp_2", "resp_1", ""));
  EXPECT_TRUE(f.texts("resp_2"));
  ASSERT_TRUE(grow("resp_2"));
  ASSERT_TRUE(f.add("resp_3", "resp_2", std::string(2'000, 'x')));
  EXPECT_EQ(f.texts("resp_3").error().reason, "context_length_exceeded");
}

TEST(ResponseRecords, ExpiredAndRemovedAreGone) {
  Fixture f;
  auto expiring = f.database->write_blocking([&](store::Transaction& tx) {
    return create(tx, {kProject, "resp_1"}, {}, {.created_at = 1, .expires_at = 2},
                  {f.message("x")}, {});
  });
  ASSERT_TRUE(expiring);
  const auto exists = [&](std::int64_t now) {
    return f.database->read_blocking(
        [&](store::Session& session) { return get(session, {kProject, "resp_1"}, now); });
  };
  EXPECT_TRUE(exists(1));
  EXPECT_EQ(exists(2).error().code, ErrorCode::NotFound);
  auto removed = f.database->write_blocking([](store::Transaction& tx) {
    return remove_document(tx, {.project = kProject, .kind = kKind, .id = "resp_1"}, 2);
  });
  ASSERT_TRUE(removed);
  auto left = f.database->read_blocking([](store::Session& session) {
    return store::items::count(session, input_of({kProject, "resp_1"}));
  });
  EXPECT_EQ(*left, 0);
}

}  // namespace
}  // namespace api::responses::records
