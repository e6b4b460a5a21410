#include "inference/grammar/text_grammars.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string>

#include "base/limits/grammar.h"
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

TEST(Lark, WhatWouldChangeTheMeaningIsRefused) {
  for (const char* grammar :
       {"start: /a b/x", "start: /^a/m", "start: /a/l", "start: \"a\"\nstart: \"b\"",
        "start: A\n%import common.INT -> A\nA: \"x\""}) {
    EXPECT_FALSE(compile_lark(grammar).has_value()) << grammar;
  }
  EXPECT_TRUE(compile_lark("start: /a.b/isu").has_value());
}

TEST(Regex, QuantifiersUponQuantifiersAreFew) {
  EXPECT_TRUE(compile_regex("a" + std::string(16, '*')).has_value());
  EXPECT_FALSE(compile_regex("a" + std::string(17, '*')).has_value());
  EXPECT_FALSE(compile_regex("a" + std::string(60'000, '*')).has_value());
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

std::chrono::nanoseconds cpu_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::string repeated(std::size_t n, std::string_view text) {
  std::string all;
  for (std::size_t i = 0; i < n; ++i) all += text;
  return all;
}

TEST(Rules, WhatNeverEndsIsNotBegun) {
  const auto grammar =
      compile_lark("start: \"x\" | \"a\" b | \"c\" d\nb: \"b\" b\nd: \"d\" | \"e\" b\n");
  EXPECT_TRUE(accepts(grammar, "x"));
  EXPECT_TRUE(accepts(grammar, "cd"));
  EXPECT_FALSE(accepts(grammar, "a"));
  Matcher matcher(*grammar, mixed_vocabulary());
  EXPECT_FALSE(matcher.accept_bytes("a"));
  EXPECT_FALSE(matcher.accept_bytes("ce"));
  EXPECT_TRUE(matcher.accept_bytes("c"));
}

TEST(Grammars, ChainsOfRulesAreReadInTime) {
  // Each rule calls the one before it in the order of their names, and the other way round.
  for (const bool is_forward : {true, false}) {
    std::string text = "root ::= r1000\n";
    for (int i = 1000; i < 6'000; ++i) {
      const int next = is_forward ? i + 1 : 7'000 - i;
      text += "r" + std::to_string(is_forward ? i : 7'000 - i + 1) + " ::= r" +
              std::to_string(next) + "? \"a\"?\n";
    }
    text += is_forward ? "r6000 ::= \"a\"\n" : "r1000 ::= \"a\"\nr1001 ::= \"b\"\n";
    const auto began = cpu_time();
    (void)compile_gbnf(text);
    EXPECT_LT(cpu_time() - began, std::chrono::milliseconds(1'000));
  }
}

TEST(Grammars, BombsCostNoMoreThanTheirTime) {
  using Syntax = GrammarFormat::Syntax;
  const std::string many_counts = "((((((a{1,90}b?){1,90}c?){1,90})d?){1,90}e?){1,90}){1,90}";
  const GrammarFormat bombs[] = {
      {Syntax::Regex, many_counts},
      {Syntax::Regex, repeated(60, "(?=.*[a-f].{40})") + ".*"},
      {Syntax::Regex, repeated(200, "(?:a|b|") + "c" + repeated(200, "){0,9}")},
      {Syntax::Regex, repeated(20'000, "[a-z\u00e9-\u4e00]|") + "x"},
      {Syntax::Gbnf, "root ::= a{900}\na ::= b{900}\nb ::= c{900}\nc ::= \"x\" root?"},
      {Syntax::Gbnf, "root ::= " + repeated(40'000, "\"a\" | ") + "\"b\""},
      {Syntax::Lark, "start: (" + repeated(30'000, "/[a-c]+x/ | ") + "\"b\")*"},
      {Syntax::Lark, "start: " + repeated(3'000, "a~3 ") + "\na: \"x\" start?"},
      {Syntax::Lark, "start: /" + many_counts + "/\n"},
  };
  for (const GrammarFormat& bomb : bombs) {
    const auto began = cpu_time();
    (void)compile_grammar(bomb);
    EXPECT_LT(cpu_time() - began, std::chrono::milliseconds(1'000))
        << bomb.definition.substr(0, 60);
  }
}

TEST(Grammars, DefinitionsAreRefusedBeyondTheirLimit) {
  const auto of_size = [](std::size_t size) {
    std::string text = "root ::= \"a\" #";
    return text + std::string(size - text.size(), '#');
  };
  EXPECT_TRUE(compile_gbnf(of_size(limits::grammar_definition_bytes_max)).has_value());
  EXPECT_FALSE(compile_gbnf(of_size(limits::grammar_definition_bytes_max + 1)).has_value());
}

TEST(Grammars, GroupsAreNestedSoDeeplyAndNoDeeper) {
  using Syntax = GrammarFormat::Syntax;
  const auto compiles = [](Syntax syntax, std::string_view before, int depth) {
    const auto n = static_cast<std::size_t>(depth);
    const std::string core = syntax == Syntax::Regex ? "a" : "\"a\"";
    const std::string text =
        std::string(before) + repeated(n, "(") + core + repeated(n, ")") + "\n";
    return compile_grammar(
               {syntax, syntax == Syntax::Regex ? text.substr(0, text.size() - 1) : text})
        .has_value();
  };
  // The whole is one level itself, in some of the notations.
  for (const auto& [syntax, before] :
       {std::pair{Syntax::Regex, ""}, std::pair{Syntax::Lark, "start: "},
        std::pair{Syntax::Gbnf, "root ::= "}}) {
    EXPECT_TRUE(compiles(syntax, before, limits::grammar_groups_depth_max - 1)) << before;
    EXPECT_FALSE(compiles(syntax, before, limits::grammar_groups_depth_max + 1)) << before;
  }
}

TEST(Grammars, PatternsAndCountsHaveTheirLimits) {
  const auto compiles = [](const std::string& pattern) {
    return compile_grammar({GrammarFormat::Syntax::Regex, pattern}).has_value();
  };
  EXPECT_TRUE(compiles(std::string(limits::regex_bytes_max, 'a')));
  EXPECT_FALSE(compiles(std::string(limits::regex_bytes_max + 1, 'a')));
  EXPECT_TRUE(compiles("a{0," + std::to_string(limits::regex_count_max) + "}"));
  EXPECT_FALSE(compiles("a{0," + std::to_string(limits::regex_count_max + 1ull) + "}"));
}

TEST(Terms, NoneAreMadeAfterTheDeadline) {
  engine::grammar::Terms terms(100'000);
  terms.set_deadline(std::chrono::nanoseconds(1));
  for (std::uint32_t i = 1; i < 2'000; ++i) (void)terms.repeat(terms.literal("ab"), i, i + 1);
  EXPECT_TRUE(terms.exhausted());
}

}  // namespace
}  // namespace inference::grammar
