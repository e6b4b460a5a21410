#include "inference/stop_strings.h"

#include <gtest/gtest.h>

namespace {

using inference::StopStrings;

std::string run(std::vector<std::string> stops, std::string_view text, std::size_t piece) {
  StopStrings filter(std::move(stops));
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += piece) out += filter.push(text.substr(i, piece));
  return out + filter.flush();
}

TEST(StopStrings, EndsBeforeTheFirstStopHoweverTheTextIsCut) {
  for (std::size_t piece = 1; piece <= 12; ++piece) {
    EXPECT_EQ(run({"END"}, "one ENtwo END three", piece), "one ENtwo ");
    EXPECT_EQ(run({"aab"}, "aaaab", piece), "aa");
    EXPECT_EQ(run({"xyz", "yz"}, "wxyz", piece), piece >= 4 ? "w" : "w");
    EXPECT_EQ(run({"END"}, "no stop EN", piece), "no stop EN");
    EXPECT_EQ(run({}, "plain", piece), "plain");
  }
}

TEST(StopStrings, HoldsBackOnlyWhatCouldBecomeAStop) {
  StopStrings filter({"</s>"});
  EXPECT_EQ(filter.push("hello <"), "hello ");
  EXPECT_EQ(filter.push("b"), "<b");
  EXPECT_EQ(filter.push("</s"), "");
  EXPECT_EQ(filter.push(">x"), "");
  EXPECT_TRUE(filter.stopped());
}

}  // namespace
