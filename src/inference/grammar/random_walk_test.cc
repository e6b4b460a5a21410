// Generations by random choice under the masks never get stuck, and can be completed from wherever
// they are. Few schemas by default; PARLANCE_WALKS=N takes N of MaskBench's.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/random.h"
#include "engine/grammar/matcher.h"
#include "inference/grammar/json_schema.h"
#include "inference/grammar/test_vocabulary.h"

namespace inference::grammar {
namespace {

using engine::grammar::Matcher;
using engine::grammar::TokenId;

struct Named {
  std::string name, schema;
};

// Where ends are easily reached by the wrong way round.
const Named kHard[] = {
    {"distinct constants",
     R"({"type":"array","items":{"enum":[1,2,3]},"uniqueItems":true,"minItems":2})"},
    {"all distinct constants",
     R"({"type":"array","items":{"enum":["a","b","c","d"]},"uniqueItems":true,"minItems":4,"maxItems":6})"},
    {"distinct flags", R"({"type":"array","items":{"type":"boolean"},"uniqueItems":true})"},
    {"distinct flags, many",
     R"({"type":"array","items":{"type":["boolean","null"]},"uniqueItems":true,"minItems":3})"},
    {"distinct small numbers",
     R"({"type":"array","items":{"type":"integer","minimum":1,"maximum":3},"uniqueItems":true,"minItems":3})"},
    {"distinct in a tuple",
     R"({"type":"array","prefixItems":[{"enum":[1,2]},{"enum":[1]}],"items":false,"uniqueItems":true,"minItems":2})"},
    {"exactly one of two keys",
     R"({"type":"object","properties":{"name":{"type":"string","maxLength":3},"id":{"type":"integer"}},
        "oneOf":[{"required":["name"]},{"required":["id"]}],"additionalProperties":false})"},
    {"not this key",
     R"({"type":"object","properties":{"a":{"type":"boolean"},"b":{"type":"null"}},"not":{"required":["a"]},
        "required":["b"],"additionalProperties":false})"},
    {"one of overlapping kinds", R"({"oneOf":[{"type":"integer"},{"type":"number","minimum":3}]})"},
    {"one of overlapping records",
     R"({"oneOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},
        {"type":"object","properties":{"a":{"type":"integer","minimum":5}},"required":["a"]}]})"},
    {"if then else",
     R"({"type":"object","properties":{"k":{"enum":["x","y"]},"v":{}},"required":["k","v"],
        "if":{"properties":{"k":{"const":"x"}}},"then":{"properties":{"v":{"type":"integer"}}},
        "else":{"properties":{"v":{"type":"string","maxLength":4}}},"additionalProperties":false})"},
    {"contains",
     R"({"type":"array","items":{"type":"integer","minimum":0,"maximum":9},"contains":{"const":7},"maxItems":3})"},
    {"contains at most",
     R"({"type":"array","items":{"enum":[1,2]},"contains":{"const":1},"maxContains":1,"minItems":3,"maxItems":3})"},
    {"counted keys",
     R"({"type":"object","properties":{"a":{},"b":{}},"additionalProperties":false,"minProperties":2})"},
    {"keys by pattern",
     R"({"type":"object","patternProperties":{"^[ab]$":{"type":"null"}},"additionalProperties":false,"minProperties":2})"},
    {"dependencies",
     R"({"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"}},"dependentRequired":{"a":["b"]},
        "additionalProperties":false,"maxProperties":1})"},
    {"not a constant", R"({"type":"string","maxLength":2,"not":{"enum":["a","b"]}})"},
    {"not a record",
     R"({"type":"object","properties":{"a":{"enum":[1,2]}},"required":["a"],"additionalProperties":false,
        "not":{"properties":{"a":{"const":1}}}})"},
    {"long text", R"({"type":"string","minLength":40,"pattern":"^[ab]+$"})"},
    {"tree",
     R"({"$defs":{"t":{"type":"object","properties":{"v":{"type":"integer"},"s":{"type":"array","items":{"$ref":"#/$defs/t"},"minItems":0}},
        "required":["v","s"],"additionalProperties":false}},"$ref":"#/$defs/t"})"},
    {"a pattern within a length",
     R"({"type":"string","pattern":"^[a-e]\\d+[xyz]$","minLength":6,"maxLength":8})"},
    {"a pattern beyond ASCII",
     R"({"type":"string","pattern":"^[\u0430-\u044f]{2,5}$","maxLength":3})"},
    {"patterns all of which hold",
     R"({"type":"string","allOf":[{"anyOf":[{"pattern":"^a"},{"pattern":"^b"}]},
        {"anyOf":[{"not":{"pattern":"^a"}},{"pattern":"x$"}]}],"minLength":5,"maxLength":9})"},
    {"keys that depend on each other",
     R"({"type":"object","patternProperties":{"^[a-f]$":{"type":"array","minItems":2}},"additionalProperties":false,
        "dependentSchemas":{"a":{"anyOf":[{"required":["c"]},{"required":["b"]}]},"b":{"not":{"required":["c"]}},
        "c":{"allOf":[{"required":["e"]},{"required":["a"]}]},"d":{"not":{"required":["e"]}},
        "e":{"anyOf":[{"required":["c"]},{"required":["d"]}]}},"minProperties":4})"},
    {"contains within contains",
     R"({"type":"array","contains":{"type":"array","contains":{"type":"number","multipleOf":11,"minimum":100}},"maxItems":2})"},
    {"one of two demands on items",
     R"({"type":"array","oneOf":[{"items":{"multipleOf":2}},{"items":{"multipleOf":3}}],"items":{"type":"integer"},"minItems":2})"},
    {"leaf or node",
     R"({"$defs":{"t":{"anyOf":[{"type":"object","properties":{"l":{"$ref":"#/$defs/t"},"r":{"$ref":"#/$defs/t"}},
        "required":["l","r"],"additionalProperties":false},{"type":"object","properties":{"leaf":{"type":"string"}},"required":["leaf"],
        "additionalProperties":false}]}},"$ref":"#/$defs/t"})"},
};

std::vector<Named> maskbench(std::size_t n) {
  const char* shared = std::getenv("PARLANCE_SHARED");
  const char* source = std::getenv("PARLANCE_SOURCE");
  const std::filesystem::path root =
      shared ? shared : std::filesystem::path(source ? source : ".") / ".." / "shared";
  const auto file = root / "maskbench" / "maskbench.jsonl.xz";
  std::vector<Named> all;
  if (!std::filesystem::exists(file)) return all;
  const std::string command = "xz -dc '" + file.string() + "'";
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string line;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    const auto parsed = json::parse(line).value();
    all.push_back({std::string(json::string_or(parsed.get_object(), "name")),
                   json::dump(parsed.at("schema"))});
    line.clear();
  }
  base::SeededRandom random(3);
  for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random.below(i)]);
  if (all.size() > n) all.resize(n);
  return all;
}

// A walk of at most so many tokens, then the way out. Where the mask is empty before, it is stuck.
void walk(const Named& given, base::Random& random, std::uint64_t steps) {
  const auto schema = json::parse(given.schema).value();
  auto tables = new_tables();
  if (!add_satisfiable_schema(*tables, schema)) return;
  const auto grammar = compile_json_schema(
      schema, {.schema_order = random.below(2) == 0, .whitespace = Whitespace::Compact});
  if (!grammar) return;
  const auto vocabulary = mixed_vocabulary();
  Matcher matcher(*grammar, vocabulary);
  std::vector<std::uint32_t> bits(vocabulary->n_words());
  std::string text;
  for (std::uint64_t step = 0; step < steps && !matcher.is_over(); ++step) {
    matcher.mask(bits);
    std::vector<TokenId> allowed;
    for (TokenId token = 0; token < vocabulary->n_tokens(); ++token) {
      if (bits[token >> 5] >> (token & 31) & 1) allowed.push_back(token);
    }
    ASSERT_FALSE(allowed.empty()) << given.name << ": stuck after " << text << "\n" << given.schema;
    std::size_t at = random.below(allowed.size());
    while (!matcher.permits(allowed[at])) {
      allowed.erase(allowed.begin() + static_cast<std::ptrdiff_t>(at));
      if (allowed.empty()) break;
      at = random.below(allowed.size());
    }
    ASSERT_FALSE(allowed.empty()) << given.name << ": stuck after " << text << "\n" << given.schema;
    if (allowed[at] == 0) return;
    ASSERT_TRUE(matcher.accept(allowed[at]));
    text += vocabulary->bytes(allowed[at]);
  }
  const auto rest = matcher.completion(100'000);
  ASSERT_TRUE(rest.has_value()) << given.name << ": no way out of " << text << "\n" << given.schema;
  EXPECT_TRUE(matcher.accept_bytes(*rest)) << given.name << ": " << text << " -> " << *rest;
  EXPECT_TRUE(matcher.can_end()) << given.name << ": " << text << " -> " << *rest;
}

TEST(RandomWalk, HardSchemasAlwaysHaveAWayOut) {
  base::SeededRandom random(7);
  for (const Named& given : kHard) {
    for (int i = 0; i < 40; ++i) walk(given, random, random.below(60));
  }
}

TEST(RandomWalk, SchemasOfTheWildAlwaysHaveAWayOut) {
  const char* wanted = std::getenv("PARLANCE_WALKS");
  const auto schemas = maskbench(wanted ? std::strtoul(wanted, nullptr, 10) : 60);
  if (schemas.empty()) GTEST_SKIP() << "no shared/maskbench";
  base::SeededRandom random(11);
  for (const Named& given : schemas) {
    for (int i = 0; i < 4; ++i) walk(given, random, random.below(100));
  }
}

}  // namespace
}  // namespace inference::grammar
