// A mask has exactly the tokens that would be accepted, whichever way it was made.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/grammar/matcher.h"
#include "inference/grammar/json_schema.h"
#include "inference/grammar/test_vocabulary.h"

namespace inference::grammar {
namespace {

using engine::grammar::Matcher;
using engine::grammar::TokenId;
using engine::grammar::Vocabulary;

// Pieces around quotes, escapes and characters of several bytes, and all pairs of some letters.
std::shared_ptr<const Vocabulary> pieces() {
  std::vector<std::string> tokens{""};
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  const std::string letters = "abxyz019-_.:@/ ";
  for (const char a : letters) {
    for (const char b : letters) {
      tokens.push_back({a, b});
      tokens.push_back({a, b, '"'});
      tokens.push_back({'"', a, b});
      tokens.push_back({a, b, b, a, b, a});
    }
  }
  for (const char* text : {"\",",
                           "\"}",
                           "\"]",
                           "\"},",
                           "\":",
                           "\": ",
                           "\":\"",
                           "\",\"",
                           "\", \"",
                           "x\",\"",
                           "\"],\"",
                           "ab\"]}",
                           "\\n",
                           "\\\"",
                           "a\\u00",

                           "\\u00e9\"",
                           "\\\\",
                           "b\\t\"",
                           "\xC3\xA9",
                           "\xC3",
                           "\xA9\"",
                           "\xE4\xB8\xAD",
                           "a\xE4\xB8",
                           "\xF0\x9F\x98\x80",
                           "\xFFx",
                           "{\"",
                           "[\"",
                           "{\"a\":\"",
                           "\"a\"",
                           "\"a\",\"b\"",
                           "\"xyz\":1",
                           "abc",
                           "the quick brown fox",
                           "::",
                           "a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q-r-s-t",
                           "\"},{\"",
                           "\":{}",
                           "\":null}"})
    tokens.emplace_back(text);
  const TokenId end[] = {0};
  return std::make_shared<Vocabulary>(tokens, end);
}

struct Case {
  const char *schema, *text;
};
constexpr Case kCases[] = {
    {R"({"type":"string","minLength":1})", R"("xy\u00e9 é中")"},
    {R"({"type":"string","minLength":3,"maxLength":5})", R"("ab中x")"},
    {R"({"type":"string","pattern":"^[a-z0-9_-]{3,40}$"})", R"("abx-_019-xyz")"},
    {R"({"type":"string","pattern":"[a-z]{6}"})", R"("0-abxyzab 9")"},
    {R"({"type":"string","pattern":"^ab:"})", R"("ab:xyz \n é")"},
    {R"({"type":"string","pattern":"^(ab|xy)+[.]$"})", R"("abxyab.")"},
    {R"({"type":"string","format":"email"})", R"("ab.xy@xyz.ab")"},
    {R"({"type":"string","format":"date-time"})", R"("2010-01-10T01:00:00Z")"},
    {R"({"type":"string","format":"uri"})", R"("ab:xyz/ab")"},
    {R"({"type":"string","format":"uuid"})", R"("0190ab00-0190-ab00-ab01-0190ab019010")"},
    {R"({"type":"string","not":{"enum":["ab","abxy","é"]}})", R"("abxyz")"},
    {R"({"enum":["ab","abxy","xyz\"","x\\y"]})", R"("xyz\"")"},
    {R"({"type":"array","items":{"type":"string"},"uniqueItems":true})", R"(["ab","x","","abx"])"},
    {R"({"type":"array","items":{"enum":["ab","xy","abxy"]},"uniqueItems":true})",
     R"(["ab","abxy","xy"])"},
    {R"({"type":"array","uniqueItems":true,"items":{"type":"object","additionalProperties":{"type":"string"}}})",
     R"([{"a":"x"},{"a":"xy","b":"ab"}])"},
    {R"({"type":"array","uniqueItems":true,"items":{"type":"array","items":{"type":"string","pattern":"^[ab]*$"}}})",
     R"([["a"],["ab","a"],[]])"},
    {R"({"type":"object","patternProperties":{"^x":{"type":"string"},"z$":{"minLength":2}},"additionalProperties":{"type":"null"}})",
     R"({"xy":"a","xz":"abx","ab":null,"z":"ab"})"},
    {R"({"type":"object","patternProperties":{"^x":{"type":"integer"}},"properties":{"xyz":{},"ab":{}},"additionalProperties":false})",
     R"({"xyz":1,"x":1,"ab":"x"})"},
    {R"({"type":"object","propertyNames":{"minLength":2,"pattern":"^[^:]+$"}})",
     R"({"ab":"x","xa":1})"},
    {R"({"oneOf":[{"properties":{"k":{"const":"ab"},"v":{"type":"string"}},"required":["k"]},
        {"properties":{"k":{"enum":["x","xyz"]},"v":{"type":"integer"}},"required":["k"]}]})",
     R"({"k":"xyz","v":1})"},
    {R"({"anyOf":[{"type":"string","pattern":"^a"},{"type":"string","maxLength":3}]})",
     R"("abxyz")"},
};

TEST(Masks, HaveExactlyWhatIsAccepted) {
  const auto vocabulary = pieces();
  std::vector<std::uint32_t> bits(vocabulary->n_words());
  for (const Case& one : kCases) {
    const auto grammar = compile_json_schema(json::parse(one.schema).value());
    ASSERT_TRUE(grammar.has_value()) << one.schema;
    const std::string_view text = one.text;
    const bool has_keys = text.find('{') != text.npos;
    Matcher matcher(*grammar, vocabulary);
    for (std::size_t at = 0; at <= text.size(); ++at) {
      matcher.mask(bits);
      for (TokenId token = 1; token < vocabulary->n_tokens(); ++token) {
        // Which escapes a key takes is told when one is taken: masks of keys let more in.
        if (has_keys && vocabulary->bytes(token).find('\\') != std::string_view::npos) continue;
        const bool is_set = (bits[token >> 5] >> (token & 31) & 1) != 0;
        const bool is_accepted = matcher.accept(token);
        if (is_accepted) matcher.rollback(1);
        ASSERT_EQ(is_set, is_accepted)
            << one.schema << " after " << text.substr(0, at) << ": " << vocabulary->bytes(token);
      }
      if (at < text.size()) {
        ASSERT_TRUE(matcher.accept_bytes(text.substr(at, 1))) << one.schema << " at " << at;
      }
    }
    EXPECT_TRUE(matcher.can_end()) << one.schema;
  }
}

}  // namespace
}  // namespace inference::grammar
