#include "gateway/access.h"

#include <gmock/gmock.h>

#include "base/random.h"
#include "store/test_support.h"

namespace gateway {
namespace {

using ::testing::SizeIs;

class AccessTest : public ::testing::Test {
 protected:
  AccessTest() { EXPECT_TRUE(access_.ensure_defaults()); }

  store::testing::TemporaryDatabase database_;
  base::FakeClock clock_;
  base::SeededRandom random_{1};
  base::IdGenerator ids_{clock_, random_};
  Access access_{*database_, ids_, clock_};
};

TEST_F(AccessTest, FirstStartMakesOneProjectHoweverOften) {
  EXPECT_FALSE(access_.has_keys());
  ASSERT_TRUE(access_.ensure_defaults());
  const auto projects = access_.list_projects();
  ASSERT_TRUE(projects);
  ASSERT_THAT(*projects, SizeIs(1));
  EXPECT_EQ((*projects)[0].name, "default");
  EXPECT_EQ((*projects)[0].id, access_.default_caller()->project);
}

TEST_F(AccessTest, AKeyMakesItsProjectOnce) {
  const auto first = access_.create_key({.project = "blue", .secret = {}});
  const auto second = access_.create_key({.project = "blue", .secret = {}});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->key.project, second->key.project);
  EXPECT_NE(first->secret, second->secret);
  EXPECT_THAT(*access_.list_projects(), SizeIs(2));
  EXPECT_TRUE(access_.has_keys());
}

TEST_F(AccessTest, AChosenKeyThatIsThereStaysAsItIs) {
  const std::string secret = "sk-chosen-0123456";
  const auto first = access_.create_key({.secret = secret});
  clock_.advance(std::chrono::hours(1));
  const auto again = access_.create_key({.project = "other", .secret = secret});
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->key.id, again->key.id);
  EXPECT_EQ(first->key.created_at, again->key.created_at);
  EXPECT_THAT(*access_.list_projects(), SizeIs(1));
}

TEST_F(AccessTest, AChosenKeyHasSixteenCharacters) {
  EXPECT_TRUE(access_.create_key({.secret = std::string(16, 'k')}));
  const auto refused = access_.create_key({.secret = std::string(15, 'k')});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().param, "secret");
}

TEST_F(AccessTest, ListsEveryKeyBeyondOnePage) {
  for (int i = 0; i < 130; ++i) {
    ASSERT_TRUE(access_.create_key({.project = i % 2 ? "odd" : "even", .secret = {}}));
  }
  ASSERT_TRUE(access_.create_key({.admin = true, .secret = {}}));
  EXPECT_THAT(*access_.list_keys(), SizeIs(131));
}

TEST_F(AccessTest, RevokesWhatIsThere) {
  const auto made = access_.create_key({.secret = {}});
  ASSERT_TRUE(made);
  EXPECT_TRUE(access_.revoke_key(made->key.id));
  const auto unknown = access_.revoke_key(base::KeyId{"key_unknown"});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace gateway
