#include "api/responses/function_schema.h"

#include <gtest/gtest.h>

namespace api::responses {
namespace {

json::Object schema(std::string_view text) {
  return json::parse(text)->get_object();
}

TEST(FunctionSchema, IsClosedWhereItSaysNothing) {
  const auto strict = strict_form(
      schema(R"({"type": "object", "required": ["a"], "properties": {"a": {"type": "array",
                 "items": {"type": "object", "required": [], "properties": {}}}}})"),
      "f");
  ASSERT_TRUE(strict);
  EXPECT_EQ(json::dump(strict->at("additionalProperties")), "false");
  EXPECT_EQ(json::dump(strict->at("properties").at("a").at("items").at("additionalProperties")),
            "false");
}

TEST(FunctionSchema, IsNotStrictWhenThatWouldChangeIt) {
  for (const char* text : {
           R"({})",
           R"({"type": "object", "properties": {"a": {"type": "string"}}})",
           R"({"type": "object", "additionalProperties": true})",
           R"({"type": "object", "required": ["a"], "properties": {"a": {"format": "uri"}}})",
           R"({"type": "object", "allOf": []})",
       }) {
    EXPECT_FALSE(strict_form(schema(text), "f")) << text;
  }
}

TEST(FunctionSchema, TheModelWritesTheNamedPropertiesOnly) {
  const auto closed =
      written_form(schema(R"({"type": "object", "properties": {"a": {}}, "required": ["a"]})"));
  EXPECT_EQ(json::dump(closed.at("additionalProperties")), "false");
  for (const char* text : {
           R"({"type": "object"})",
           R"({"type": "object", "properties": {}})",
           R"({"type": "object", "properties": {"a": {}}, "required": ["b"]})",
           R"({"type": "object", "properties": {"a": {}}, "additionalProperties": {}})",
           R"({"type": "object", "properties": {"a": {}}, "anyOf": []})",
       }) {
    EXPECT_EQ(written_form(schema(text)), schema(text)) << text;
  }
}

}  // namespace
}  // namespace api::responses
