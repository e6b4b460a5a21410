#include "inference/activity.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>

namespace inference {
namespace {

TEST(Activity, LastsAsLongAsAnyOfItsGuards) {
  Activity activity;
  EXPECT_FALSE(activity.interactive());
  std::optional<Activity::Guard> first(std::in_place, &activity);
  {
    const Activity::Guard second(&activity);
    first.reset();
    EXPECT_TRUE(activity.interactive());
  }
  EXPECT_FALSE(activity.interactive());
}

TEST(Activity, AGuardThatMovesCountsOnce) {
  Activity activity;
  {
    Activity::Guard guard(&activity);
    const Activity::Guard moved(std::move(guard));
    EXPECT_TRUE(activity.interactive());
  }
  EXPECT_FALSE(activity.interactive());
  const Activity::Guard none(nullptr);
  EXPECT_FALSE(activity.interactive());
}

}  // namespace
}  // namespace inference
