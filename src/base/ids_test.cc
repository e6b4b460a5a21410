#include "base/ids.h"

#include <gtest/gtest.h>

namespace {

TEST(IdGenerator, WritesTheFormatsOfTheRealApi) {
  base::FakeClock clock;
  base::SeededRandom random(7);
  base::IdGenerator ids(clock, random);

  EXPECT_EQ(ids.request().size(), 4u + 32u);
  EXPECT_EQ(ids.chat_completion().size(), 9u + 29u);
  const std::string item = ids.item("msg", ids.family());
  EXPECT_EQ(item.size(), 4u + 16u + 2u + 8u + 24u);
  EXPECT_EQ(item.substr(4 + 16 + 2, 8), "6553f100");  // 1,700,000,000
}

TEST(Random, BelowStaysBelowAndSeedsRepeat) {
  base::SeededRandom a(1), b(1);
  for (int i = 0; i < 1000; ++i) {
    const auto value = a.below(7);
    EXPECT_LT(value, 7u);
    EXPECT_EQ(value, b.below(7));
  }
}

}  // namespace
