#include <gtest/gtest.h>

#include "base/limits/webhook.h"
#include "jobs/queue.h"
#include "store/test_support.h"
#include "webhooks/announce.h"
#include "webhooks/delivery.h"
#include "webhooks/endpoints.h"
#include "webhooks/signature.h"

namespace webhooks {
namespace {

const base::ProjectId kProject{"proj_a"};

// The example of the Standard Webhooks specification.
TEST(Signature, IsTheOneOfTheStandard) {
  EXPECT_EQ(
      signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", {.id = "msg_p5jXN8AQM9LWM0D4loKWxJek",
                                                           .timestamp = 1614265330,
                                                           .body = "{\"test\": 2432232314}"}),
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Signature, SecretsAreNew) {
  base::SystemRandom random;
  const std::string secret = new_secret(random);
  EXPECT_TRUE(secret.starts_with("whsec_"));
  EXPECT_NE(secret, new_secret(random));
}

class Webhooks : public ::testing::Test {
 protected:
  Status add(const base::ProjectId& project, Endpoint endpoint) {
    return db_->write_blocking([&](store::Transaction& transaction) {
      return endpoints::add(transaction, project, endpoint);
    });
  }
  Status announce(const std::string& type) {
    return db_->write_blocking([&](store::Transaction& transaction) {
      return announcer_.announce(transaction, {kProject, type, "batch_1"});
    });
  }
  std::vector<jobs::Job> deliveries(const std::string& endpoint) {
    return *db_->read_blocking([&](store::Session& session) {
      return jobs::queue::of_subject(session, kProject, endpoint);
    });
  }

  base::FakeClock clock_;
  base::SeededRandom random_{1};
  base::IdGenerator ids_{clock_, random_};
  Announcer announcer_{ids_, clock_};
  store::testing::TemporaryDatabase db_;
};

TEST_F(Webhooks, AnEventIsQueuedForThoseWhoWantIt) {
  ASSERT_TRUE(add(kProject, {"we_1", "https://a.example/x", {"batch.completed"}, "whsec_eA=="}));
  ASSERT_TRUE(add(kProject, {"we_2", "https://b.example/", {"batch.failed"}, "whsec_eA=="}));
  ASSERT_TRUE(add({"proj_b"}, {"we_3", "https://c.example/", {"batch.completed"}, "s"}));
  ASSERT_TRUE(announce("batch.completed"));
  const auto jobs = deliveries("we_1");
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0].kind, kDeliveryKind);
  EXPECT_NE(jobs[0].payload.find("batch_1"), std::string::npos);
  EXPECT_TRUE(deliveries("we_2").empty());
  EXPECT_TRUE(deliveries("we_3").empty());
}

TEST_F(Webhooks, RefusesWhatIsNoAddressOrNoEvent) {
  EXPECT_FALSE(add(kProject, {"we_1", "ftp://a.example", {"batch.failed"}, "s"}));
  EXPECT_FALSE(add(kProject, {"we_1", "ws://a.example", {"batch.failed"}, "s"}));
  EXPECT_FALSE(add(kProject, {"we_1", "https://a.example", {"batch.nope"}, "s"}));
  EXPECT_FALSE(add(kProject, {"we_1", "https://a.example", {}, "s"}));
  const std::string most(limits::webhook_url_chars_max - 18, 'x');
  EXPECT_TRUE(add(kProject, {"we_1", "https://a.example/" + most, {"batch.failed"}, "s"}));
  EXPECT_FALSE(add(kProject, {"we_2", "https://a.example/x" + most, {"batch.failed"}, "s"}));
}

TEST_F(Webhooks, AProjectHasOnlySoMany) {
  for (std::size_t i = 0; i < limits::webhook_endpoints_max; ++i) {
    ASSERT_TRUE(add(kProject, {"we_" + std::to_string(i), "https://a.example", {"batch.failed"}}));
  }
  EXPECT_FALSE(add(kProject, {"we_x", "https://a.example", {"batch.failed"}, "s"}));
}

TEST_F(Webhooks, ListsGetsAndRemovesWithinTheProject) {
  ASSERT_TRUE(add(kProject, {"we_1", "https://a.example/", {"batch.failed"}, "whsec_eA=="}));
  auto list = [&](const base::ProjectId& project) {
    return *db_->read_blocking(
        [&](store::Session& session) { return endpoints::list(session, project); });
  };
  ASSERT_EQ(list(kProject).size(), 1u);
  EXPECT_EQ(list(kProject)[0].secret, "whsec_eA==");
  EXPECT_TRUE(list({"proj_b"}).empty());
  auto remove = [&](const base::ProjectId& project) {
    return db_->write_blocking([&](store::Transaction& transaction) {
      return endpoints::remove(transaction, project, "we_1");
    });
  };
  EXPECT_FALSE(remove({"proj_b"}));
  EXPECT_TRUE(remove(kProject));
  EXPECT_TRUE(list(kProject).empty());
}

}  // namespace
}  // namespace webhooks
