#include "api/responses/transcript.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/time.h"

namespace api::responses {
namespace {

using inference::FinishReason;
using ::testing::ElementsAre;

struct Fixture {
  base::FakeClock clock;
  base::SeededRandom random{1};
  base::IdGenerator ids{clock, random};
  Transcript transcript;

  explicit Fixture(TranscriptOptions options = {.events = true,
                                                .include = {},
                                                .family = "0123456789abcdef",
                                                .namespaces = {},
                                                .seal = {}})
      : transcript(std::move(options), ids) {}

  void say(const char* text) {
    transcript.add(inference::TextDelta{.choice = 0, .text = text, .logprobs = {}});
  }
  void finish(FinishReason reason = FinishReason::Stop) {
    transcript.add(agent::Finished{reason, {}});
  }
  // Types without "response."; the numbers are checked to have no gap.
  std::vector<std::string> types(std::int64_t first = 0) {
    std::vector<std::string> out;
    for (const auto& event : transcript.take_events()) {
      EXPECT_EQ(event.sequence_number, first++);
      out.push_back(event.type.substr(event.type.find('.') + 1));
    }
    return out;
  }
};

TEST(Transcript, TextAndRefusalArePartsOfOneMessage) {
  Fixture f;
  f.say("a");
  f.transcript.add(inference::RefusalDelta{0, "no"});
  f.finish();
  EXPECT_THAT(f.types(), ElementsAre("output_item.added", "content_part.added", "output_text.delta",
                                     "output_text.done", "content_part.done", "content_part.added",
                                     "refusal.delta", "refusal.done", "content_part.done",
                                     "output_item.done"));
  const auto& content = f.transcript.output().at(0).at("content").as_array();
  EXPECT_EQ(content.at(1), json::Value(json::Object{{"type", "refusal"}, {"refusal", "no"}}));
}

TEST(Transcript, ACutCallIsIncomplete) {
  Fixture f;
  f.transcript.add(inference::ToolCallBegin{0, 0, "call_1", "f", false});
  f.transcript.add(inference::ToolCallDelta{0, 0, "{\"a"});
  f.finish(FinishReason::Length);
  EXPECT_THAT(f.types(), ElementsAre("output_item.added", "function_call_arguments.delta",
                                     "function_call_arguments.done", "output_item.done"));
  EXPECT_EQ(f.transcript.output().at(0).at("status"), "incomplete");
  EXPECT_EQ(f.transcript.output().at(0).at("arguments"), "{\"a");
}

TEST(Transcript, AHostedCallIsShownWithItsEventsAndKeepsWhatWasSaid) {
  Fixture f;
  f.say("a");
  f.transcript.add(agent::HostedStarted{"fs_1", "file_search_call", {{"status", "in_progress"}}});
  f.transcript.add(agent::HostedProgress{"fs_1", "file_search_call.searching", {}});
  f.transcript.add(agent::HostedFinished{.id = "fs_1",
                                         .item_type = "file_search_call",
                                         .item = {{"status", "completed"}, {"results", {1}}},
                                         .round = "r",
                                         .name = "file_search",
                                         .arguments = "{}",
                                         .output = "found"});
  f.say("b");
  f.finish();
  const auto types = f.types();
  EXPECT_THAT(std::vector(types.begin() + 6, types.begin() + 9),
              ElementsAre("output_item.added", "file_search_call.searching", "output_item.done"));
  EXPECT_EQ(f.transcript.output().at(1).at("model_call").at("output"), "found");
  const json::Array shown = f.transcript.shown_output();
  EXPECT_EQ(shown.at(1).at("results"), nullptr);
  EXPECT_FALSE(shown.at(1).as_object().contains("model_call"));
  EXPECT_EQ(shown.size(), 3u);
}

TEST(Transcript, ThoughtsAreSealedOnlyWhenIncluded) {
  Fixture f({.include = {.encrypted_reasoning = true},
             .family = "0123456789abcdef",
             .namespaces = {},
             .seal = [](std::string_view text) { return "sealed " + std::string(text); }});
  f.transcript.add(inference::ReasoningDelta{0, "hm"});
  f.say("a");
  f.finish();
  EXPECT_TRUE(f.types().empty());  // nobody wanted them
  EXPECT_EQ(f.transcript.output().at(0).at("encrypted_content"), "sealed hm");
}

TEST(Transcript, NumbersGoOnWhereTheyAreToldTo) {
  Fixture f({.events = true,
             .include = {},
             .family = "0123456789abcdef",
             .sequence_number = 7,
             .namespaces = {},
             .seal = {}});
  f.transcript.error({.code = ErrorCode::Internal, .message = "m"});
  EXPECT_THAT(f.types(7), ElementsAre("error"));
}

}  // namespace
}  // namespace api::responses
