#include "inference/grammar/turn.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "inference/grammar/call_arguments.h"

namespace inference::grammar {
namespace {

using engine::grammar::kUnbounded;
using output::CallForm;

constexpr std::string_view kSpace = " \t\r\n";

Part sequence(std::vector<Part> parts) {
  return {Sequence{std::move(parts)}};
}
Part choice(std::vector<Part> options) {
  return {Choice{std::move(options)}};
}
Part text(std::string_view literal) {
  return {Text{std::string(literal)}};
}
Part perhaps(Part part) {
  return {Repeat{.part = {std::move(part)}, .count_min = 0, .count_max = 1, .separator = {}}};
}

std::string regex_quoted(std::string_view literal) {
  std::string out;
  for (const char c : literal) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
    if (!is_plain) out += '\\';
    out += c;
  }
  return out;
}

// Replaces control tokens' texts in literals by the tokens.
class ControlTokens {
 public:
  explicit ControlTokens(std::span<const ControlToken> tokens) : tokens_(tokens) {}

  bool begins(std::string_view text) const { return find_at(text) != nullptr; }

  Part resolve(Part part) const {
    if (auto* literal = std::get_if<Text>(&part.what)) return split(literal->text);
    if (auto* free = std::get_if<FreeText>(&part.what)) return with_end(std::move(*free));
    if (auto* plain = std::get_if<PlainString>(&part.what)) return with_end(std::move(*plain));
    if (auto* all = std::get_if<Sequence>(&part.what)) resolve_all(all->parts);
    if (auto* any = std::get_if<Choice>(&part.what)) resolve_all(any->options);
    if (auto* repeat = std::get_if<Repeat>(&part.what)) {
      resolve_all(repeat->part);
      resolve_all(repeat->separator);
    }
    return part;
  }

 private:
  const ControlToken* find_at(std::string_view text) const {
    const ControlToken* best = nullptr;
    for (const ControlToken& token : tokens_) {
      if (token.text.empty() || !text.starts_with(token.text)) continue;
      if (!best || token.text.size() > best->text.size()) best = &token;
    }
    return best;
  }

  void resolve_all(std::vector<Part>& parts) const {
    for (Part& part : parts) part = resolve(std::move(part));
  }

  Part split(std::string_view literal) const {
    std::vector<Part> parts;
    std::string plain;
    const auto flush = [&] {
      if (!plain.empty()) parts.push_back({Text{std::exchange(plain, {})}});
    };
    while (!literal.empty()) {
      const ControlToken* token = find_at(literal);
      if (token) {
        flush();
        parts.push_back({SpecialToken{token->token}});
      } else {
        plain += literal[0];
      }
      literal.remove_prefix(token ? token->text.size() : 1);
    }
    flush();
    return parts.size() == 1 ? std::move(parts[0]) : sequence(std::move(parts));
  }

  // What ends a free text stays with it as far as it is text.
  template <class Free>
  Part with_end(Free free) const {
    std::size_t n = 0;
    while (n < free.then.size() && !find_at(std::string_view(free.then).substr(n))) ++n;
    const std::string rest = free.then.substr(n);
    free.then.resize(n);
    if (rest.empty()) return {std::move(free)};
    return sequence({{std::move(free)}, split(rest)});
  }

  std::span<const ControlToken> tokens_;
};

class TurnWriter {
 public:
  TurnWriter(const Turn& turn, bool all_free)
      : turn_(turn),
        syntax_(turn.syntax),
        frame_(turn.syntax.frame),
        control_(turn.control_tokens),
        all_free_(all_free) {
    if (calls_allowed()) call_ = std::make_shared<const Part>(control_.resolve(named_call()));
  }

  Part write() const {
    return control_.resolve(syntax_.form == CallForm::Harmony ? harmony() : marked());
  }

 private:
  bool calls_allowed() const {
    return turn_.mode != ToolChoice::Mode::None && !turn_.tools.empty();
  }
  bool calls_required() const {
    return turn_.mode == ToolChoice::Mode::Required && calls_allowed();
  }
  bool is_python() const { return syntax_.form == CallForm::Python; }
  bool is_text() const { return std::holds_alternative<TextFormat>(turn_.format); }

  // --- the answer ---

  Part formatted() const {
    if (const auto* given = std::get_if<JsonSchemaFormat>(&turn_.format)) {
      const bool is_chat = given->path.starts_with("response_format");
      return {JsonValue{
          .schema = given->schema,
          .strict = given->strict,
          .schema_order = true,
          .subject = fmt::format("response_format '{}'", given->name),
          .paths = {.schema = given->path, .strict = is_chat ? "response_format" : given->path}}};
    }
    if (const auto* given = std::get_if<GrammarFormat>(&turn_.format))
      return {GrammarText{*given, /*quoted=*/false, "text.format"}};
    return {JsonValue{.schema = json::Object{{"type", "object"}}}};
  }

  // --- calls ---

  bool is_free(const Tool& tool) const {
    if (tool.kind == Tool::Kind::Custom || tool.strict) return false;
    if (all_free_) return true;
    return !compile_parts(call_arguments(tool, syntax_, false)).has_value();
  }

  // A call from its name to where the frame's `after` begins.
  Part named_call() const {
    const std::string_view between = is_python() ? std::string_view("(") : frame_.between;
    std::vector<Part> options;
    for (const Tool& tool : turn_.tools) {
      options.push_back(sequence(
          {text(tool.name + std::string(between)), call_arguments(tool, syntax_, is_free(tool))}));
    }
    return choice(std::move(options));
  }

  // Calls after what stands before the first name has been written.
  Part calls_from_name() const {
    const std::string before(is_python() ? "" : frame_.before);
    const std::string after(is_python() ? ")" : frame_.after);
    std::vector<Part> parts{{Shared{call_}}, text(after)};
    if (turn_.several && syntax_.parallel) {
      const std::string next = std::string(frame_.separator) + before;
      parts.push_back({Repeat{.part = {sequence({text(next), {Shared{call_}}, text(after)})},
                              .separator = {}}});
    }
    parts.push_back(text(frame_.close));
    return sequence(std::move(parts));
  }

  // What stands before the first name.
  std::string first_header() const {
    return std::string(frame_.open) + std::string(is_python() ? "" : frame_.before);
  }

  // The same where free text may stand before it: with a mark to tell it by.
  std::string marked_header() const {
    const std::string header = first_header();
    const bool has_trigger = std::ranges::any_of(
        syntax_.triggers, [&](std::string_view t) { return header.find(t) != header.npos; });
    return has_trigger ? header : std::string(syntax_.triggers.front()) + header;
  }

  // A JSON object without a mark around it, where that begins a call.
  Part bare_call() const {
    std::string before(frame_.before), after(frame_.after);
    for (const auto trigger : syntax_.triggers) {
      if (before.starts_with(trigger)) before.erase(0, trigger.size());
    }
    before.erase(0, before.find_first_not_of(kSpace));
    if (!syntax_.end.empty()) after.resize(std::min(after.find(syntax_.end), after.size()));
    after.resize(after.find_last_not_of(kSpace) + 1);
    return sequence({text(before), {Shared{call_}}, text(after)});
  }

  // Texts that the parser would take for something else.
  std::string not_text() const {
    std::string pattern;
    if (turn_.reasoning == Reasoning::Allowed)
      pattern = "[ \\t\\r\\n]*" + regex_quoted(turn_.markers.open) + "[\\s\\S]*";
    if (!syntax_.bare_json) return pattern;
    std::string names;
    for (const Tool& tool : turn_.tools)
      names += (names.empty() ? "" : "|") + regex_quoted(tool.name);
    if (!pattern.empty()) pattern += '|';
    return pattern + "[ \\t\\r\\n]*[\\[{][\\s\\S]*\"(" + names + ")\"[\\s\\S]*";
  }

  std::vector<std::string> stops() const {
    return {syntax_.triggers.begin(), syntax_.triggers.end()};
  }

  // Control tokens that are structure and mean nothing here.
  std::vector<Part> dropped() const {
    std::vector<Part> parts;
    for (const auto mark : syntax_.dropped) {
      if (control_.begins(mark)) parts.push_back(text(mark));
    }
    return parts;
  }

  Part free_or_calls() const {
    std::vector<Part> options{
        {FreeText{.stops = stops(), .except = not_text()}},
        sequence({{FreeText{.stops = stops(), .then = marked_header(), .except = not_text()}},
                  calls_from_name()})};
    if (syntax_.bare_json) options.push_back(bare_call());
    auto structure = dropped();
    if (structure.empty()) return choice(std::move(options));
    Part before = sequence({{FreeText{.stops = stops()}}, choice(std::move(structure))});
    return sequence(
        {{Repeat{.part = {std::move(before)}, .separator = {}}}, choice(std::move(options))});
  }

  // --- the turn, for families with marks in the text ---

  Part reasoning() const {
    const std::string_view close = turn_.markers.close;
    Part rest = sequence({{FreeText{.stops = {std::string(close)}, .then = std::string(close)}},
                          {Pattern{"\\n{0,2}"}}});
    if (turn_.reasoning == Reasoning::Begun) return rest;
    return perhaps(sequence({{Pattern{"\\n?"}}, text(turn_.markers.open), std::move(rest)}));
  }

  Part marked() const {
    Part body = !turn_.begun.empty() ? begun_body() : body_from_start();
    if (turn_.reasoning == Reasoning::None || turn_.markers.open.empty()) return body;
    return sequence({reasoning(), std::move(body)});
  }

  Part body_from_start() const {
    Part calls = sequence({text(first_header()), calls_from_name()});
    if (calls_required()) return calls;
    if (is_text()) return calls_allowed() ? free_or_calls() : Part{FreeText{}};
    return calls_allowed() ? choice({formatted(), std::move(calls)}) : formatted();
  }

  // The prompt ends with the mark that begins every turn: what follows says whether it is a call.
  Part begun_body() const {
    std::string mark;  // of text: the rest of what is dropped
    for (const auto each : syntax_.dropped) {
      if (each.starts_with(turn_.begun)) mark = each.substr(turn_.begun.size());
    }
    std::string header = first_header();
    if (header.starts_with(turn_.begun)) header.erase(0, turn_.begun.size());
    Part calls = sequence({text(header), calls_from_name()});
    if (calls_required()) return calls;
    Part answer = !is_text() ? formatted() : calls_allowed() ? free_or_calls() : Part{FreeText{}};
    Part said = sequence({text(mark), std::move(answer)});
    return calls_allowed() ? choice({std::move(said), std::move(calls)}) : said;
  }

  // --- channels ---

  Part harmony() const {
    const std::vector<std::string> marks = {"<|end|>", "<|return|>", "<|call|>", "<|start|>",
                                            "<|channel|>"};
    const auto message = [&](std::string_view channel) {
      return sequence({text(fmt::format("<|channel|>{}<|message|>", channel)),
                       {FreeText{.stops = marks, .then = "<|end|><|start|>assistant"}}});
    };
    std::vector<Part> before{message("analysis")};
    if (calls_allowed()) before.push_back(message("commentary"));
    const std::string_view header = frame_.before;
    Part call = sequence({text(header), {Shared{call_}}});
    Part final =
        sequence({text("<|channel|>final"), perhaps(text(" <|constrain|>json")),
                  text("<|message|>"), is_text() ? Part{FreeText{.stops = marks}} : formatted()});
    Part last = calls_required()  ? std::move(call)
                : calls_allowed() ? choice({std::move(final), std::move(call)})
                                  : std::move(final);
    return sequence(
        {{Repeat{.part = {choice(std::move(before))}, .separator = {}}}, std::move(last)});
  }

  const Turn& turn_;
  const output::ToolSyntax& syntax_;
  const output::CallFrame& frame_;
  const ControlTokens control_;
  const bool all_free_;
  std::shared_ptr<const Part> call_;  // shared by the places of the turn that have calls
};

}  // namespace

Result<CompiledGrammar> compile_turn(const Turn& turn) {
  if (turn.mode != ToolChoice::Mode::None) {
    for (const Tool& tool : turn.tools) {
      if (auto sound = check_parameters(tool); !sound) return fail(std::move(sound.error()));
    }
  }
  const bool is_json = std::holds_alternative<JsonObjectFormat>(turn.format) ||
                       std::holds_alternative<JsonSchemaFormat>(turn.format);
  // Calls as templates write them, with a space after , and : if the model likes.
  const auto spacing = is_json ? Whitespace::Compact : Whitespace::Spaced;
  auto grammar = compile_parts(TurnWriter(turn, /*all_free=*/false).write(), spacing);
  if (grammar || grammar.error().code != ErrorCode::TooLarge) return grammar;
  // Together they are too much: those that need not be held are let go.
  return compile_parts(TurnWriter(turn, /*all_free=*/true).write(), spacing);
}

}  // namespace inference::grammar
