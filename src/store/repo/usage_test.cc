#include "store/repo/usage.h"

#include <gtest/gtest.h>

#include "store/test_support.h"

namespace store {
namespace {

TEST(Usage, SumsFallIntoBucketsOfTheirOrganization) {
  testing::TemporaryDatabase db;
  ASSERT_TRUE(db->write_blocking([](Transaction& transaction) -> Status {
    for (const std::int64_t at : {100, 105, 110, 119, 120}) {
      for (const char* organization : {"o", "other"}) {
        UsageRow row{.at = at,
                     .organization = {organization},
                     .project = {"p"},
                     .model = "m",
                     .endpoint = "responses",
                     .input_tokens = 10,
                     .cached_tokens = 4,
                     .output_tokens = 1};
        if (auto added = usage::append(transaction, row); !added) return added;
      }
    }
    return {};
  }));
  auto sums = db->read_blocking([](Session& session) {
    return usage::sums(session,
                       {.organization = {"o"}, .from = 100, .to = 120, .bucket_seconds = 10});
  });
  ASSERT_TRUE(sums);
  ASSERT_EQ(sums->size(), 2u);
  EXPECT_EQ((*sums)[0].at, 100);
  EXPECT_EQ((*sums)[1].at, 110);
  EXPECT_EQ((*sums)[1].input_tokens, 20);
  EXPECT_EQ((*sums)[1].cached_tokens, 8);
  EXPECT_EQ((*sums)[1].requests, 2);
}

}  // namespace
}  // namespace store
