#include "api/items/compaction.h"

#include <gtest/gtest.h>

#include "base/limits/item.h"

namespace api::items {
namespace {

std::vector<Item> items_of(std::string_view text) {
  return *parse_items(*json::parse(text), {.key = "input"});
}

std::vector<Item> talk() {
  return items_of(R"([
    {"role": "user", "content": "Weather in Paris?"},
    {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{\"city\":\"Paris\"}"},
    {"type": "function_call_output", "call_id": "call_1", "output": "sunny, 21 degrees"},
    {"role": "assistant", "content": "It is sunny."},
    {"role": "user", "content": "And Rome?"}])");
}

TEST(Compaction, OnlyWhatIsNotTheUsersCanGo) {
  EXPECT_TRUE(can_compact(talk()));
  EXPECT_FALSE(can_compact(user_messages(talk())));
  EXPECT_EQ(user_messages(talk()).size(), 2u);
}

TEST(Compaction, ATriggerIsTakenFromTheEndOnly) {
  auto items = items_of(R"([{"role": "user", "content": "x"}, {"type": "compaction_trigger"}])");
  EXPECT_EQ(*take_trigger(items), true);
  EXPECT_EQ(items.size(), 1u);
  EXPECT_EQ(*take_trigger(items), false);
  items = items_of(R"([{"type": "compaction_trigger"}, {"role": "user", "content": "x"}])");
  EXPECT_EQ(take_trigger(items).error().param, "input[0]");
}

TEST(Compaction, CallsAreKeptExactlyAndThoseOfBeforeComeFirst) {
  const std::string first = compaction_text("They asked.", talk(), {});
  EXPECT_EQ(first,
            "Summary of the conversation so far:\nThey asked.\n\nCalls made so far, exactly:\n"
            R"({"call_id":"call_1","name":"weather","arguments":"{\"city\":\"Paris\"}",)"
            R"("output":"sunny, 21 degrees"})"
            "\n");
  const auto more = items_of(
      R"([{"type": "function_call", "call_id": "call_2", "name": "stop", "arguments": "{}"}])");
  const std::string second = compaction_text("More.", more, std::vector{first});
  const auto one = second.find("call_1"), two = second.find("call_2");
  EXPECT_LT(one, two);
  EXPECT_NE(two, std::string::npos);
  EXPECT_EQ(compaction_text("Nothing.", user_messages(talk()), {}),
            "Summary of the conversation so far:\nNothing.");
}

TEST(Compaction, LongOutputsAreCutAtACharacterAndSaySo) {
  const auto with_output = [](std::size_t bytes) {
    std::vector<Item> items = talk();
    items[2]["output"] = std::string(bytes - 2, 'x') + "ü";
    return compaction_text("", items, {});
  };
  EXPECT_EQ(with_output(limits::compacted_output_bytes_max).find("more bytes"), std::string::npos);
  EXPECT_NE(with_output(limits::compacted_output_bytes_max + 1).find("x... (2 more bytes)"),
            std::string::npos);
}

TEST(Compaction, TheNewestCompactionStandsForAllBeforeItButTheUsersMessages) {
  std::vector<Item> items = talk();
  const auto compaction = items_of(
      R"([{"type": "compaction", "encrypted_content": "x"}, {"role": "assistant", "content": "y"}])");
  items.insert(items.end(), compaction.begin(), compaction.end());
  prune_compacted(items);
  ASSERT_EQ(items.size(), 4u);
  EXPECT_EQ(type_of(items[2]), "compaction");
  EXPECT_EQ(json::string_or(items[3], "role"), "assistant");
  std::vector<Item> none = talk();
  prune_compacted(none);
  EXPECT_EQ(none.size(), 5u);
}

TEST(Compaction, ACallStaysWhenItsOutputIsStillToCome) {
  const auto output =
      items_of(R"([{"type": "function_call_output", "call_id": "call_1", "output": "x"}])");
  ASSERT_EQ(calls_answered_in(talk(), output).size(), 1u);
  EXPECT_EQ(type_of(calls_answered_in(talk(), output)[0]), "function_call");
  EXPECT_TRUE(calls_answered_in(talk(), user_messages(talk())).empty());
}

}  // namespace
}  // namespace api::items
