#include "inference/output/parser.h"

#include <gtest/gtest.h>

#include <random>

#include "base/json/value.h"
#include "inference/output/custom_input.h"

namespace inference::output {
namespace {

Tool function(std::string name, std::string_view parameters = "null") {
  return {.kind = Tool::Kind::Function,
          .name = std::move(name),
          .description = "",
          .parameters = *json::parse(parameters),
          .strict = false,
          .format = {}};
}

std::vector<Tool> tools() {
  auto custom = function("run_code");
  custom.kind = Tool::Kind::Custom;
  return {function(
              "get_weather",
              R"({"type":"object","properties":{"place":{"type":"string"},"days":{"type":"integer"},
                       "tags":{"type":"array"}}})"),
          function("now"), custom};
}

// R(reasoning) T(text) C(name#id){arguments}; neighbours of one kind joined.
std::string describe(const std::vector<Delta>& deltas) {
  std::string out;
  char open = 0;
  const auto piece = [&](char kind, std::string_view text) {
    if (open != kind) {
      if (open == 'R' || open == 'T') out += ')';
      out += kind;
      out += '(';
      open = kind;
    }
    out += text;
  };
  const auto close = [&] {
    if (open == 'R' || open == 'T') out += ')';
    open = 0;
  };
  for (const auto& delta : deltas) {
    if (const auto* reasoning = std::get_if<ReasoningPiece>(&delta)) piece('R', reasoning->text);
    if (const auto* text = std::get_if<TextPiece>(&delta)) piece('T', text->text);
    if (const auto* begin = std::get_if<CallBegin>(&delta)) {
      close();
      out += "C(" + begin->name + (begin->id.empty() ? "" : "#" + begin->id) + ")";
    }
    if (const auto* part = std::get_if<CallPiece>(&delta)) out += part->arguments;
    if (std::holds_alternative<CallEnd>(delta)) out += ';';
  }
  close();
  return out;
}

struct Case {
  std::string_view source;  // enough of a template to be told apart
  std::string_view text;
  std::string_view expected;
  std::string_view prompt = "";
};

std::string parse(const Case& test, const std::vector<std::size_t>& cuts) {
  OutputParser parser(detect(test.source), tools(), test.prompt);
  std::vector<Delta> all;
  std::size_t from = 0;
  const auto add = [&](std::vector<Delta> deltas) {
    all.insert(all.end(), deltas.begin(), deltas.end());
  };
  for (const auto cut : cuts) {
    add(parser.feed(test.text.substr(from, cut - from)));
    from = cut;
  }
  add(parser.feed(test.text.substr(from)));
  add(parser.finish());
  return describe(all);
}

constexpr std::string_view hermes = "<tool_call>";
constexpr std::string_view coder = "<function= <parameter=";

const std::vector<Case> cases = {
    // plain text and reasoning
    {"", "Hello there.\n", "T(Hello there.\n)"},
    {"", "  indented", "T(  indented)"},
    {"", "a < b <tool", "T(a < b <tool)"},
    {"", "<think>\nHm.\n\nYes.\n</think>\n\nAnswer.", "R(Hm.\n\nYes.)T(Answer.)"},
    {"", "Hm.\n</think>\nAnswer.", "R(Hm.)T(Answer.)", "<|im_start|>assistant\n<think>\n"},
    {"", "Answer.", "T(Answer.)", "<think>\n\n</think>\n\n"},
    {"", "<think></think>x", "T(x)"},
    {"", "The tag <think> opens reasoning.", "T(The tag <think> opens reasoning.)"},
    {"[THINK]", "[THINK]Hm.[/THINK]Answer.", "R(Hm.)T(Answer.)"},
    {"<seed:think>", "<seed:think>Hm.</seed:think>Answer.", "R(Hm.)T(Answer.)"},
    {"<|START_ACTION|><|START_THINKING|>", "Hm.<|END_THINKING|><|START_TEXT|>Hi<|END_TEXT|>",
     "R(Hm.)T(Hi)", "<|START_THINKING|>"},
    {"<|inner_prefix|>", "<|inner_prefix|>Hm.<|inner_suffix|>Answer.", "R(Hm.)T(Answer.)"},
    {"Here are my reasoning steps:\n [BEGIN FINAL RESPONSE]", "One.\n[BEGIN FINAL RESPONSE]\nTwo.",
     "R(One.)T(Two.)", "Here are my reasoning steps:\n"},
    {"", "<think>cut off", "R(cut off)"},
    // hermes, qwen
    {hermes,
     "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"place\": "
     "\"Paris\"}}\n</tool_call>",
     "C(get_weather){\"place\": \"Paris\"};"},
    {hermes,
     "Let me look.\n\n<tool_call>\n{\"name\": \"now\", \"arguments\": "
     "{}}\n</tool_call>\n<tool_call>\n"
     "{\"arguments\": {\"a\": [1, {\"b\": \"}\"}]}, \"name\": \"get_weather\"}\n</tool_call>",
     "T(Let me look.)C(now){};C(get_weather){\"a\": [1, {\"b\": \"}\"}]};"},
    {hermes, "<think>\nHm.\n</think>\n\n<tool_call>\n{\"name\": \"now\"}\n</tool_call>",
     "R(Hm.)C(now){};"},
    {hermes, "<tool_call>{\"name\":\"now\",\"arguments\":\"{\\\"a\\\":1}\"}</tool_call> bye",
     "C(now){\"a\":1};T(bye)"},
    {hermes, "<tool_call>\n{\"function\": {\"name\": \"now\", \"arguments\": {}}}\n</tool_call>",
     "C(now){};"},
    {hermes, "<tool_call>\nno json\n</tool_call>", "T(<tool_call>\nno json\n</tool_call>)"},
    {hermes, "x <tool_call>{\"nome\": 1}</tool_call>", "T(x <tool_call>{\"nome\": 1}</tool_call>)"},
    {hermes, "<tool_call>\n{\"name\": \"now\", \"arguments\": {\"a\": 1", "C(now){\"a\": 1;"},
    {hermes, "<tool_call>", "T(<tool_call>)"},
    {hermes,
     "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"place\": \"a\nb\"}}</tool_call>",
     "C(get_weather){\"place\": \"a\\nb\"};"},
    {hermes,
     "<tool_call>{\"name\": \"run_code\", \"arguments\": {\"input\": "
     "\"print(\\\"x\\\")\"}}</tool_call>",
     "C(run_code)print(\"x\");"},
    // tags
    {coder,
     "<tool_call>\n<function=get_weather>\n<parameter=place>\nParis \"x\"\n</parameter>\n"
     "<parameter=days>\n3\n</parameter>\n<parameter=tags>\n[1, "
     "2]\n</parameter>\n<parameter=other>\n"
     "free text\n</parameter>\n</function>\n</tool_call>",
     "C(get_weather){\"place\": \"Paris \\\"x\\\"\", \"days\": 3, \"tags\": [1,2], \"other\": "
     "\"free text\"};"},
    {coder, "Hi\n<function=now>\n</function>\n</tool_call>", "T(Hi)C(now){};"},
    {coder,
     "<tool_call>\n<function=get_weather>\n<parameter=place>\n12\n</parameter>\n</function>\n</"
     "tool_call>",
     "C(get_weather){\"place\": \"12\"};"},
    {coder, "<tool_call>\nnothing", "T(<tool_call>\nnothing)"},
    {"<seed:tool_call>",
     "<seed:tool_call>\n<function=get_weather>\n<parameter=place>Rome</parameter>\n"
     "</function>\n</seed:tool_call>",
     "C(get_weather){\"place\": \"Rome\"};"},
    {"<arg_key>",
     "<tool_call>get_weather\n<arg_key>place</arg_key>\n<arg_value>Oslo</arg_value>\n"
     "<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>\n<tool_call>now\n</"
     "tool_call>",
     "C(get_weather){\"place\": \"Oslo\", \"days\": 2};C(now){};"},
    {"<arg_key>", "<tool_call>now</tool_call>", "C(now){};"},
    {"<arg_key>",
     "<tool_call>get_weather<arg_key>place</arg_key><arg_value>x</arg_value></tool_call>",
     "C(get_weather){\"place\": \"x\"};"},
    {"<minimax:tool_call>",
     "<minimax:tool_call>\n<invoke name=\"get_weather\">\n<parameter name=\"place\">Bonn"
     "</parameter>\n</invoke>\n<invoke name=\"now\">\n</invoke>\n</minimax:tool_call>",
     "C(get_weather){\"place\": \"Bonn\"};C(now){};"},
    {"DSML tool_calls>",
     "Hi.\n\n<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"get_weather\">\n<｜DSML｜parameter "
     "name=\"place\" string=\"true\">Bern</｜DSML｜parameter>\n<｜DSML｜parameter name=\"n\" "
     "string=\"false\">{\"a\": 1}</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>",
     "T(Hi.)C(get_weather){\"place\": \"Bern\", \"n\": {\"a\":1}};"},
    {"<|open|>think<|sep|>",
     "<|open|>think<|sep|>Hm.<|close|>think<|sep|><|open|>response<|sep|>Hi.<|close|>response"
     "<|sep|><|open|>tools<|sep|><|open|>call tool=\"get_weather\" index=\"1\"<|sep|><|open|>"
     "argument key=\"place\" type=\"string\"<|sep|>Kyiv<|close|>argument<|sep|><|close|>call"
     "<|sep|><|close|>tools<|sep|><|close|>message<|sep|>",
     "R(Hm.)T(Hi.)C(get_weather){\"place\": \"Kyiv\"};"},
    // named
    {"[TOOL_CALLS] [ARGS]",
     "[TOOL_CALLS]get_weather[ARGS]{\"place\": \"Nice\"}[TOOL_CALLS]now[ARGS]{}",
     "C(get_weather){\"place\": \"Nice\"};C(now){};"},
    {"[TOOL_CALLS] [ARGS]", "Ok.[TOOL_CALLS]now[CALL_ID]abc123def[ARGS]{}",
     "T(Ok.)C(now#abc123def){};"},
    {"<|tool_call_begin|>",
     "Hi<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0"
     "<|tool_call_argument_begin|>{\"place\": \"Lima\"}<|tool_call_end|><|tool_call_begin|>"
     "functions.now:1<|tool_call_argument_begin|>{}<|tool_call_end|>"
     "<|tool_calls_section_end|>",
     "T(Hi)C(get_weather#functions.get_weather:0){\"place\": \"Lima\"};C(now#functions.now:1){};"},
    {"<｜tool▁call▁begin｜> ```json",
     "Hm.</think><｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function"
     "<｜tool▁sep｜>get_weather\n```json\n{\"place\": \"Ulm\"}\n```"
     "<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>now\n```json\n"
     "{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
     "R(Hm.)C(get_weather){\"place\": \"Ulm\"};C(now){};", "<think>\n"},
    {"<｜tool▁call▁begin｜> <｜tool▁sep｜>",
     "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>now<｜tool▁sep｜>{}<｜tool▁call▁end｜><"
     "｜tool▁calls▁end｜>",
     "C(now){};"},
    {"<function=", "<function=get_weather>{\"place\": \"Riga\"}</function>",
     "C(get_weather){\"place\": \"Riga\"};"},
    {">>>", "all\nHello >>> world", "T(Hello >>> world)", ">>>"},
    {">>>", "get_weather\n{\"place\": \"Pisa\"}>>>now\n{}",
     "C(get_weather){\"place\": \"Pisa\"};C(now){};", ">>>"},
    {">>>", "all\nLet me see.>>>now\n{}", "T(Let me see.)C(now){};", ">>>"},
    // lists of JSON
    {"[TOOL_CALLS]", "[TOOL_CALLS] [{\"name\": \"now\", \"arguments\": {}, \"id\": \"abcdefghi\"}]",
     "C(now){};"},
    {"[TOOL_CALLS]",
     "[TOOL_CALLS][{\"name\": \"now\", \"arguments\": {}}, {\"name\": \"get_weather\", "
     "\"arguments\": {\"days\": 1.5e3}}]",
     "C(now){};C(get_weather){\"days\": 1.5e3};"},
    {"<|START_ACTION|>",
     "<|START_ACTION|>[\n    {\"tool_call_id\": \"0\", \"tool_name\": \"now\", \"parameters\": "
     "{}}\n]<|END_ACTION|>",
     "C(now#0){};"},
    {"Action: ```json",
     "Plan: look.\nAction: ```json\n[\n    {\n        \"tool_name\": \"get_weather\",\n        "
     "\"parameters\": {\n            \"place\": \"Graz\"\n        }\n    }\n]```",
     "T(Plan: look.)C(get_weather){\n            \"place\": \"Graz\"\n        };"},
    {"<|tools_prefix|>",
     "<|tools_prefix|>[{\"get_weather\": {\"place\": \"Chur\"}}, {\"now\": {}}]<|tools_suffix|>",
     "C(get_weather){\"place\": \"Chur\"};C(now){};"},
    {"<|function_call|>",
     "Hi<|function_call|>{\"name\": \"now\", \"arguments\": {}}<|message_sep|>", "T(Hi)C(now){};"},
    {"<TOOLCALL>", "<TOOLCALL>[{\"name\": \"now\", \"arguments\": {}}]</TOOLCALL>", "C(now){};"},
    {"<tool_calls>",
     "<tool_calls>\n{\"name\": \"now\", \"arguments\": {}}\n{\"name\": \"now\", \"arguments\": "
     "{}}\n"
     "</tool_calls>",
     "C(now){};C(now){};"},
    {"<|tool_call|> <|/tool_call|>",
     "<|tool_call|>[{\"name\": \"now\", \"arguments\": {}}]<|/tool_call|>", "C(now){};"},
    {"<|tool_call|>", "<|tool_call|>[{\"name\": \"now\", \"arguments\": {}}]", "C(now){};"},
    {"functools[", " functools[{\"name\": \"now\", \"arguments\": {}}]", "C(now){};"},
    // llama 3 and generic: JSON without a marker
    {"<|python_tag|>", "{\"name\": \"get_weather\", \"parameters\": {\"place\": \"Lyon\"}}",
     "C(get_weather){\"place\": \"Lyon\"};"},
    {"<|python_tag|>", "<|python_tag|>{\"name\": \"now\", \"parameters\": {}}; {\"name\": \"now\"}",
     "C(now){};C(now){};"},
    {"<|python_tag|>", "<|python_tag|>now.call(query=\"a b\")", "C(now){\"query\":\"a b\"};"},
    {"<|python_tag|>", "{\"type\": \"function\", \"name\": \"now\", \"parameters\": {}}",
     "C(now){};"},
    {"<|python_tag|>", "{\"answer\": 42}", "T({\"answer\": 42})"},
    {"<|python_tag|>", "{\"name\": \"nobody\", \"parameters\": {}}",
     "T({\"name\": \"nobody\", \"parameters\": {}})"},
    {"", "\n{\"name\": \"now\", \"arguments\": {}}", "C(now){};"},
    {"", "[1, 2]", "T([1, 2])"},
    // python
    {"<|tool_call_start|>",
     "<|tool_call_start|>[get_weather(place='It\\'s', days=-3, tags=[1, 'b', None, True]), "
     "now()]<|tool_call_end|>Done.",
     "C(get_weather){\"place\":\"It's\",\"days\":-3,\"tags\":[1,\"b\",null,true]};C(now){};T(Done."
     ")"},
    {"<|tool_call_start|>", "<|tool_call_start|>[oops", "T(<|tool_call_start|>[oops)"},
    // harmony
    {"<|channel|>",
     "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hello.",
     "R(Hm.)T(Hello.)"},
    {"<|channel|>",
     "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary "
     "to=functions.get_weather <|constrain|>json<|message|>{\"place\": \"Turin\"}<|call|>",
     "R(Hm.)C(get_weather){\"place\": \"Turin\"};"},
    {"<|channel|>", " to=functions.now<|channel|>commentary json<|message|>{}<|call|>",
     "C(now){};"},
    {"<|channel|>",
     "<|channel|>commentary<|message|>I will look.<|end|><|start|>assistant to=functions.now"
     "<|channel|>commentary json<|message|>{}",
     "T(I will look.)C(now){};"},
    {"<|channel|>", "No channels here.", "T(No channels here.)"},
};

TEST(OutputParser, EndsOnMarkersThatOpenNothing) {
  const auto& table = tool_syntaxes();
  const auto harmony = std::find_if(table.begin(), table.end(), [](const ToolSyntax& syntax) {
    return syntax.form == CallForm::Harmony;
  });
  ASSERT_NE(harmony, table.end());
  OutputParser parser({&*harmony, {}}, {}, "");
  std::string text;
  for (const auto& delta : parser.feed("a<|channel|><|start|>b")) {
    if (const auto* piece = std::get_if<TextPiece>(&delta)) text += piece->text;
  }
  for (const auto& delta : parser.finish()) {
    if (const auto* piece = std::get_if<TextPiece>(&delta)) text += piece->text;
  }
  EXPECT_EQ(text, "a<|channel|><|start|>b");
}

TEST(OutputParser, ReadsEveryFamily) {
  for (const auto& test : cases) EXPECT_EQ(parse(test, {}), test.expected) << test.text;
}

TEST(OutputParser, DoesNotDependOnHowTheTextIsCut) {
  for (const auto& test : cases) {
    std::vector<std::size_t> all;
    for (std::size_t cut = 1; cut < test.text.size(); ++cut) {
      all.push_back(cut);
      EXPECT_EQ(parse(test, {cut}), test.expected) << test.text << "\ncut at " << cut;
    }
    EXPECT_EQ(parse(test, all), test.expected) << test.text << "\none byte at a time";
  }
}

TEST(OutputParser, CutsAtRandomPlaces) {
  std::mt19937 random(7);
  for (const auto& test : cases) {
    for (int round = 0; round < 20; ++round) {
      std::vector<std::size_t> cuts;
      for (std::size_t at = 1 + random() % 9; at < test.text.size(); at += 1 + random() % 9)
        cuts.push_back(at);
      EXPECT_EQ(parse(test, cuts), test.expected) << test.text;
    }
  }
}

TEST(OutputParser, StreamsArgumentsAsTheyCome) {
  OutputParser parser(detect(hermes), tools(), "");
  parser.feed("<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"pla");
  EXPECT_EQ(describe(parser.feed("ce\": \"Par")), "ce\": \"Par");
  EXPECT_EQ(parser.calls(), 1);
}

TEST(OutputParser, WhatIsCutOffDoesNotDependOnThePiecesEither) {
  for (const Case& test : cases) {
    for (std::size_t size = 0; size < test.text.size(); ++size) {
      const Case part{test.source, test.text.substr(0, size), "", test.prompt};
      std::vector<std::size_t> every(size);
      for (std::size_t i = 0; i < size; ++i) every[i] = i;
      ASSERT_EQ(parse(part, {}), parse(part, every)) << part.text;
    }
  }
}

TEST(OutputParser, StreamsTheInputOfCustomToolsAsItComes) {
  OutputParser parser(detect(hermes), tools(), "");
  (void)parser.feed("<tool_call>\n{\"name\": \"run_code\", \"arguments\": {\"input\": \"print(");
  const auto more = parser.feed("\\\"a\\n\\u00e9\\ud83d");
  EXPECT_EQ(describe(more), "\"a\n\xC3\xA9");
  EXPECT_EQ(describe(parser.feed("\\ude00)")), "\xF0\x9F\x98\x80)");
  EXPECT_EQ(describe(parser.feed("\"}}\n</tool_call>")), ";");
}

TEST(CustomInput, TakesOtherJsonAsAWhole) {
  const auto read = [](std::string_view json) {
    CustomInput input;
    std::string text;
    for (const char c : json) text += input.feed(std::string_view(&c, 1));
    return text + input.finish();
  };
  EXPECT_EQ(read(R"( { "input" : "a\/\u0041" } )"), "a/A");
  EXPECT_EQ(read(R"({"other": 1, "input": "x"})"), "x");
  EXPECT_EQ(read(R"({"inputs": "x"})"), R"({"inputs": "x"})");
  EXPECT_EQ(read(R"({"input": ["x"]})"), R"({"input": ["x"]})");
  EXPECT_EQ(read(R"({"input": "\ud83dx)"), "\xEF\xBF\xBDx");
  EXPECT_EQ(read("plain"), "plain");
}

TEST(OutputParser, ReadsNoCallsWithoutTools) {
  for (const auto& test : cases) {
    OutputParser parser(detect(test.source), {}, test.prompt);
    auto deltas = parser.feed(test.text);
    const auto rest = parser.finish();
    deltas.insert(deltas.end(), rest.begin(), rest.end());
    EXPECT_EQ(describe(deltas).find("C("), std::string::npos) << test.text;
  }
}

TEST(OutputSyntax, DescribesCallsThatTheParserReadsBack) {
  for (const auto& syntax : tool_syntaxes()) {
    const auto& frame = syntax.frame;
    if (syntax.form == CallForm::Python) continue;  // written as JSON for the grammar's sake only
    std::string text(frame.open);
    const int calls = syntax.parallel ? 2 : 1;
    std::string expected;
    for (int i = 0; i < calls; ++i) {
      if (i) text += frame.separator;
      text += std::string(frame.before) + "get_weather" + std::string(frame.between);
      const bool is_tags = syntax.form == CallForm::Tags;
      if (is_tags && !frame.parameter_after.empty()) {
        text += std::string(frame.parameter_before) + "place" +
                std::string(frame.parameter_between) + "Paris" + std::string(frame.parameter_after);
      }
      if (!is_tags) text += "{\"place\": \"Paris\"}";
      text += frame.after;
      expected += is_tags && frame.parameter_after.empty() ? "{};" : "{\"place\": \"Paris\"};";
    }
    text += frame.close;
    OutputParser parser({&syntax, {}}, tools(), "");
    auto deltas = parser.feed(text);
    const auto rest = parser.finish();
    deltas.insert(deltas.end(), rest.begin(), rest.end());
    std::string arguments;
    for (const auto& delta : deltas) {
      if (const auto* piece = std::get_if<CallPiece>(&delta)) arguments += piece->arguments;
      if (std::holds_alternative<CallEnd>(delta)) arguments += ';';
    }
    EXPECT_EQ(arguments, expected) << syntax.family << ": " << text;
  }
}

TEST(OutputParser, ACutFurtherCallIsNoText) {
  const auto said = [](std::string_view text, bool was_cut) {
    OutputParser parser(detect(hermes), tools(), "");
    auto all = parser.feed(text);
    for (auto& delta : parser.finish(was_cut)) all.push_back(std::move(delta));
    std::string out;
    for (const auto& delta : all) {
      if (const auto* piece = std::get_if<TextPiece>(&delta)) out += piece->text;
    }
    return out;
  };
  const std::string call = "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>\n";
  EXPECT_EQ(said(call + "<tool", true), "");
  EXPECT_EQ(said(call + "<tool", false), "<tool");
  EXPECT_EQ(said("a < b <tool", true), "a < b <tool");
}

}  // namespace
}  // namespace inference::output
