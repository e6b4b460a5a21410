#include "agent/citations.h"

#include <gtest/gtest.h>

namespace agent {
namespace {

tools::Source source(const std::string& file, const std::string& text = {}) {
  return {.annotation = {{"file_id", file}}, .text = text};
}

// Deltas as text, citations as <file>.
std::string heard(const std::vector<Event>& events) {
  std::string out;
  for (const auto& event : events) {
    if (const auto* delta = std::get_if<inference::TextDelta>(&event)) out += delta->text;
    if (const auto* cited = std::get_if<Cited>(&event))
      out += "<" + std::string(json::string_or(cited->annotation, "file_id")) + ">";
  }
  return out;
}

std::string read(const std::vector<std::string>& pieces, Citations citations) {
  std::string out;
  for (const auto& piece : pieces) {
    inference::TextDelta delta;
    delta.text = piece;
    out += heard(citations.read(std::move(delta)));
  }
  return out + heard(citations.finish(true));
}

Citations two() {
  Citations citations;
  citations.add({source("a"), source("b")});
  return citations;
}

TEST(Citations, BecomeAnnotationsWhereTheyStand) {
  EXPECT_EQ(read({"One [1]. Two[2] three"}, two()), "One<a>. Two<b> three");
  EXPECT_EQ(read({"Both [1, 2]."}, two()), "Both<a><b>.");
  EXPECT_EQ(read({"Both [1][2]."}, two()), "Both<a><b>.");
  EXPECT_EQ(read({"So \xE3\x80\x90"
                  "2\xE2\x80\xA0source\xE3\x80\x91."},
                 two()),
            "So<b>.");
}

TEST(Citations, AreTheSameHoweverTheTextArrives) {
  const std::string text =
      "One [1]. \xE3\x80\x90"
      "2\xE3\x80\x91 a [x] [3] end [";
  std::vector<std::string> bytes;
  for (const char c : text) bytes.emplace_back(1, c);
  EXPECT_EQ(read({text}, two()), "One<a>.<b> a [x] [3] end [");
  EXPECT_EQ(read(bytes, two()), "One<a>.<b> a [x] [3] end [");
}

TEST(Citations, OnlyOfSourcesThatAreThere) {
  EXPECT_EQ(read({"x[9] [0] [] [1a] [100000000000000000000]"}, two()),
            "x[9] [0] [] [1a] [100000000000000000000]");
  EXPECT_EQ(read({"nothing [1]"}, Citations()), "nothing [1]");
}

TEST(Citations, AnAnswerThatCitesNothingIsHelped) {
  Citations citations;
  citations.add({source("a", "The harbour opened in 1901."),
                 source("b", "Jupiter is a gas giant with a storm.")});
  EXPECT_EQ(read({"Jupiter has a giant storm."}, citations), "Jupiter has a giant storm.<b>");
  EXPECT_EQ(read({"I cannot know this from anywhere."}, citations),
            "I cannot know this from anywhere.");
}

}  // namespace
}  // namespace agent
