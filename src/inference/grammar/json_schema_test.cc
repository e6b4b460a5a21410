#include "inference/grammar/json_schema.h"

#include <ctime>

#include <gtest/gtest.h>

#include "engine/grammar/matcher.h"
#include "inference/grammar/test_vocabulary.h"

namespace inference::grammar {
namespace {

using engine::grammar::Matcher;

// Whether the text is accepted, byte by byte, as a whole value.
bool accepts(const std::string& schema, std::string_view text, const SchemaOptions& options = {}) {
  const auto parsed = json::parse(schema);
  EXPECT_TRUE(parsed.has_value()) << schema;
  const auto grammar = compile_json_schema(*parsed, options);
  EXPECT_TRUE(grammar.has_value()) << schema << ": " << (grammar ? "" : grammar.error().message);
  if (!grammar) return false;
  Matcher matcher(*grammar, byte_vocabulary());
  for (const char c : text) {
    if (!matcher.accept_bytes(std::string_view(&c, 1))) return false;
  }
  return matcher.can_end();
}

std::string error_of(const std::string& schema, const SchemaOptions& options = {}) {
  const auto grammar = compile_json_schema(json::parse(schema).value(), options);
  return grammar ? "" : grammar.error().message;
}

void expect(const std::string& schema, std::initializer_list<const char*> valid,
            std::initializer_list<const char*> invalid) {
  for (const char* text : valid) EXPECT_TRUE(accepts(schema, text)) << schema << " | " << text;
  for (const char* text : invalid) EXPECT_FALSE(accepts(schema, text)) << schema << " | " << text;
}

TEST(JsonSchema, AnySchemaTakesAnyValue) {
  expect("true",
         {"null", "-1.5e3", "\"\\u00e9\\ud83d\\ude00\\n\"", "[1,{\"a\":[]}]", "{ \"a\" : 1 }"},
         {"", "nul", "01", "1.", "\"\\ud83d\"", "\"\\x\"", "[1,]", "{\"a\":1,}",
          "{\"a\":1,\"a\":2}", "\"\x01\"", "\"\xC0\x80\"", "1 "});
}

TEST(JsonSchema, Types) {
  expect(R"({"type":"integer"})", {"0", "-12"}, {"1.0", "1e2", "\"1\"", "-"});
  expect(R"({"type":["string","null"]})", {"\"\"", "null"}, {"1", "{}"});
  expect(R"({"type":["integer","number"]})", {"1.5"}, {"true"});
}

TEST(JsonSchema, NumbersAreComparedExactly) {
  expect(R"({"type":"number","minimum":-1.5,"exclusiveMaximum":10})",
         {"-1.5", "-1.50", "0", "-0.7", "9.999", "9", "-1"},
         {"-1.51", "10", "10.0", "-2", "11", "100"});
  expect(R"({"minimum":3,"maximum":120})", {"3", "3.0", "12", "120", "120.0", "99.9"},
         {"2.9", "120.1", "121", "1200", "-5"});
  expect(R"({"exclusiveMinimum":0})", {"0.1", "1e-5", "1"}, {"0", "-0", "0.0", "-1"});
  expect(R"({"minimum":0})", {"0", "-0", "0.0", "1e9"}, {"-0.1"});
  expect(R"({"multipleOf":0.01})", {"0.25", "19.99", "7", "7.100"}, {"0.001", "7.125"});
  expect(R"({"multipleOf":7})", {"0", "49", "-14", "14.0"}, {"48", "14.5"});
  expect(
      R"({"$schema":"http://json-schema.org/draft-04/schema#","minimum":1,"exclusiveMinimum":true})",
      {"2"}, {"1"});
}

TEST(JsonSchema, TextsHaveLengthPatternAndFormat) {
  expect(R"({"minLength":2,"maxLength":3})", {"\"ab\"", "\"\\u00e9\xC3\xA9\"", "5"},
         {"\"a\"", "\"abcd\""});
  expect(R"({"pattern":"^a+$"})", {"\"aa\""}, {"\"\"", "\"ab\""});
  expect(R"({"pattern":"b|^c$"})", {"\"abc\"", "\"c\""}, {"\"cc\""});
  expect(R"({"pattern":"^(?!foo)[a-z]+$"})", {"\"bar\"", "\"fo\""}, {"\"foobar\""});
  expect(R"({"pattern":"^([^,]+(,|$)){2,}$"})", {"\"a,b\""}, {"\"a\""});
  expect(R"({"pattern":"^a","maxLength":2,"minLength":2})", {"\"ab\""}, {"\"a\"", "\"abc\""});
  expect(R"({"format":"date"})", {"\"2024-02-29\""}, {"\"2023-02-29\"", "\"2024-13-01\""});
  expect(R"({"format":"date-time"})",
         {"\"2024-02-29T23:59:60Z\"", "\"2020-01-01T00:00:00.5+01:00\""},
         {"\"2024-02-29 10:00:00Z\"", "\"2024-02-29T10:00:00\""});
  expect(R"({"format":"ipv6"})", {"\"::1\"", "\"1::2:3\"", "\"::ffff:1.2.3.4\""},
         {"\"1:2\"", "\":::\""});
  expect(R"({"format":"uri"})", {"\"https://a.b/c?d#e\"", "\"urn:x:y\""},
         {"\"/a\"", "\"http://a b\""});
  expect(R"({"format":"email"})", {"\"a.b@c.de\""}, {"\"a@\"", "\"@b\""});
  expect(R"({"format":"uuid"})", {"\"123e4567-e89b-12d3-a456-426614174000\""}, {"\"123\""});
  expect(R"({"format":"duration"})", {"\"P1DT2H\"", "\"PT5M\"", "\"P3W\""}, {"\"P\"", "\"1D\""});
  expect(R"({"format":"uri-template"})", {"\"{v:1}/a'b/{a.b}\""},
         {"\"{v:0}\"", "\"{v:01}\"", "\"{a..b}\""});
  expect(R"({"format":"unheard-of"})", {"\"x\""}, {});
}

TEST(JsonSchema, EnumAndConst) {
  expect(R"({"enum":["red","rose",1,null,[1],{"a":1,"b":2}]})",
         {"\"red\"", "\"rose\"", "1", "1.0", "null", "[1]", "{\"b\":2,\"a\":1}"},
         {"\"ro\"", "2", "[]", "[1,1]", "{\"a\":1}", "true"});
  expect(R"({"const":"a\"b"})", {R"("a\"b")"}, {"\"a\""});
}

TEST(JsonSchema, ObjectsTakeKeysInAnyOrderEachOnce) {
  const char* schema =
      R"({"type":"object","properties":{"a":{"type":"integer"},"ab":{"type":"string"}},
      "required":["a","z"]})";
  expect(schema, {R"({"a":1,"z":[]})", R"({"x":1,"z":1,"ab":"","a":2})"},
         {R"({"a":1})", R"({"a":"","z":1})", R"({"a":1,"z":1,"a":1})",
          R"({"a":1,"z":1,"x":1,"x":1})", "[]"});
  expect(R"({"properties":{"a":{}},"additionalProperties":false})", {"{}", R"({"a":1})", "1"},
         {R"({"b":1})", R"({"a":1,"b":1})"});
  expect(R"({"properties":{"a":false}})", {"{}"}, {R"({"a":1})"});
  expect(
      R"({"patternProperties":{"^n":{"type":"number"},"s$":{"minimum":2}},"additionalProperties":{"type":"null"}})",
      {R"({"n":1,"ns":3,"x":null,"s":"t"})"}, {R"({"n":""})", R"({"ns":1})", R"({"x":1})"});
  expect(R"({"propertyNames":{"maxLength":2}})", {R"({"ab":1})"}, {R"({"abc":1})"});
  expect(R"({"minProperties":1,"maxProperties":2})", {R"({"a":1})", R"({"a":1,"b":1})"},
         {"{}", R"({"a":1,"b":1,"c":1})"});
  expect(R"({"required":["a"],"maxProperties":1})", {R"({"a":1})"}, {R"({"b":1})"});
}

TEST(JsonSchema, Arrays) {
  expect(
      R"({"prefixItems":[{"type":"integer"}],"items":{"type":"string"},"minItems":1,"maxItems":3})",
      {"[1]", "[1,\"\",\"\"]"}, {"[]", "[\"\"]", "[1,1]", "[1,\"\",\"\",\"\"]"});
  expect(
      R"({"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"null"}],"additionalItems":false})",
      {"[]", "[null]"}, {"[null,null]", "[1]"});
  expect(R"({"uniqueItems":true})", {"[1,2,\"1\"]", R"([{"a":1},{"a":2}])"},
         {"[1,1]", "[1,1.0]", R"([{"a":1,"b":2},{"b":2,"a":1}])", "[[\"x\"],[\"x\"]]"});
  expect(R"({"contains":{"const":5},"minContains":2,"maxContains":3})", {"[5,1,5]"},
         {"[5]", "[5,5,5,5]"});
}

TEST(JsonSchema, Combinations) {
  expect(R"({"allOf":[{"minimum":1},{"maximum":5}]})", {"3", "\"\""}, {"0", "6"});
  expect(R"({"anyOf":[{"type":"object","properties":{"k":{"const":"a"}},"required":["k","x"]},
                      {"type":"object","properties":{"k":{"const":"b"}},"required":["k"]}]})",
         {R"({"k":"b"})", R"({"k":"a","x":1})", R"({"x":1,"k":"a"})"},
         {R"({"k":"a"})", R"({"k":"c"})"});
  expect(R"({"oneOf":[{"multipleOf":2},{"multipleOf":3}]})", {"2", "3", "4"}, {"6", "1", "\"\""});
  expect(R"({"oneOf":[{"required":["a"]},{"required":["b"]}]})", {R"({"a":1})", R"({"b":1,"c":1})"},
         {"{}", R"({"a":1,"b":1})"});
  expect(R"({"not":{"required":["a"]}})", {"{}", R"({"b":1})"}, {R"({"a":1})"});
  expect(R"({"not":{"properties":{"a":{"type":"string"}}}})", {R"({"a":1})"},
         {"{}", R"({"a":""})", "1"});
  expect(R"({"enum":["a","b"],"not":{"const":"b"}})", {"\"a\""}, {"\"b\""});
  expect(
      R"({"if":{"properties":{"t":{"const":1}},"required":["t"]},"then":{"required":["x"]},"else":{"required":["y"]}})",
      {R"({"t":1,"x":0})", R"({"t":2,"y":0})", R"({"y":0})"}, {R"({"t":1})", R"({"t":2,"x":0})"});
  expect(R"({"dependentRequired":{"a":["b"]},"dependentSchemas":{"c":{"maxProperties":1}}})",
         {"{}", R"({"b":1})", R"({"a":1,"b":1})", R"({"c":1})"},
         {R"({"a":1})", R"({"c":1,"d":1})"});
  expect(
      R"({"allOf":[{"properties":{"a":{}}}],"properties":{"b":{}},"unevaluatedProperties":false})",
      {R"({"a":1,"b":1})"}, {R"({"c":1})"});
}

TEST(JsonSchema, References) {
  expect(
      R"({"$defs":{"t":{"type":"object","properties":{"next":{"$ref":"#/$defs/t"}},"additionalProperties":false}},
             "$ref":"#/$defs/t"})",
      {"{}", R"({"next":{"next":{}}})"}, {R"({"next":1})", R"({"x":1})"});
  expect(
      R"({"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"i":{"type":"integer"}},
             "properties":{"a":{"$ref":"#/definitions/i","minimum":5}}})",
      {R"({"a":1})"}, {R"({"a":""})"});
  expect(R"({"$defs":{"i":{"$anchor":"x","type":"integer"}},"items":{"$ref":"#x","minimum":5}})",
         {"[5]"}, {"[1]"});
}

TEST(JsonSchema, ReferencesAreReadFromTheirOwnResource) {
  expect(R"({"$defs":{"b":{"type":"integer"},"a":{"$id":"http://x.y/a",
             "$defs":{"b":{"type":"string"}},"$ref":"#/$defs/b"}},"$ref":"#/$defs/a"})",
         {R"("x")"}, {"4"});
  // The same anchor in two resources.
  expect(R"({"$defs":{"a":{"$id":"http://x.y/a","$anchor":"n","type":"integer"},
                      "b":{"$anchor":"n","type":"string"}},
             "properties":{"p":{"$ref":"#n"},"q":{"$ref":"http://x.y/a#n"}}})",
         {R"({"p":"x","q":1})"}, {R"({"p":1})", R"({"q":"x"})"});
  // A property is no keyword, whatever its name.
  expect(R"({"properties":{"const":{"$anchor":"c","type":"integer"},"d":{"$ref":"#c"}}})",
         {R"({"d":1})"}, {R"({"d":"x"})"});
  for (const char* ambiguous :
       {R"({"$defs":{"a":{"$anchor":"n"},"b":{"$anchor":"n"}},"$ref":"#n"})",
        R"({"$defs":{"a":{"$id":"node.json"},"b":{"$id":"node.json"}},"$ref":"node.json"})",
        R"({"$defs":{"a":{"$id":"http://x.y/1/node.json"},"b":{"$id":"http://x.y/2/node.json"}},
            "$ref":"node.json"})",
        R"({"$dynamicAnchor":"n","$defs":{"a":{"$id":"http://x.y/a","$dynamicAnchor":"n",
            "items":{"$dynamicRef":"#n"}}},"$ref":"http://x.y/a"})",
        R"({"$recursiveAnchor":true,"$defs":{"a":{"$id":"http://x.y/a","$recursiveAnchor":true,
            "items":{"$recursiveRef":"#"}}},"$ref":"http://x.y/a"})"}) {
    EXPECT_NE(error_of(ambiguous).find("names more than one part"), std::string::npos) << ambiguous;
  }
  expect(R"({"$dynamicAnchor":"n","type":"array","items":{"$dynamicRef":"#n"}})", {"[[]]"},
         {"[1]"});
}

TEST(JsonSchema, DependenciesHoldInEveryDraft) {
  for (const char* draft : {"http://json-schema.org/draft-07/schema#",
                            "https://json-schema.org/draft/2020-12/schema"}) {
    expect(R"({"$schema":")" + std::string(draft) + R"(","dependencies":{"a":["b"]}})",
           {R"({"a":1,"b":2})", R"({"b":1})", "{}"}, {R"({"a":1})"});
  }
}

TEST(JsonSchema, UniqueItemsAreComparedAsValues) {
  expect(R"({"uniqueItems":true})", {"[0,1]", "[1.5,1.50001]", "[-1,1]", R"([{"a":0},{"a":1}])"},
         {"[0,-0]", "[-0.0,0.000]", "[1.0,1]", "[10,1e1]", "[1E1,10]", R"([{"a":0},{"a":-0.0}])"});
  expect(R"({"uniqueItems":true,"items":{"enum":[1e22]}})", {"[10000000000000000000000]"},
         {"[10000000000000000000000.0000,1e+22]"});
  expect("{}", {"[-0,1e1]"}, {});
}

TEST(JsonSchema, MultiplesOfRoundNumbers) {
  expect(R"({"multipleOf":86400})", {"86400", "-172800.0", "0", "0.0"}, {"8640", "86401", "00"});
  expect(R"({"multipleOf":1000000})", {"3000000"}, {"3000001", "300000"});
  expect(R"({"multipleOf":10})", {"10", "120"}, {"1", "12", "10.5"});
}

TEST(JsonSchema, WhatCannotBeEnforcedIsRefusedByName) {
  EXPECT_NE(error_of(R"({"properties":{"a":{"pattern":"(a)\\1"}}})")
                .find("'pattern' at #/properties/a/pattern"),
            std::string::npos);
  EXPECT_NE(error_of(R"({"$ref":"https://example.com/x"})").find("'$ref' at #/$ref"),
            std::string::npos);
  EXPECT_NE(error_of(R"({"$ref":"#/$defs/none"})").find("not found"), std::string::npos);
  EXPECT_NE(error_of(R"({"allOf":[{"$ref":"#"}]})").find("itself"), std::string::npos);
  EXPECT_NE(error_of(R"({"type":"text"})").find("'text' is not a type"), std::string::npos);
  EXPECT_NE(
      error_of(R"({"anyOf":[{}],"unevaluatedProperties":false})").find("unevaluatedProperties"),
      std::string::npos);
}

TEST(JsonSchema, StrictSubsetHasTheRealTexts) {
  const SchemaOptions strict{.strict = true, .subject = "response_format 'x'"};
  EXPECT_EQ(
      error_of(
          R"({"type":"object","properties":{"a":{"type":"object"}},"required":["a"],"additionalProperties":false})",
          strict),
      "Invalid schema for response_format 'x': In context=('properties', 'a'), "
      "'additionalProperties' is "
      "required to be supplied and to be false.");
  EXPECT_EQ(
      error_of(R"({"type":"object","properties":{"a":{}},"additionalProperties":false})", strict),
      "Invalid schema for response_format 'x': In context=(), 'required' is required to be "
      "supplied and to be "
      "an array including every key in properties. Missing 'a'.");
  EXPECT_EQ(
      error_of(
          R"({"type":"object","properties":{"a":{}},"required":["a"],"additionalProperties":false})",
          strict),
      "Invalid schema for response_format 'x': In context=('properties', 'a'), schema must have a "
      "'type' key.");
  EXPECT_EQ(
      error_of(R"({"type":"object","properties":{},"required":["a"],"additionalProperties":false})",
               strict),
      "Invalid schema for response_format 'x': In context=(), 'required' is required to be "
      "supplied and to be an array including every key in properties. Extra required key 'a' "
      "supplied.");
  EXPECT_EQ(error_of(R"({"type":"array"})", strict),
            "Invalid schema for response_format 'x': In context=(), schema must be a JSON Schema "
            "of 'type: "
            "\"object\"', got 'type: \"array\"'.");
  EXPECT_NE(error_of(R"({"type":"object","properties":{},"allOf":[],"additionalProperties":false})",
                     strict)
                .find("'allOf' is not permitted"),
            std::string::npos);
}

TEST(JsonSchema, StrictSubsetSeesEveryPartOfASchema) {
  const SchemaOptions strict{.strict = true, .subject = "response_format 'x'"};
  const auto error = [&](const std::string& part) {
    const std::string text = error_of(R"({"type":"object","properties":{"a":)" + part +
                                          R"(},"required":["a"],"additionalProperties":false})",
                                      strict);
    return text.substr(std::min(text.size(), text.find("context=")));
  };
  EXPECT_EQ(error(R"({"type":["object","null"]})"),
            "context=('properties', 'a'), 'additionalProperties' is required to be supplied and to "
            "be false.");
  EXPECT_EQ(error(R"({"type":"array","prefixItems":[{"type":"object"}],"items":false})"),
            "context=('properties', 'a', 'prefixItems', '0'), 'additionalProperties' is required "
            "to be supplied and to be false.");
  EXPECT_EQ(error("true"), "context=('properties', 'a'), schema must have a 'type' key.");
  EXPECT_EQ(error(R"({"type":"array"})"),
            "context=('properties', 'a'), array schema missing items.");
  for (const std::string keyword :
       {"minProperties", "maxProperties", "minContains", "maxContains", "unevaluatedItems"}) {
    EXPECT_EQ(error(R"({"type":"string",")" + keyword + R"(":1})"),
              "context=('properties', 'a'), '" + keyword + "' is not permitted.");
  }
  EXPECT_EQ(error(R"({"type":["array","null"],"items":{"type":"string"},"minItems":1})"), "");
  EXPECT_EQ(error(R"({"type":"array","prefixItems":[{"type":"string"}],"items":false})"), "");
}

TEST(JsonSchema, SchemaOrderIsKeptWhenAskedFor) {
  const std::string schema =
      R"({"properties":{"b":{},"a":{},"c":{}},"required":["b","c"],"additionalProperties":false})";
  const SchemaOptions ordered{.schema_order = true};
  EXPECT_TRUE(accepts(schema, R"({"b":1,"a":1,"c":1})", ordered));
  EXPECT_TRUE(accepts(schema, R"({"b":1,"c":1})", ordered));
  EXPECT_FALSE(accepts(schema, R"({"a":1,"b":1,"c":1})", ordered));
  EXPECT_FALSE(accepts(schema, R"({"b":1,"c":1,"a":1})", ordered));
}

TEST(JsonSchema, WhitespaceFollowsTheOption) {
  EXPECT_FALSE(accepts("true", "[1, 2]", {.whitespace = Whitespace::Compact}));
  EXPECT_TRUE(accepts("true", "[1, 2]", {.whitespace = Whitespace::Spaced}));
  EXPECT_FALSE(accepts("true", "[1,  2]", {.whitespace = Whitespace::Spaced}));
  EXPECT_TRUE(accepts("true", "[\n  1,\n  2\n]"));
  EXPECT_FALSE(accepts("true", "[" + std::string(41, ' ') + "1]"));
}

TEST(JsonSchema, BombsEndInTime) {
  std::string nested = R"({"pattern":"^)" + std::string(60'000, '(') + R"("})";
  EXPECT_NE(error_of(nested), "");
  accepts(R"({"pattern":"^((a{1,1000}){1,1000}){1,1000}$"})", "\"" + std::string(300, 'a') + "\"");
  accepts(R"({"pattern":"(a|b){1,60}a(a|b){30}$"})", "\"" + std::string(64, 'a') + "\"");
  std::string any = R"({"anyOf":[)";
  for (int i = 0; i < 3'000; ++i)
    any +=
        R"({"properties":{"k)" + std::to_string(i) + R"(":{"const":)" + std::to_string(i) + "}}},";
  accepts(any + R"({"type":"null"}]})", R"({"k1":2})");
  std::string chain = R"({"$ref":"#/$defs/d0","$defs":{)";
  for (int i = 0; i < 5'000; ++i)
    chain += "\"d" + std::to_string(i) + R"(":{"$ref":"#/$defs/d)" + std::to_string(i + 1) + "\"},";
  EXPECT_NE(error_of(chain + R"("d5000":{}}})"), "");
  std::string powers = R"({"$defs":{"d0":{"type":"integer"})";
  for (int i = 1; i < 40; ++i) {
    const std::string before = R"({"$ref":"#/$defs/d)" + std::to_string(i - 1) + "\"}";
    powers += ",\"d" + std::to_string(i) + R"(":{"allOf":[)" + before + "," + before + "]}";
  }
  EXPECT_TRUE(accepts(powers + R"(},"$ref":"#/$defs/d39"})", "1"));
  EXPECT_TRUE(accepts(R"({"maxLength":1000000000,"minLength":3})", "\"abc\""));
  EXPECT_TRUE(accepts(R"({"maximum":1e308,"minimum":-1e308})", "12"));
}

std::string satisfiable_error(std::string_view schema, const SchemaOptions& options = {}) {
  auto tables = new_tables();
  const auto node = add_satisfiable_schema(*tables, json::parse(schema).value(), options);
  return node ? std::string() : node.error().message;
}

// A list of n parts, each made of its number.
template <class Make>
std::string list_of(int n, Make&& make) {
  std::string text = "[";
  for (int i = 0; i < n; ++i) text += (i > 0 ? "," : "") + make(i);
  return text + "]";
}

TEST(Satisfiable, WhatIsLongOrManyIsNotRefused) {
  // Texts that have nothing in common, each in its own state of the automaton for long.
  const std::string many = list_of(2'000, [](int i) {
    std::string text = "\"";
    for (std::uint32_t n = 0, x = static_cast<std::uint32_t>(i); n < 36; ++n) {
      x = x * 1'664'525 + 1'013'904'223;
      text += static_cast<char>('a' + (x >> 16) % 26);
    }
    return text + "\"";
  });
  EXPECT_EQ(satisfiable_error(R"({"enum":)" + many + "}"), "");
  EXPECT_EQ(satisfiable_error(R"({"type":"object","properties":{"a":{"enum":)" + many +
                              R"(}},"required":["a"]})"),
            "");
  EXPECT_EQ(satisfiable_error(R"({"type":"string","minLength":4200})"), "");
  EXPECT_EQ(satisfiable_error(R"({"type":"string","minLength":4200,"maxLength":4200})"), "");
  EXPECT_EQ(satisfiable_error(R"({"type":"string","pattern":"^[ab]+$","minLength":4200})"), "");
  EXPECT_NE(satisfiable_error(R"({"items":{"enum":[0]},"uniqueItems":true,"minItems":2,
                                  "type":"array"})"),
            "");
  EXPECT_NE(satisfiable_error(R"({"type":"string","pattern":"^[ab]{9}$","minLength":4200})"), "");
  EXPECT_EQ(satisfiable_error(R"({"type":"object","minProperties":300})"), "");
  for (const char* items : {R"({"type":"integer"})", R"({"type":"string"})",
                            R"({"type":"object","properties":{"a":{"type":"integer"}},
                                "required":["a"],"additionalProperties":false})"}) {
    EXPECT_EQ(satisfiable_error(R"({"type":"array","uniqueItems":true,"minItems":200,"items":)" +
                                std::string(items) + "}"),
              "")
        << items;
  }
  const std::string constants =
      list_of(5'000, [](int i) { return R"({"const":"a)" + std::to_string(i) + "\"}"; });
  EXPECT_EQ(satisfiable_error(R"({"oneOf":)" + constants + "}"), "");
}

TEST(JsonSchema, EnumsAreRefusedBeyondTheirSize) {
  const auto random = [](int n) {
    std::uint32_t x = 1;
    return R"({"enum":)" +
           list_of(n,
                   [&](int) {
                     std::string text = "\"";
                     for (int i = 0; i < 30; ++i) {
                       x = x * 1'664'525 + 1'013'904'223;
                       text += static_cast<char>('a' + (x >> 16) % 26);
                     }
                     return text + "\"";
                   }) +
           "}";
  };
  EXPECT_EQ(error_of(random(9'000)), "");
  EXPECT_EQ(error_of(random(20'000)),
            "Invalid schema: 'enum' at #/enum: it is too large to enforce.");
}

TEST(JsonSchema, OneOfConstantTextsIsAnEnumWithoutThoseNamedTwice) {
  expect(R"({"oneOf":[{"const":"a","title":"A"},{"type":"string","const":"b"},{"const":"a"}]})",
         {R"("b")"}, {R"("a")", R"("c")", "1"});
}

// Required properties in order, one after the other: no key costs a look at all the others.
TEST(Satisfiable, LargeStrictSchemasTakeNoLongerThanTheirSize) {
  std::string properties, required;
  for (int i = 0; i < 3'000; ++i) {
    const std::string name = "\"property_" + std::to_string(i) + "\"";
    properties += (i > 0 ? "," : "") + name + R"(:{"type":"boolean"})";
    required += (i > 0 ? "," : "") + name;
  }
  const auto before = std::clock();
  EXPECT_EQ(satisfiable_error(R"({"type":"object","additionalProperties":false,"properties":{)" +
                                  properties + R"(},"required":[)" + required + "]}",
                              {.strict = true, .subject = "x", .schema_order = true}),
            "");
  EXPECT_LT(static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC, 5.0);
}

TEST(Satisfiable, ManyRulesAtOnceEndInTime) {
  const auto objects = [](const char* keyword) {
    return "{\"" + std::string(keyword) + "\":" +
           list_of(3'000,
                   [](int i) {
                     const std::string key = "\"k" + std::to_string(i) + "\"";
                     return R"({"type":"object","properties":{)" + key +
                            R"(:{"type":"string"}},"required":[)" + key + "]}";
                   }) +
           "}";
  };
  for (const char* keyword : {"oneOf", "anyOf"}) {
    const auto before = std::clock();
    satisfiable_error(objects(keyword));
    EXPECT_LT(static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC, 5.0) << keyword;
  }
}

TEST(Satisfiable, NamesTheKeywordThatLeavesNoValue) {
  const auto error = [](std::string_view schema) { return satisfiable_error(schema); };
  EXPECT_EQ(error(R"({"type":"object","properties":{"a":{"type":"string","pattern":"^b$",
                      "enum":["a","c"]}},"required":["a"]})"),
            "Invalid schema: 'pattern' at #/properties/a/pattern: no value can satisfy it together "
            "with what is beside it.");
  for (const char* found :
       {R"({"type":"array","contains":{"multipleOf":11,"minimum":100,"type":"number"}})",
        R"({"type":"array","oneOf":[{"contains":{"const":1}},{"contains":{"const":2}}]})"}) {
    EXPECT_EQ(error(found), "");
  }
  EXPECT_NE(error(R"({"type":"object","properties":{"d":{"type":"object","required":["r","b"],
                      "oneOf":[{"not":{"required":["r"]}},{"not":{"required":["b"]}}]}},
                      "required":["d"]})")
                .find("at #/properties/d/"),
            std::string::npos);
  EXPECT_NE(error(R"({"type":"string","pattern":"^[ab]{3}$","minLength":4})"), "");
  EXPECT_EQ(error(R"({"type":"string","pattern":"^[ab]{3}$","minLength":3})"), "");
  EXPECT_NE(error(R"({"type":"array","items":{"enum":[1,2]},"uniqueItems":true,"minItems":3})"),
            "");
  EXPECT_EQ(error(R"({"type":"array","items":{"enum":[1,2]},"uniqueItems":true,"minItems":2})"),
            "");
}

}  // namespace
}  // namespace inference::grammar
