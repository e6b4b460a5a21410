#include "inference/grammar/text_grammars.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/grammar/matcher.h"
#include "inference/grammar/test_vocabulary.h"
#include "inference/grammar/tool_grammar.h"

namespace inference::grammar {
namespace {

using engine::grammar::Matcher;

bool accepts(const Result<CompiledGrammar>& grammar, std::string_view text) {
  EXPECT_TRUE(grammar.has_value()) << (grammar ? "" : grammar.error().message);
  if (!grammar) return false;
  Matcher matcher(*grammar, mixed_vocabulary());
  return matcher.accept_bytes(text) && matcher.can_end();
}

TEST(Regex, MatchesTheWholeText) {
  const auto grammar = compile_regex(R"((yes|no)( \d{2,3})?[^x]\p{Lu}?)");
  EXPECT_TRUE(accepts(grammar, "yes 12\xC3\xA9"));
  EXPECT_TRUE(accepts(grammar, "no!\xC3\x89"));
  EXPECT_FALSE(accepts(grammar, "nox"));
  EXPECT_FALSE(accepts(grammar, "yes 1"));
  EXPECT_FALSE(compile_regex("a(b").has_value());
}

TEST(Regex, WhatIsCutOffIsRefused) {
  for (const char* pattern :
       {"a\\", "[a\\", "(", "[", "[a-", "\\u{", "\\u12", "\\p{", "a{1", "(?<a"})
    (void)compile_regex(pattern);
  EXPECT_FALSE(compile_regex("a\\").has_value());
  EXPECT_FALSE(compile_regex("[a\\").has_value());
}

TEST(Gbnf, ReadsWhatLlamaCppWrites) {
  const auto grammar = compile_gbnf(R"g(# sums
root ::= expr "=" ws num
expr ::= expr [-+] term | term
term ::= num | "(" expr ")" |
         ident{1,2}
num ::= [0-9]+
ident ::= [a-z] [a-z0-9_]*
ws ::= [ \t\n]*
)g");
  EXPECT_TRUE(accepts(grammar, "(1+x)-22=  7"));
  EXPECT_TRUE(accepts(grammar, "1=1"));
  EXPECT_FALSE(accepts(grammar, "1+=1"));
  EXPECT_FALSE(accepts(grammar, "((1)=1"));
  EXPECT_FALSE(compile_gbnf("root ::= missing").has_value());
  EXPECT_FALSE(compile_gbnf("root ::= a\na ::= b\nb ::= a \"x\" | \"y\"").has_value());
}

TEST(Lark, ReadsRulesTerminalsAndValues) {
  const auto grammar = compile_lark(R"g(
start: stmt+
?stmt: "select"i names ["where" cond] ";"
names: NAME ("," NAME)*
cond: NAME OP (NUMBER | ESCAPED_STRING)   // one comparison
OP: "<" | ">" | /[!=]=/
%import common.CNAME -> NAME
%import common.NUMBER
%import common.ESCAPED_STRING
%ignore / +/
)g");
  EXPECT_TRUE(accepts(grammar, "SELECT a, b where c == 1.5; select  d;"));
  EXPECT_TRUE(accepts(grammar, "select a where b < \"x\\\"y\";"));
  EXPECT_FALSE(accepts(grammar, "select ;"));
  EXPECT_FALSE(accepts(grammar, "select a where b = 1;"));
  const auto valued = compile_lark(R"g(start: "call(" args ")"
args: %json {"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}
)g");
  EXPECT_TRUE(accepts(valued, "call({\"a\": 12})"));
  EXPECT_FALSE(accepts(valued, "call({\"a\": \"\"})"));
}

Part call_format(std::uint32_t special) {
  const auto call = [](const std::string& name, const char* schema) {
    return Part{Sequence{{{Text{"{\"name\": \"" + name + "\", \"arguments\": "}},
                          {JsonValue{json::parse(schema).value()}},
                          {Text{"}"}}}}};
  };
  const Part one{Choice{
      {call(
           "add",
           R"({"type":"object","properties":{"x":{"type":"integer"}},"required":["x"],"additionalProperties":false})"),
       call("now", R"({"type":"object","additionalProperties":false})")}}};
  const Part block{Sequence{{{Text{"<tool_call>\n"}}, one, {Text{"\n</tool_call>"}}}}};
  (void)special;
  return {Sequence{
      {{FreeText{{"<tool_call>"}}}, {Repeat{.part = {block}, .separator = {{Text{"\n"}}}}}}}};
}

TEST(ToolGrammar, FreeTextThenCalls) {
  const auto grammar = compile_parts(call_format(1));
  EXPECT_TRUE(accepts(grammar, "just <tool talk"));
  EXPECT_TRUE(accepts(
      grammar,
      "Let me see. <tool_call>\n{\"name\": \"add\", \"arguments\": {\"x\": 4}}\n</tool_call>"));
  EXPECT_TRUE(accepts(grammar,
                      "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>\n"
                      "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"x\":1}}\n</tool_call>"));
  EXPECT_FALSE(
      accepts(grammar, "<tool_call>\n{\"name\": \"other\", \"arguments\": {}}\n</tool_call>"));
  EXPECT_FALSE(
      accepts(grammar, "<tool_call>\n{\"name\": \"add\", \"arguments\": {}}\n</tool_call>"));
}

TEST(Matcher, MasksAgreeWithAcceptanceInRules) {
  const auto vocabulary = mixed_vocabulary();
  Matcher matcher(*compile_parts(call_format(1)), vocabulary);
  std::vector<std::uint32_t> bits(vocabulary->n_words());
  for (const char c :
       std::string("hi <tool_call>\n{\"name\": \"add\", \"arguments\": {\"x\": 4}}\n</tool")) {
    matcher.mask(bits);
    for (engine::grammar::TokenId token = 2; token < vocabulary->n_tokens(); ++token) {
      Matcher probe = matcher;
      EXPECT_EQ(probe.accept(token), (bits[token >> 5] >> (token & 31) & 1) != 0)
          << vocabulary->bytes(token);
    }
    EXPECT_EQ(bits[0] & 1, matcher.can_end() ? 1u : 0u);
    ASSERT_TRUE(matcher.accept_bytes(std::string_view(&c, 1)));
  }
}

TEST(Matcher, ForcesWhatCanOnlyBeOneThingAndRollsBack) {
  const auto grammar = compile_parts(
      {Sequence{{{Text{"name"}}, {Text{"\":"}}, {Pattern{"[ab]"}}, {SpecialToken{1}}}}});
  const auto vocabulary = mixed_vocabulary();
  Matcher matcher(*grammar, vocabulary);
  EXPECT_EQ(matcher.forced_bytes(), "name\":");
  const auto encode = [&](const std::string& text) {
    std::vector<engine::grammar::TokenId> tokens;
    for (engine::grammar::TokenId t = 0; t < vocabulary->n_tokens(); ++t) {
      if (vocabulary->bytes(t) == text) tokens.push_back(t);
    }
    return tokens;
  };
  EXPECT_EQ(matcher.forced_tokens(encode).size(), 1u);
  ASSERT_TRUE(matcher.accept_bytes("name"));
  ASSERT_TRUE(matcher.accept_bytes("\":a"));
  EXPECT_FALSE(matcher.can_end());
  EXPECT_FALSE(matcher.accept_bytes("a"));
  std::vector<std::uint32_t> bits(vocabulary->n_words());
  matcher.mask(bits);
  EXPECT_EQ(bits[0], 2u);
  EXPECT_TRUE(matcher.accept(1));
  EXPECT_TRUE(matcher.can_end() && matcher.is_over());
  matcher.rollback(2);
  EXPECT_EQ(matcher.forced_bytes(), "\":");
}

}  // namespace
}  // namespace inference::grammar
