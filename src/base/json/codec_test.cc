#include "base/json/codec.h"

#include <gtest/gtest.h>

#include <array>

namespace {

constexpr std::array<std::string_view, 3> kDetails{"low", "medium", "high"};

struct Part {
  std::string type;
  std::optional<std::string> detail;
  static constexpr auto json_fields() {
    return std::tuple{json::field("type", &Part::type),
                      json::field("detail", &Part::detail).one_of(kDetails)};
  }
};

struct Request {
  std::string model;
  std::optional<double> temperature;
  std::optional<std::int64_t> n;
  std::vector<Part> parts;
  std::map<std::string, std::string> metadata;
  json::Nullable<std::string> user;
  static constexpr auto json_fields() {
    return std::tuple{
        json::field("model", &Request::model).length_min(1),
        json::field("temperature", &Request::temperature).min(0).max(2),
        json::field("n", &Request::n).min(1).max(128),
        json::field("parts", &Request::parts).optional().length_max(2),
        json::field("metadata", &Request::metadata)
            .optional()
            .noun("a metadata object")
            .length_max(2),
        json::field("user", &Request::user),
    };
  }
  static constexpr bool json_closed = true;
};

Error error_of(std::string_view text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value.has_value()) << text;
  auto request = json::read<Request>(*value);
  EXPECT_FALSE(request.has_value()) << text;
  return request ? Error{} : request.error();
}

TEST(Codec, ReadsAndWritesARecord) {
  auto request = json::read<Request>(
      *json::parse(R"({"model":"m","n":2,"parts":[{"type":"text"}],"metadata":{"a":"b"}})"));
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->n, 2);
  EXPECT_EQ(request->parts.at(0).type, "text");
  EXPECT_EQ(json::dump(json::write(*request)),
            R"({"model":"m","n":2,"parts":[{"type":"text"}],"metadata":{"a":"b"},"user":null})");
}

TEST(Codec, NullMeansAbsentForOptionalFields) {
  EXPECT_TRUE(
      json::read<Request>(*json::parse(R"({"model":"m","n":null,"parts":null})")).has_value());
}

TEST(Codec, NamesThePathOfAWrongType) {
  const Error error = error_of(R"({"model":"m","parts":[{"type":"a"},{"type":5}]})");
  EXPECT_EQ(error.param, "parts[1].type");
  EXPECT_EQ(error.reason, "invalid_type");
  EXPECT_EQ(error.message,
            "Invalid type for 'parts[1].type': expected a string, but got an integer instead.");
}

TEST(Codec, SaysWhatIsMissing) {
  EXPECT_EQ(error_of("{}").message, "Missing required parameter: 'model'.");
  EXPECT_EQ(error_of(R"({"model":"m","parts":[{}]})").param, "parts[0].type");
}

TEST(Codec, HoldsRangesAtTheirEdges) {
  EXPECT_TRUE(
      json::read<Request>(*json::parse(R"({"model":"m","n":128,"temperature":2})")).has_value());
  EXPECT_EQ(
      error_of(R"({"model":"m","n":129})").message,
      "Invalid 'n': integer above maximum value. Expected a value <= 128, but got 129 instead.");
  EXPECT_EQ(error_of(R"({"model":"m","n":0})").reason, "integer_below_min_value");
  EXPECT_EQ(error_of(R"({"model":"m","temperature":2.1})").message,
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got "
            "2.1 instead.");
  EXPECT_EQ(error_of(R"({"model":"m","n":18446744073709551615})").reason,
            "integer_above_max_value");
}

TEST(Codec, HoldsLengths) {
  EXPECT_EQ(error_of(R"({"model":""})").reason, "empty_string");
  EXPECT_EQ(error_of(R"({"model":"m","parts":[{"type":"a"},{"type":"a"},{"type":"a"}]})").reason,
            "array_above_max_length");
  EXPECT_EQ(error_of(R"({"model":"m","metadata":{"a":"1","b":"2","c":"3"}})").reason,
            "object_above_max_properties");
  EXPECT_EQ(error_of(R"({"model":"m","metadata":[]})").message,
            "Invalid type for 'metadata': expected a metadata object, but got an array instead.");
}

TEST(Codec, ListsTheSupportedValues) {
  EXPECT_EQ(error_of(R"({"model":"m","parts":[{"type":"a","detail":"huge"}]})").message,
            "Invalid value: 'huge'. Supported values are: 'low', 'medium', and 'high'.");
}

TEST(Codec, RefusesUnknownMembersAndSuggestsCloseOnes) {
  EXPECT_EQ(error_of(R"({"model":"m","usr":"x"})").message,
            "Unknown parameter: 'usr'. Did you mean 'user'?");
  EXPECT_EQ(error_of(R"({"model":"m","quite_other":"x"})").message,
            "Unknown parameter: 'quite_other'.");
}

TEST(Parse, GivesThePositionOfASyntaxError) {
  const auto result = json::parse("{\"a\": 1,\n  \"b\": }");
  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().message.find("line 2, column 8"), std::string::npos)
      << result.error().message;
}

TEST(Parse, StopsAtTheDepthLimit) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(json::parse(nested(128)).has_value());
  EXPECT_FALSE(json::parse(nested(129)).has_value());
}

}  // namespace
