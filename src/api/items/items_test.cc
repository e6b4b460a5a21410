#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/items/context.h"
#include "api/items/item_types.h"
#include "api/items/messages.h"
#include "api/items/parse.h"
#include "api/items/stored.h"
#include "base/limits/item.h"
#include "store/test_support.h"

namespace api::items {
namespace {

using inference::Role;
using ::testing::HasSubstr;

json::Value parsed(std::string_view text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : json::Value();
}

Result<Input> input(std::string_view text) {
  return Input::from_json(parsed(text), {.key = "input"});
}

std::vector<Item> items(std::string_view text) {
  auto read = input(text);
  EXPECT_TRUE(read) << read.error().message;
  return read ? read->items : std::vector<Item>();
}

void expect_error(std::string_view text, std::string_view param, std::string_view code,
                  std::string_view message) {
  auto read = input(text);
  ASSERT_FALSE(read) << text;
  EXPECT_EQ(read.error().param, param);
  EXPECT_EQ(read.error().reason, code);
  EXPECT_THAT(read.error().message, HasSubstr(std::string(message)));
}

TEST(ParseItems, ATextIsOneUserMessage) {
  const auto read = items(R"("Hello")");
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0], parsed(R"({"type":"message","role":"user",
      "content":[{"type":"input_text","text":"Hello"}]})"));
  EXPECT_TRUE(items(R"("")").empty());
}

TEST(ParseItems, EasyMessagesGetTypesAndParts) {
  const auto read = items(R"([{"role":"user","content":"a"},{"role":"assistant","content":"b"}])");
  EXPECT_EQ(read[0].at("type"), "message");
  EXPECT_EQ(read[1].at("content"), parsed(R"([{"type":"output_text","text":"b",
      "annotations":[],"logprobs":[]}])"));
}

TEST(ParseItems, WhatTheApiShowedIsReadBack) {
  const std::string shown_items = R"([
    {"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"s"}],
     "content":[{"type":"reasoning_text","text":"t"}],"encrypted_content":null},
    {"id":"msg_1","type":"message","status":"completed","role":"assistant","phase":"final_answer",
     "content":[{"type":"output_text","text":"x","annotations":[],"logprobs":[]}]},
    {"id":"fc_1","type":"function_call","status":"completed","call_id":"call_1","name":"f",
     "arguments":"{}","parsed_arguments":{}},
    {"type":"function_call_output","call_id":"call_1","output":[{"type":"input_text","text":"y"}]},
    {"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search"}},
    {"id":"msg_2"}, {"type":"item_reference","id":"fc_9"}])";
  const auto read = items(shown_items);
  ASSERT_EQ(read.size(), 7u);
  EXPECT_EQ(read[1].at("phase"), "final_answer");
  EXPECT_FALSE(read[2].contains("parsed_arguments"));
  EXPECT_EQ(type_of(read[5]), "item_reference");
}

TEST(ParseItems, ErrorsNameThePath) {
  expect_error("5", "input", "invalid_type", "one of a string or array of input items");
  expect_error("[null]", "input[0]", "invalid_type", "expected an input item, but got null");
  expect_error("[7]", "input[0]", "invalid_type", "an input item, but got an integer instead.");
  expect_error(R"([{"role":"bot","content":"x"}])", "input[0]", "invalid_value",
               "'assistant', 'system', 'developer', and 'user'");
  expect_error(R"([{"role":"user"}])", "input[0].content", "missing_required_parameter", "");
  expect_error(R"([{"role":"user","content":"x","bogus":1}])", "input[0].bogus",
               "unknown_parameter", "Unknown parameter: 'input[0].bogus'.");
  expect_error(R"([{"type":"nonsense"}])", "input[0]", "invalid_value", "'additional_tools'");
  expect_error(R"([{"type":"function_call","call_id":"c","name":"f"}])", "input[0].arguments",
               "missing_required_parameter", "Missing required parameter: 'input[0].arguments'.");
  expect_error(R"([{"role":"user","content":[{"type":"input_text"}]}])", "input[0].content[0].text",
               "missing_required_parameter", "");
  expect_error(R"([{"role":"user","content":[{"type":"nope"}]}])", "input[0].content[0].type",
               "invalid_value", "'computer_screenshot'");
  expect_error(R"([{"role":"user","content":[{"type":"refusal","refusal":""}]}])",
               "input[0].content[0]", "invalid_value", "'scoped_content'");
  expect_error(R"([{"role":"assistant","content":[{"type":"input_text","text":""}]}])",
               "input[0].content[0]", "invalid_value", "'output_text' and 'refusal'.");
  expect_error(R"([{"role":"user","content":"x","phase":"commentary"}])", "input[0].phase",
               "unknown_parameter", "");
  expect_error(R"([{"role":"assistant","content":"x","phase":"end"}])", "input[0].phase",
               "invalid_value", "'commentary' and 'final_answer'");
}

TEST(ParseItems, IdsAreChecked) {
  expect_error(R"([{"type":"reasoning","id":"item_x","summary":[]}])", "input[0].id",
               "invalid_value", "Expected an ID that begins with 'rs'.");
  expect_error(R"([{"role":"user","content":"x","id":"msg_%"}])", "input[0].id", "invalid_value",
               "this value contained additional characters");
  const std::string longest = "msg_" + std::string(limits::item_id_chars_max - 4, 'a');
  const auto with_id = [](const std::string& id) {
    return R"([{"role":"user","content":"x","id":")" + id + R"("}])";
  };
  EXPECT_TRUE(input(with_id(longest)));
  expect_error(with_id(longest + "a"), "input[0].id", "string_above_max_length", "");
}

TEST(ParseItems, NumbersOfItemsAndPartsAreBounded) {
  json::Array many;
  for (std::size_t i = 0; i < limits::items_per_request_max; ++i)
    many.push_back(json::Object{{"role", "user"}, {"content", ""}});
  EXPECT_TRUE(Input::from_json(many, {.key = "input"}));
  many.push_back(many.back());
  EXPECT_FALSE(Input::from_json(many, {.key = "input"}));

  json::Array parts;
  for (std::size_t i = 0; i < limits::content_parts_max; ++i)
    parts.push_back(json::Object{{"type", "input_text"}, {"text", ""}});
  const auto message = [&] {
    return json::Array{json::Object{{"role", "user"}, {"content", parts}}};
  };
  EXPECT_TRUE(Input::from_json(message(), {.key = "input"}));
  parts.push_back(parts.back());
  EXPECT_FALSE(Input::from_json(message(), {.key = "input"}));
}

TEST(StoredItems, GetIdsAndStatusOfTheirTypes) {
  base::FakeClock clock;
  base::SeededRandom random(1);
  base::IdGenerator ids(clock, random);
  for (const auto name : type_names()) {
    if (name == "item_reference") continue;
    Item item{{"type", name}};
    complete(item, ids, "0123456789abcdef");
    const std::string id(id_of(item));
    EXPECT_TRUE(id.starts_with(std::string(find_type(name)->id_prefix) + "_0123456789abcdef00"));
    EXPECT_LE(id.size(), limits::item_id_chars_max);
    EXPECT_EQ(item.contains("status"), find_type(name)->has_status);
  }
  Item kept{{"type", "message"}, {"id", "msg_own"}, {"status", "incomplete"}};
  complete(kept, ids, "");
  EXPECT_EQ(kept.at("id"), "msg_own");
  EXPECT_EQ(kept.at("status"), "incomplete");
}

TEST(StoredItems, ShowOnlyWhatWasAskedFor) {
  const Item search = parsed(R"({"type":"file_search_call","id":"fs_1","results":[1],
      "model_call":{"name":"file_search"}})")
                          .get_object();
  EXPECT_EQ(shown(search, {}).at("results"), nullptr);
  EXPECT_FALSE(shown(search, {}).contains("model_call"));
  const auto include = Include::of({"file_search_call.results"});
  EXPECT_EQ(shown(search, include).at("results"), parsed("[1]"));
}

std::vector<inference::Message> messages(std::string_view text) {
  const auto read = items(text);
  auto out = to_messages(read);
  EXPECT_TRUE(out) << out.error().message;
  return out ? *out : std::vector<inference::Message>();
}

TEST(ItemMessages, AnAssistantsTurnIsOneMessage) {
  const auto out = messages(R"([
    {"role":"user","content":"weather?"},
    {"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]},
    {"role":"assistant","content":"Let me look."},
    {"type":"function_call","call_id":"c1","name":"get","namespace":"w","arguments":"{}"},
    {"type":"function_call","call_id":"c2","name":"get","arguments":"{}"},
    {"type":"function_call_output","call_id":"c1","output":"sun"},
    {"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"rain"}]}
  ])");
  ASSERT_EQ(out.size(), 4u);
  EXPECT_EQ(out[1].role, Role::Assistant);
  EXPECT_EQ(out[1].reasoning, "hm");
  EXPECT_EQ(text_of(out[1]), "Let me look.");
  ASSERT_EQ(out[1].tool_calls.size(), 2u);
  EXPECT_EQ(out[1].tool_calls[0].name, "w__get");
  EXPECT_EQ(out[3].tool_call_id, "c2");
  EXPECT_EQ(text_of(out[3]), "rain");
}

TEST(ItemMessages, HostedCallsOfARoundStandTogether) {
  std::vector<Item> list{user_message("find")};
  for (const char* id : {"fs_1", "fs_2"}) {
    Item item{{"type", "file_search_call"}, {"id", id}};
    item[kModelCall] = json::Object{
        {"round", "r1"}, {"name", "file_search"}, {"arguments", "{}"}, {"output", "found"}};
    list.push_back(std::move(item));
  }
  const auto out = to_messages(list);
  ASSERT_TRUE(out);
  ASSERT_EQ(out->size(), 4u);
  EXPECT_EQ((*out)[1].tool_calls.size(), 2u);
  EXPECT_EQ((*out)[2].tool_call_id, "fs_1");
  EXPECT_EQ((*out)[3].tool_call_id, "fs_2");
}

TEST(ItemMessages, MoreItemsLeaveTheBeginningAsItWas) {
  const std::string first = R"({"role":"user","content":"a"},{"role":"assistant","content":"b"})";
  const auto shorter = messages("[" + first + "]");
  const auto longer = messages("[" + first + R"(,{"role":"user","content":"c"}])");
  ASSERT_EQ(longer.size(), shorter.size() + 1);
  for (std::size_t i = 0; i < shorter.size(); ++i)
    EXPECT_EQ(text_of(shorter[i]), text_of(longer[i]));
}

TEST(ItemMessages, PartsFromOutsideAreListedWithTheirPath) {
  const auto read = items(R"([{"role":"user","content":[{"type":"input_text","text":"t"},
      {"type":"input_file","file_id":"file-1"}]}])");
  const auto parts = outside_parts(read, 0);
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].path, "input[0].content[1]");
  EXPECT_FALSE(to_messages(read));
  Outside outside;
  outside.parts[parts[0].part] = {inference::TextPart{"contents"}};
  EXPECT_TRUE(to_messages(read, outside));
}

Error pairs_error(std::string_view text) {
  const auto read = items(text);
  const auto status = check_pairs({}, read);
  return status ? Error{} : status.error();
}

TEST(ItemContext, CallsAndOutputsArePaired) {
  EXPECT_EQ(
      pairs_error(R"([{"type":"function_call","call_id":"c","name":"f","arguments":""}])").message,
      "No tool output found for function call c.");
  EXPECT_EQ(pairs_error(R"([{"type":"function_call_output","call_id":"c","output":""}])").message,
            "No tool call found for function call output with call_id c.");
  EXPECT_EQ(pairs_error(R"([{"type":"reasoning","id":"rs_1","summary":[]}])").message,
            "Item 'rs_1' of type 'reasoning' was provided without its required following item.");
  EXPECT_EQ(pairs_error(R"([{"type":"custom_tool_call","call_id":"c","name":"f","input":""},
                {"type":"custom_tool_call_output","call_id":"c","output":""}])")
                .message,
            "");
}

TEST(ItemContext, DuplicatesAreRefused) {
  const auto read = items(R"([{"role":"user","content":"a","id":"msg_1"}])");
  EXPECT_TRUE(refuse_duplicates({}, read));
  const auto status = refuse_duplicates(read, read);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message,
            "Duplicate item found with id msg_1. Remove duplicate items from your input and try "
            "again.");
}

TEST(ItemContext, ReferencesBecomeTheStoredItem) {
  store::testing::TemporaryDatabase database;
  const base::ProjectId project{"proj_1"};
  Item stored = user_message("kept");
  stored["id"] = "msg_1";
  auto written = database->write_blocking([&](store::Transaction& tx) {
    std::vector<store::Item> rows{to_row(stored, 1)};
    return store::items::append(tx, {project, "resp_1"}, rows);
  });
  ASSERT_TRUE(written);
  const auto resolve = [&](const base::ProjectId& who, std::vector<Item>& list) {
    return database->read_blocking([&](store::Session& session) {
      return resolve_references(session, {.project = who, .stores = false}, list);
    });
  };
  auto list = items(R"([{"type":"item_reference","id":"msg_1"}])");
  EXPECT_TRUE(has_references(list));
  ASSERT_TRUE(resolve(project, list));
  EXPECT_EQ(list[0], stored);

  auto others = items(R"([{"id":"msg_1"}])");
  const auto status = resolve(base::ProjectId{"proj_2"}, others);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::NotFound);
  EXPECT_THAT(status.error().message, HasSubstr("Item with id 'msg_1' not found. Items are not "));
}

}  // namespace
}  // namespace api::items
