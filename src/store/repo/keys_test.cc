#include "store/repo/keys.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "store/repo/projects.h"
#include "store/test_support.h"

namespace store {
namespace {

const std::string kSecret = "sk-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL";

class Keys : public ::testing::Test {
 protected:
  Status add(std::string id, std::string secret, KeyKind kind = KeyKind::Project) {
    return db_->write_blocking([&](Transaction& transaction) {
      Key key{.id = {id}, .kind = kind, .organization = {"org"}, .project = {}, .created_at = 5};
      if (kind == KeyKind::Project) key.project = {"proj_a"};
      return keys::add(transaction, key, secret);
    });
  }
  Result<Key> authenticate(std::string_view secret) {
    return db_->read_blocking(
        [&](Session& session) { return keys::authenticate(session, secret); });
  }

  testing::TemporaryDatabase db_;
};

TEST_F(Keys, TheSecretOpensAndIsNotStored) {
  ASSERT_TRUE(add("key_1", kSecret));
  auto found = authenticate(kSecret);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id.value, "key_1");
  EXPECT_EQ(found->masked, "sk-012...IJKL");
  EXPECT_EQ(authenticate(kSecret + "x").error(), authenticate("").error());
  EXPECT_EQ(add("key_2", kSecret).error().code, ErrorCode::Conflict);
  auto stored = db_->read_blocking([](Session& session) {
    return session.query_integer(
        "SELECT COUNT(*) FROM keys WHERE CAST(digest AS TEXT) LIKE '%abcdef%' OR masked LIKE"
        " '%abcdef%' OR body LIKE '%abcdef%'",
        {});
  });
  EXPECT_EQ(stored, 0);
}

TEST_F(Keys, ARevokedKeyIsLikeOneThatNeverWas) {
  ASSERT_TRUE(add("key_1", kSecret));
  const auto revoke = [&] {
    return db_->write_blocking(
        [](Transaction& transaction) { return keys::revoke(transaction, {"key_1"}, 9); });
  };
  ASSERT_TRUE(revoke());
  EXPECT_EQ(revoke().error().code, ErrorCode::NotFound);
  EXPECT_EQ(authenticate(kSecret).error(), authenticate("sk-nobody").error());
}

TEST_F(Keys, ListsKeepKindsAndProjectsApart) {
  ASSERT_TRUE(add("key_1", kSecret + "1"));
  ASSERT_TRUE(add("key_2", kSecret + "2", KeyKind::Admin));
  ASSERT_TRUE(add("key_3", kSecret + "3"));
  const auto list = [&](keys::Filter filter) {
    auto page =
        db_->read_blocking([&](Session& session) { return keys::list(session, filter, {}); });
    std::string out;
    for (const auto& key : page->entries) out += key.id.value + " ";
    return out;
  };
  EXPECT_EQ(list({{"org"}, KeyKind::Project, {"proj_a"}}), "key_3 key_1 ");
  EXPECT_EQ(list({{"org"}, KeyKind::Admin}), "key_2 ");
  EXPECT_EQ(list({{"org"}, KeyKind::Project, {"proj_b"}}), "");
}

TEST_F(Keys, LastUseOnlyMovesForward) {
  ASSERT_TRUE(add("key_1", kSecret));
  for (const std::int64_t at : {50, 40}) {
    ASSERT_TRUE(db_->write_blocking(
        [&](Transaction& transaction) { return keys::touch(transaction, {"key_1"}, at); }));
  }
  EXPECT_EQ(authenticate(kSecret)->last_used_at, 50);
}

TEST_F(Keys, ShortSecretsAreMaskedWhole) {
  EXPECT_EQ(keys::mask("sk-short"), "...");
}

TEST_F(Keys, ProjectsBelongToOneOrganization) {
  ASSERT_TRUE(db_->write_blocking([](Transaction& transaction) {
    return projects::create(transaction, {.id = {"p"}, .organization = {"o"}, .name = "n"});
  }));
  const auto get = [&](const char* organization) {
    return db_->read_blocking(
        [&](Session& session) { return projects::get(session, {organization}, {"p"}); });
  };
  EXPECT_TRUE(get("o"));
  EXPECT_EQ(get("x").error().code, ErrorCode::NotFound);
  const auto archive = [&] {
    return db_->write_blocking(
        [](Transaction& transaction) { return projects::archive(transaction, {"o"}, {"p"}, 3); });
  };
  ASSERT_TRUE(archive());
  EXPECT_FALSE(archive());
  const auto list = [&](bool archived) {
    return db_
        ->read_blocking(
            [&](Session& session) { return projects::list(session, {{"o"}, archived}, {}); })
        ->entries.size();
  };
  EXPECT_EQ(list(false), 0u);
  EXPECT_EQ(list(true), 1u);
}

}  // namespace
}  // namespace store
