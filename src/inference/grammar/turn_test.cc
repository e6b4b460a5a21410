// What the grammar of a turn lets through is read by the family's parser as calls with valid
// arguments: every family, by random walks.
#include "inference/grammar/turn.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "engine/grammar/matcher.h"
#include "inference/grammar/test_vocabulary.h"
#include "inference/output/parser.h"

namespace inference::grammar {
namespace {

using engine::grammar::Matcher;
using engine::grammar::TokenId;
using Mode = ToolChoice::Mode;

Tool function(std::string name, std::string_view parameters, bool strict = true) {
  return {.kind = Tool::Kind::Function,
          .name = std::move(name),
          .description = {},
          .parameters = *json::parse(parameters),
          .strict = strict,
          .format = {},
          .path = "tools[0].function"};
}

Tool custom(std::string name, GrammarFormat format) {
  return {.kind = Tool::Kind::Custom,
          .name = std::move(name),
          .description = {},
          .parameters = nullptr,
          .strict = false,
          .format = {std::move(format)}};
}

const Tool kWeather = function(
    "get_weather",
    R"({"type":"object","properties":{"place":{"type":"string","pattern":"^[a-z ]{1,9}$"},"days":{"type":"integer","minimum":1,
       "maximum":9},"unit":{"enum":["C","F",null]}},"required":["place","days","unit"],"additionalProperties":false})");
const Tool kNow = function(
    "now", R"({"type":"object","properties":{},"required":[],"additionalProperties":false})");

bool sound_weather(const json::Object& arguments) {
  const auto& place = arguments.at("place").as_string();
  const auto& unit = arguments.at("unit");
  return arguments.size() == 3 && !place.empty() && place.size() <= 9 &&
         arguments.at("days").as_int64() >= 1 && arguments.at("days").as_int64() <= 9 &&
         (unit.is_null() || unit == "C" || unit == "F");
}

// The tokens 1, 2... are the control tokens of the tests, the others bytes and longer texts.
std::vector<ControlToken> controls(const std::vector<std::string>& texts) {
  std::vector<ControlToken> out;
  for (const auto& text : texts) out.push_back({text, static_cast<std::uint32_t>(out.size() + 1)});
  return out;
}

std::shared_ptr<const engine::grammar::Vocabulary> vocabulary(std::size_t n_control) {
  std::vector<std::string> tokens(1 + n_control);
  const auto mixed = mixed_vocabulary();
  for (TokenId token = 2; token < mixed->n_tokens(); ++token)
    tokens.emplace_back(mixed->bytes(token));
  const TokenId end[] = {0};
  return std::make_shared<const engine::grammar::Vocabulary>(tokens, end);
}

struct Written {
  std::string text;
  bool ended = false;
};

// A walk that follows the mask at random; plain letters and ends are preferred, so that it ends.
Written walk(const CompiledGrammar& grammar, const std::vector<ControlToken>& control,
             base::Random& random) {
  const auto tokens = vocabulary(control.size());
  Matcher matcher(grammar, tokens);
  std::vector<std::uint32_t> bits(tokens->n_words());
  Written out;
  for (int step = 0; step < 600; ++step) {
    matcher.mask(bits);
    std::vector<TokenId> allowed, control_allowed;
    for (TokenId token = 0; token < tokens->n_tokens(); ++token) {
      if (!(bits[token >> 5] >> (token & 31) & 1)) continue;
      (token <= control.size() ? control_allowed : allowed).push_back(token);
    }
    EXPECT_FALSE(allowed.empty() && control_allowed.empty()) << out.text;
    if (allowed.empty() && control_allowed.empty()) return out;
    const bool takes_control =
        allowed.empty() || (!control_allowed.empty() && random.below(4) == 0);
    const auto& from = takes_control ? control_allowed : allowed;
    const TokenId token = from[random.below(from.size())];
    if (token == 0) {
      out.ended = true;
      return out;
    }
    EXPECT_TRUE(matcher.accept(token)) << out.text;
    out.text +=
        token <= control.size() ? control[token - 1].text : std::string(tokens->bytes(token));
    if (matcher.is_over()) {
      out.ended = true;
      return out;
    }
  }
  return out;
}

struct Read {
  std::string text, reasoning;
  std::vector<std::pair<std::string, std::string>> calls;
};

Read read(const output::OutputSyntax& syntax, const std::vector<Tool>& tools, std::string_view text,
          std::string_view prompt) {
  output::OutputParser parser(syntax, tools, prompt);
  Read out;
  auto deltas = parser.feed(text);
  for (auto& delta : parser.finish()) deltas.push_back(std::move(delta));
  for (const auto& delta : deltas) {
    if (const auto* piece = std::get_if<output::TextPiece>(&delta)) out.text += piece->text;
    if (const auto* piece = std::get_if<output::ReasoningPiece>(&delta))
      out.reasoning += piece->text;
    if (const auto* call = std::get_if<output::CallBegin>(&delta))
      out.calls.emplace_back(call->name, "");
    if (const auto* piece = std::get_if<output::CallPiece>(&delta))
      out.calls.back().second += piece->arguments;
  }
  return out;
}

const OutputFormat kText = TextFormat{};

struct Case {
  Mode mode = Mode::Required;
  Reasoning reasoning = Reasoning::None;
  bool several = true;
  std::string_view begun = {};
  std::vector<std::string> control = {};
  OutputFormat format = kText;
};

Result<CompiledGrammar> compile(const output::ToolSyntax& syntax, const std::vector<Tool>& tools,
                                const Case& given) {
  const auto control = controls(given.control);
  return compile_turn({.syntax = syntax,
                       .markers = {"<think>", "</think>"},
                       .reasoning = given.reasoning,
                       .begun = given.begun,
                       .control_tokens = control,
                       .tools = tools,
                       .mode = given.mode,
                       .several = given.several,
                       .format = given.format});
}

class EveryFamily : public testing::TestWithParam<std::size_t> {
 protected:
  const output::ToolSyntax& syntax() const { return output::tool_syntaxes()[GetParam()]; }
  output::OutputSyntax output() const { return {&syntax(), {"<think>", "</think>"}}; }

  // Walks under one grammar; how many ended.
  template <class Check>
  int walks(const std::vector<Tool>& tools, const Case& given, int n, Check&& check) {
    const auto grammar = compile(syntax(), tools, given);
    EXPECT_TRUE(grammar.has_value()) << (grammar ? "" : grammar.error().message);
    if (!grammar) return 0;
    base::SeededRandom random(GetParam() + 1);
    int ended = 0;
    for (int i = 0; i < n; ++i) {
      const Written written = walk(*grammar, controls(given.control), random);
      if (!written.ended) continue;
      ++ended;
      const std::string prompt =
          given.reasoning == Reasoning::Begun ? "<think>" : std::string(given.begun);
      SCOPED_TRACE(std::string(syntax().family) + ": " + written.text);
      check(read(output(), tools, written.text, prompt));
    }
    return ended;
  }
};

void expect_sound(const Read& read) {
  for (const auto& [name, arguments] : read.calls) {
    const auto value = json::parse(arguments);
    ASSERT_TRUE(value.has_value() && value->is_object()) << arguments;
    if (name == "get_weather") {
      EXPECT_TRUE(sound_weather(value->get_object())) << arguments;
    } else {
      EXPECT_EQ(name, "now");
      EXPECT_EQ(arguments, "{}");
    }
  }
}

TEST_P(EveryFamily, RequiredMeansACallWithValidArguments) {
  const int ended = walks({kWeather, kNow}, {}, 12, [](const Read& read) {
    EXPECT_GE(read.calls.size(), 1u);
    EXPECT_EQ(read.text, "");
    expect_sound(read);
  });
  EXPECT_GT(ended, 0);
}

TEST_P(EveryFamily, WithoutParallelCallsThereIsOne) {
  walks({kWeather, kNow}, {.several = false}, 8, [](const Read& read) {
    EXPECT_EQ(read.calls.size(), 1u);
    expect_sound(read);
  });
}

TEST_P(EveryFamily, AutoIsTextOrValidCalls) {
  int calls = 0;
  const int ended = walks({kWeather, kNow}, {.mode = Mode::Auto}, 12, [&](const Read& read) {
    calls += static_cast<int>(read.calls.size());
    expect_sound(read);
  });
  EXPECT_GT(ended, 0);
}

TEST_P(EveryFamily, ReasoningMayComeFirst) {
  if (syntax().form == output::CallForm::Harmony) return;  // has its own
  walks({kNow}, {.reasoning = Reasoning::Begun, .several = false}, 10, [](const Read& read) {
    EXPECT_EQ(read.calls.size(), 1u);
    EXPECT_EQ(read.text, "");
  });
  const OutputFormat format = JsonObjectFormat{};
  walks({}, {.mode = Mode::None, .reasoning = Reasoning::Begun, .format = format}, 10,
        [](const Read& read) {
          const auto value = json::parse(read.text);
          EXPECT_TRUE(value.has_value() && value->is_object()) << read.text;
        });
}

TEST_P(EveryFamily, CustomToolsFollowTheirGrammar) {
  const Tool calculator = custom(
      "calculate", {GrammarFormat::Syntax::Lark,
                    "start: term ((\"+\"|\"*\") term)*\nterm: /[0-9]{1,3}/ | \"(\" start \")\""});
  const Tool quoter = custom("quote", {GrammarFormat::Syntax::Regex, "\"[a-z\\\\\\n]{1,5}\""});
  walks({calculator, quoter}, {.several = false}, 8, [](const Read& read) {
    ASSERT_EQ(read.calls.size(), 1u);
    const auto& [name, input] = read.calls[0];
    if (name == "calculate") {
      EXPECT_EQ(input.find_first_not_of("0123456789+*()"), input.npos) << input;
    } else {
      ASSERT_GE(input.size(), 3u) << input;
      EXPECT_TRUE(input.front() == '"' && input.back() == '"') << input;
      EXPECT_EQ(input.find_first_not_of("abcdefghijklmnopqrstuvwxyz\\\n", 1), input.size() - 1);
    }
  });
}

TEST_P(EveryFamily, ControlTokensStandForTheirTexts) {
  const std::vector<std::string> all = {"<|tool_call|>",
                                        "<|python_tag|>",
                                        "[TOOL_CALLS]",
                                        "[ARGS]",
                                        "<|START_ACTION|>",
                                        "<|END_ACTION|>",
                                        "<|channel|>",
                                        "<|message|>",
                                        "<|constrain|>",
                                        "<|call|>",
                                        "<|start|>",
                                        "<|end|>",
                                        "<｜tool▁calls▁begin｜>",
                                        "<｜tool▁call▁begin｜>",
                                        "<｜tool▁sep｜>",
                                        "<｜tool▁call▁end｜>",
                                        "<｜tool▁calls▁end｜>",
                                        "<tool_call>",
                                        "</tool_call>",
                                        "<|open|>",
                                        "<|close|>",
                                        "<|sep|>"};
  for (const Mode mode : {Mode::Required, Mode::Auto}) {
    walks({kWeather, kNow}, {.mode = mode, .control = all}, 8, [&](const Read& read) {
      EXPECT_GE(read.calls.size(), mode == Mode::Required ? 1u : 0u);
      expect_sound(read);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Families, EveryFamily,
                         testing::Range(std::size_t{0}, output::tool_syntaxes().size()),
                         [](const auto& info) {
                           std::string name(output::tool_syntaxes()[info.param].family);
                           for (char& c : name)
                             c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name + "_" + std::to_string(info.param);
                         });

const output::ToolSyntax& hermes() {
  return output::detect_syntax("<tool_call>");
}

bool accepts(const CompiledGrammar& grammar, std::string_view text) {
  Matcher matcher(grammar, byte_vocabulary());
  for (const char c : text) {
    if (!matcher.accept_bytes(std::string_view(&c, 1))) return false;
  }
  return matcher.can_end();
}

TEST(Turn, FunctionsThatAreNotStrictAreHeldWhereTheyCanBe) {
  const Tool open = function("f", R"({"properties":{"n":{"type":"integer"}}})", false);
  // Backreferences are not regular: such a schema cannot be enforced.
  const Tool odd = function("g", R"({"properties":{"n":{"pattern":"(a)\\1"}}})", false);
  const auto grammar = compile(hermes(), {open, odd}, {.mode = Mode::Auto}).value();
  const auto call = [](std::string_view name, std::string_view arguments) {
    return "<tool_call>\n{\"name\": \"" + std::string(name) +
           "\", \"arguments\": " + std::string(arguments) + "}\n</tool_call>";
  };
  EXPECT_TRUE(accepts(grammar, "Well. " + call("f", "{\"n\": 1, \"other\":[]}")));
  EXPECT_FALSE(accepts(grammar, call("f", "{\"n\": \"1\"}")));
  EXPECT_FALSE(accepts(grammar, call("f", "[]")));
  EXPECT_TRUE(accepts(grammar, call("g", "{\"n\": 5}")));
  EXPECT_FALSE(accepts(grammar, call("h", "{}")));
  EXPECT_TRUE(accepts(grammar, "No call <tool"));
}

TEST(Turn, ErrorsNameTheFieldOfTheRequest) {
  const auto error = [&](std::string_view schema, bool strict) {
    auto grammar = compile(hermes(), {function("f", schema, strict)}, {});
    return grammar ? Error{} : grammar.error();
  };
  auto e = error(R"({"type":"object","properties":{"a":{"type":"string"}}})", true);
  EXPECT_EQ(e.message,
            "Invalid schema for function 'f': In context=(), 'additionalProperties' is required to "
            "be supplied and to be false.");
  EXPECT_EQ(e.param, "tools[0].function.parameters");
  EXPECT_EQ(e.reason, "invalid_function_parameters");
  e = error(
      R"({"type":"object","properties":{"a/b":{"type":"string","pattern":"(a)\\1"}},"required":["a/b"],"additionalProperties":false})",
      true);
  EXPECT_EQ(e.param, "tools[0].function.parameters.properties.a/b.pattern");
  EXPECT_TRUE(e.message.starts_with("Invalid schema for function 'f': 'pattern' at ")) << e.message;
  e = error(R"({"type":"array"})", false);
  EXPECT_EQ(e.message,
            "Invalid schema for function 'f': schema must be a JSON Schema of 'type: \"object\"', "
            "got 'type: \"array\"'.");
}

TEST(Turn, ABareObjectOfAToolIsACallAndOtherJsonIsText) {
  const auto& llama = output::detect_syntax("<|python_tag|>");
  const auto grammar = compile(llama, {kNow}, {.mode = Mode::Auto}).value();
  EXPECT_TRUE(accepts(grammar, R"({"name": "now", "parameters": {}})"));
  EXPECT_TRUE(accepts(grammar, R"({"name": "Ada", "age": 36})"));
  EXPECT_FALSE(accepts(grammar, R"({"name": "now", "parameters": {"x": 1}})"));
  EXPECT_TRUE(accepts(grammar, R"(It is {"name": "now"} that you want.)"));
}

}  // namespace
}  // namespace inference::grammar
