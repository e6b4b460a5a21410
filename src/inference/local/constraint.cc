#include "inference/local/constraint.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "engine/grammar/matcher.h"
#include "inference/grammar/turn.h"
#include "inference/output/call_reader.h"

namespace inference::local {
namespace {

using GrammarPtr = std::shared_ptr<const engine::grammar::Grammar>;
using VocabularyPtr = std::shared_ptr<const engine::grammar::Vocabulary>;

// A grammar's matcher as the engine's constraint. Engine thread only, once it runs.
class GrammarConstraint final : public engine::TokenConstraint {
 public:
  GrammarConstraint(GrammarPtr grammar, VocabularyPtr vocabulary,
                    std::shared_ptr<const engine::Tokenizer> tokenizer)
      : tokenizer_(std::move(tokenizer)),
        matcher_(std::move(grammar), vocabulary),
        bits_((vocabulary->n_tokens() + 63) / 64 * 2),
        words_(bits_.size() / 2) {}

  engine::TokenMask mask() override {
    std::fill(bits_.begin(), bits_.end(), 0u);
    matcher_.mask(bits_);
    std::memcpy(words_.data(), bits_.data(), words_.size() * sizeof(words_[0]));
    return words_;
  }
  bool accept(engine::TokenId token) override {
    return matcher_.accept(static_cast<engine::grammar::TokenId>(token));
  }
  std::span<const engine::TokenId> forced() override {
    const auto encode = [this](const std::string& text) {
      const auto tokens = tokenizer_->encode(text);
      return std::vector<engine::grammar::TokenId>(tokens.begin(), tokens.end());
    };
    const auto tokens = matcher_.forced_tokens(encode);
    forced_.assign(tokens.begin(), tokens.end());
    return forced_;
  }
  bool finished() const override { return matcher_.is_over(); }

 private:
  std::shared_ptr<const engine::Tokenizer> tokenizer_;
  engine::grammar::Matcher matcher_;
  std::vector<std::uint32_t> bits_;
  std::vector<std::uint64_t> words_;
  std::vector<engine::TokenId> forced_;
};

// What the turn has already of reasoning, and whether the model may think before it answers.
grammar::Reasoning reasoning_of(const LoadedModel& model, const GenerateRequest& request,
                                std::string_view prompt) {
  if (output::opens_reasoning(prompt, model.syntax.reasoning)) return grammar::Reasoning::Begun;
  const std::string_view close = model.syntax.reasoning.close;
  const bool was_closed = !close.empty() && output::trim(prompt).ends_with(close);
  const bool unwanted = request.reasoning_effort == "none";
  const bool thinks = model.chat_template.capabilities().reasoning;
  return was_closed || unwanted || !thinks ? grammar::Reasoning::None : grammar::Reasoning::Allowed;
}

std::vector<Tool> callable(const GenerateRequest& request) {
  std::vector<Tool> tools;
  if (request.tool_choice.mode == ToolChoice::Mode::None) return tools;
  const auto& allowed = request.tool_choice.allowed;
  for (const Tool& tool : request.tools) {
    if (allowed.empty() || std::ranges::find(allowed, tool.name) != allowed.end())
      tools.push_back(tool);
  }
  return tools;
}

json::Object description(const GrammarFormat& format) {
  return {{"syntax", static_cast<int>(format.syntax)}, {"definition", format.definition}};
}

// Everything that a turn's grammar depends on, for one model.
std::string key_of(const grammar::Turn& turn) {
  json::Array tools;
  for (const Tool& tool : turn.tools) {
    json::Object one{{"kind", static_cast<int>(tool.kind)},
                     {"name", tool.name},
                     {"parameters", tool.parameters},
                     {"strict", tool.strict},
                     {"path", tool.path}};
    if (!tool.format.empty()) one["format"] = description(tool.format[0]);
    tools.push_back(std::move(one));
  }
  json::Object key{{"reasoning", static_cast<int>(turn.reasoning)},
                   {"begun", turn.begun},
                   {"tools", std::move(tools)},
                   {"mode", static_cast<int>(turn.mode)},
                   {"several", turn.several},
                   {"format", turn.format.index()}};
  if (const auto* schema = std::get_if<JsonSchemaFormat>(&turn.format)) {
    key["schema"] = schema->schema;
    key["name"] = schema->name;
    key["strict"] = schema->strict;
    key["path"] = schema->path;
  }
  if (const auto* given = std::get_if<GrammarFormat>(&turn.format))
    key["grammar"] = description(*given);
  return json::dump(key);
}

GrammarCache::Compiled compile(const grammar::Turn& turn) {
  auto compiled = grammar::compile_turn(turn);
  if (compiled) return compiled;
  Error error = std::move(compiled.error());
  // Beyond a limit or beyond what can be enforced: the request is at fault either way.
  error.code = ErrorCode::InvalidRequest;
  return fail(std::move(error));
}

GrammarCache::Compiled cached(const LoadedModel& model, const GenerateRequest& request,
                              const grammar::Turn& turn) {
  const std::string key = key_of(turn);
  if (const auto known = model.grammars.find(request.project.value, key)) return *known;
  auto compiled = compile(turn);
  model.grammars.add(request.project.value, key, compiled);
  return compiled;
}

// A raw completion has no turns and no tools: its text is the format's.
bool is_free(const GenerateRequest& request, std::span<const Tool> tools) {
  return std::holds_alternative<TextFormat>(request.format) &&
         (tools.empty() || request.prompt.has_value());
}

}  // namespace

Result<MakeConstraint> compile_constraint(const LoadedModel& model, const GenerateRequest& request,
                                          std::string_view prompt) {
  const std::vector<Tool> tools = callable(request);
  if (is_free(request, tools)) return MakeConstraint();
  const grammar::Turn turn{.syntax = *model.syntax.tools,
                           .markers = model.syntax.reasoning,
                           .reasoning = reasoning_of(model, request, prompt),
                           .begun = output::begun_by(prompt, *model.syntax.tools),
                           .control_tokens = model.control_tokens(),
                           .tools = tools,
                           .mode = request.tool_choice.mode,
                           .several = request.tool_choice.parallel,
                           .format = request.format};
  auto grammar = cached(model, request, turn);
  if (!grammar) return fail(std::move(grammar.error()));
  return MakeConstraint(
      [grammar = std::move(*grammar), vocabulary = model.grammar_vocabulary(),
       tokenizer = model.tokenizer](int) -> std::unique_ptr<engine::TokenConstraint> {
        return std::make_unique<GrammarConstraint>(grammar, vocabulary, tokenizer);
      });
}

}  // namespace inference::local
