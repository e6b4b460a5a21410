// Generations by random choice under the masks end in values that an independent validator takes,
// and every mask has exactly the tokens that can be accepted.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "base/random.h"
#include "engine/grammar/matcher.h"
#include "inference/grammar/json_schema.h"
#include "inference/grammar/test_vocabulary.h"

namespace inference::grammar {
namespace {

using engine::grammar::Matcher;
using engine::grammar::TokenId;

// A plain recursive validator of the keywords used below, sharing nothing with the compiler.
class Validator {
 public:
  explicit Validator(const json::Value& root) : root_(root) {}

  bool valid(const json::Value& schema, const json::Value& value) const {
    if (schema.is_bool()) return schema.get_bool();
    return std::ranges::all_of(schema.get_object(), [&](const auto& keyword) {
      return holds(keyword.key(), keyword.value(), schema.get_object(), value);
    });
  }

 private:
  static double number(const json::Value& value) { return value.to_number<double>(); }
  static std::size_t length(const json::Value& value) {
    return static_cast<std::size_t>(std::ranges::count_if(
        value.get_string(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  }
  static bool type(std::string_view name, const json::Value& value) {
    if (name == "integer") return value.is_int64() || value.is_uint64();
    if (name == "number") return value.is_number();
    if (name == "string") return value.is_string();
    if (name == "boolean") return value.is_bool();
    if (name == "null") return value.is_null();
    return name == "array" ? value.is_array() : value.is_object();
  }

  bool holds(std::string_view keyword, const json::Value& k, const json::Object& schema,
             const json::Value& v) const {
    const auto fits = [&](const json::Value& option) { return valid(option, v); };
    if (keyword == "type") {
      if (k.is_string()) return type(k.get_string(), v);
      return std::ranges::any_of(k.get_array(),
                                 [&](const json::Value& t) { return type(t.get_string(), v); });
    }
    if (keyword == "enum") return std::ranges::find(k.get_array(), v) != k.get_array().end();
    if (keyword == "const") return k == v;
    if (keyword == "$ref") {
      const std::string name = std::string(k.get_string()).substr(8);
      return valid(root_.at("$defs").at(name), v);
    }
    if (keyword == "allOf") return std::ranges::all_of(k.get_array(), fits);
    if (keyword == "anyOf") return std::ranges::any_of(k.get_array(), fits);
    if (keyword == "oneOf") return std::ranges::count_if(k.get_array(), fits) == 1;
    if (keyword == "not") return !valid(k, v);
    if (keyword == "minimum" || keyword == "maximum") {
      return !v.is_number() ||
             (keyword == "minimum" ? number(v) >= number(k) : number(v) <= number(k));
    }
    if (keyword == "multipleOf") return !v.is_number() || std::fmod(number(v), number(k)) == 0;
    if (keyword == "minLength") return !v.is_string() || length(v) >= number(k);
    if (keyword == "maxLength") return !v.is_string() || length(v) <= number(k);
    if (keyword == "pattern") {
      return !v.is_string() || std::regex_search(std::string(v.get_string()),
                                                 std::regex(std::string(k.get_string())));
    }
    return v.is_array() ? list(keyword, k, v.get_array())
                        : !v.is_object() || record(keyword, k, schema, v.get_object());
  }

  bool list(std::string_view keyword, const json::Value& k, const json::Array& v) const {
    if (keyword == "items")
      return std::ranges::all_of(v, [&](const json::Value& item) { return valid(k, item); });
    if (keyword == "minItems") return static_cast<double>(v.size()) >= number(k);
    if (keyword == "maxItems") return static_cast<double>(v.size()) <= number(k);
    if (keyword == "uniqueItems") {
      for (std::size_t i = 0; i < v.size(); ++i) {
        if (std::find(v.begin(), v.begin() + i, v[i]) != v.begin() + i) return false;
      }
    }
    return true;
  }

  bool record(std::string_view keyword, const json::Value& k, const json::Object& schema,
              const json::Object& v) const {
    if (keyword == "required") {
      return std::ranges::all_of(
          k.get_array(), [&](const json::Value& name) { return v.contains(name.get_string()); });
    }
    if (keyword == "maxProperties") return static_cast<double>(v.size()) <= number(k);
    if (keyword == "properties") {
      return std::ranges::all_of(v, [&](const auto& m) {
        return !k.get_object().contains(m.key()) || valid(k.at(m.key()), m.value());
      });
    }
    if (keyword == "additionalProperties") {
      return std::ranges::all_of(v, [&](const auto& m) {
        const auto* known = json::find(schema, "properties");
        return (known && known->get_object().contains(m.key())) || valid(k, m.value());
      });
    }
    return true;
  }

  const json::Value& root_;
};

const char* const kSchemas[] = {
    R"({"type":"object","properties":{"name":{"type":"string","maxLength":8},"age":{"type":"integer","minimum":0,"maximum":130},
        "kind":{"enum":["the one","the other",null]}},"required":["name","kind"],"additionalProperties":false})",
    R"({"type":"array","items":{"type":"object","properties":{"id":{"type":"integer","multipleOf":3}},"required":["id"],
        "additionalProperties":{"type":"boolean"},"maxProperties":3},"minItems":1,"maxItems":4})",
    R"({"$defs":{"tree":{"type":"object","properties":{"id":{"type":"integer"},"sub":{"type":"array","items":{"$ref":"#/$defs/tree"},
        "maxItems":2}},"required":["id"],"additionalProperties":false}},"$ref":"#/$defs/tree"})",
    R"({"anyOf":[{"type":"object","properties":{"kind":{"const":"a"},"x":{"type":"number"}},"required":["kind","x"],"additionalProperties":false},
        {"type":"object","properties":{"kind":{"const":"b"},"y":{"type":"null"}},"required":["kind"],"additionalProperties":false}]})",
    R"({"type":"string","pattern":"^[a-c]{2,6}(-[0-9]{1,3})?$"})",
    R"({"type":"object","properties":{"name":{"type":"string","maxLength":3},"id":{"type":"integer"}},
        "oneOf":[{"required":["name"]},{"required":["id"]}],"additionalProperties":false,"required":[]})",
    R"({"type":"object","properties":{"a":{"type":"boolean"},"b":{"type":"null"}},"not":{"required":["a"]},"required":["b"],"additionalProperties":false})",
    R"({"type":"number","minimum":-20.5,"maximum":12})",
    R"({"type":"array","items":{"type":["string","integer"],"maxLength":9},"uniqueItems":true,"minItems":2,"maxItems":5})",
    R"({"type":["object","null"],"properties":{"name":{"type":"string","minLength":2,"maxLength":20}},"additionalProperties":{"type":"string","maxLength":5},"maxProperties":3})",
};

// One generation; empty when it ran out of steps.
std::string generate(const std::shared_ptr<const engine::grammar::Grammar>& grammar,
                     base::Random& random, bool check_masks, bool& stuck) {
  const auto vocabulary = mixed_vocabulary();
  Matcher matcher(grammar, vocabulary);
  std::vector<std::uint32_t> bits(vocabulary->n_words());
  std::string text;
  stuck = false;
  for (int step = 0; step < 400; ++step) {
    matcher.mask(bits);
    std::vector<TokenId> allowed;
    for (TokenId token = 0; token < vocabulary->n_tokens(); ++token) {
      if (bits[token >> 5] >> (token & 31) & 1) allowed.push_back(token);
    }
    if (check_masks) {
      for (TokenId token = 2; token < vocabulary->n_tokens(); ++token) {
        Matcher probe = matcher;
        const bool masked = bits[token >> 5] >> (token & 31) & 1;
        EXPECT_EQ(probe.accept(token), masked) << text << " + " << vocabulary->bytes(token);
      }
    }
    if (allowed.empty()) {
      stuck = true;
      return text;
    }
    // Endings are preferred so that generations end.
    TokenId token = allowed[random.below(allowed.size())];
    if (bits[0] & 1 && random.below(2) == 0) token = 0;
    if (token == 0) return text;
    EXPECT_TRUE(matcher.accept(token)) << text;
    text += vocabulary->bytes(token);
  }
  return {};
}

TEST(RandomWalk, EveryFinishedGenerationIsValid) {
  base::SeededRandom random(7);
  for (const char* text : kSchemas) {
    const auto schema = json::parse(text).value();
    const auto grammar = compile_json_schema(schema, {.whitespace = Whitespace::Spaced}).value();
    int finished = 0;
    for (int i = 0; i < 60; ++i) {
      bool stuck = false;
      const std::string made = generate(grammar, random, false, stuck);
      EXPECT_FALSE(stuck) << text << "\n" << made;
      if (made.empty() || stuck) continue;
      ++finished;
      const auto value = json::parse(made);
      ASSERT_TRUE(value.has_value()) << made;
      EXPECT_TRUE(Validator(schema).valid(schema, *value)) << text << "\n" << made;
    }
    EXPECT_GT(finished, 10) << text;
  }
}

TEST(RandomWalk, MasksHaveExactlyWhatCanBeAccepted) {
  base::SeededRandom random(11);
  for (const char* text : kSchemas) {
    const auto grammar = compile_json_schema(json::parse(text).value()).value();
    bool stuck = false;
    generate(grammar, random, true, stuck);
  }
}

}  // namespace
}  // namespace inference::grammar
