#include "inference/local/constraint.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/limits/grammar.h"
#include "engine/grammar/matcher.h"
#include "inference/grammar/turn.h"
#include "inference/output/call_reader.h"

namespace inference::local {
namespace {

using GrammarPtr = std::shared_ptr<const engine::grammar::Grammar>;
using VocabularyPtr = std::shared_ptr<const engine::grammar::Vocabulary>;

constexpr std::int64_t kClosingBudgetMin = 512;  // smaller budgets are meant to cut
constexpr std::size_t kClosingBytesMax = 16'384;

// A grammar's matcher as the engine's constraint. Engine thread only, once it runs.
//
// A text that is about to run out of tokens is closed in a short valid way instead of being cut,
// when its budget was ample: the tokens of a closing text are then forced.
class GrammarConstraint final : public engine::TokenConstraint {
 public:
  GrammarConstraint(GrammarPtr grammar, VocabularyPtr vocabulary,
                    std::shared_ptr<const engine::Tokenizer> tokenizer, std::int64_t budget,
                    std::int64_t next_look)
      : tokenizer_(std::move(tokenizer)),
        matcher_(std::move(grammar), vocabulary),
        bits_((vocabulary->n_tokens() + 63) / 64 * 2),
        words_(bits_.size() / 2),
        budget_(budget),
        next_look_(next_look) {}

  // After how many tokens to look for the end for the first time. A search: not for a thread that
  // others wait for.
  static std::int64_t first_look(const GrammarPtr& grammar, const VocabularyPtr& vocabulary,
                                 const engine::Tokenizer& tokenizer, std::int64_t budget) {
    if (budget < kClosingBudgetMin) return INT64_MAX;
    engine::grammar::Matcher matcher(grammar, vocabulary);
    const auto closing = closing_tokens(matcher, tokenizer);
    if (!closing) return INT64_MAX;
    const auto least = static_cast<std::int64_t>(closing->size());
    return budget >= least + least / 2 ? budget - 2 * least - kLookAhead : INT64_MAX;
  }

  engine::TokenMask mask() override {
    std::fill(bits_.begin(), bits_.end(), 0u);
    if (n_closed_ < closing_.size()) {
      const auto token = static_cast<std::size_t>(closing_[n_closed_]);
      bits_[token >> 5] |= 1u << (token & 31);
    } else if (refused_.size() < kRefusedMax || !matcher_.mask_way_out(bits_)) {
      matcher_.mask(bits_);
      for (const auto token : refused_) bits_[token >> 5] &= ~(1u << (token & 31));
      const auto is_empty = [](std::uint32_t word) { return word == 0; };
      if (!refused_.empty() && std::ranges::all_of(bits_, is_empty)) matcher_.mask_way_out(bits_);
    }
    std::memcpy(words_.data(), bits_.data(), words_.size() * sizeof(words_[0]));
    return words_;
  }
  bool permits(engine::TokenId token) override {
    const auto id = static_cast<engine::grammar::TokenId>(token);
    if (n_closed_ < closing_.size() || refused_.size() == kRefusedMax) return true;
    if (matcher_.permits(id)) return true;
    if (std::ranges::find(refused_, id) != refused_.end()) return true;  // there is no other
    refused_.push_back(id);
    return false;
  }
  bool accept(engine::TokenId token) override {
    if (!matcher_.accept(static_cast<engine::grammar::TokenId>(token))) return false;
    refused_.clear();
    ++used_;
    if (n_closed_ < closing_.size()) {
      ++n_closed_;
    } else if (used_ >= next_look_ && used_ < budget_) {
      look_for_the_end();
    }
    return true;
  }
  std::span<const engine::TokenId> forced() override {
    if (n_closed_ < closing_.size()) {
      forced_.assign(closing_.begin() + static_cast<std::ptrdiff_t>(n_closed_), closing_.end());
      return forced_;
    }
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
  static constexpr std::int64_t kLookAhead = 64;
  static constexpr std::int64_t kMargin = 8;
  static constexpr std::size_t kRefusedMax = 64;

  static std::optional<std::vector<engine::TokenId>> closing_tokens(
      engine::grammar::Matcher& matcher, const engine::Tokenizer& tokenizer) {
    const auto text = matcher.completion(kClosingBytesMax);
    if (!text) return std::nullopt;
    auto tokens = tokenizer.encode(*text);
    std::string spelled;
    for (const auto token : tokens) spelled += tokenizer.piece(token);
    if (spelled != *text) return std::nullopt;  // tokenizers that add a space in front
    return tokens;
  }

  // One token can make the way out longer, though hardly by more than a few: the less there is
  // left, the more often this is asked.
  void look_for_the_end() {
    auto closing = closing_tokens(matcher_, *tokenizer_);
    const std::int64_t left = budget_ - used_;
    const std::int64_t needed = closing ? static_cast<std::int64_t>(closing->size()) : 0;
    if (closing && needed <= left && left <= needed + kMargin + needed / 4) {
      closing_ = std::move(*closing);
      n_closed_ = 0;
      next_look_ = used_ + needed;
      return;
    }
    next_look_ = used_ + std::max<std::int64_t>(1, (left - needed) / 8);
  }

  std::shared_ptr<const engine::Tokenizer> tokenizer_;
  engine::grammar::Matcher matcher_;
  std::vector<std::uint32_t> bits_;
  std::vector<std::uint64_t> words_;
  std::vector<engine::TokenId> forced_;
  const std::int64_t budget_;  // tokens that the text may have
  std::int64_t used_ = 0;
  std::int64_t next_look_;
  std::vector<engine::grammar::TokenId> refused_;  // at this position
  std::vector<engine::TokenId> closing_;
  std::size_t n_closed_ = 0;
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

// Whether something can be written that the grammar lets end.
bool can_end(const GrammarPtr& grammar, const VocabularyPtr& vocabulary) {
  engine::grammar::Matcher matcher(grammar, vocabulary);
  std::vector<std::uint32_t> bits(vocabulary->n_words());
  matcher.mask(bits);
  if (std::ranges::all_of(bits, [](std::uint32_t word) { return word == 0; })) return false;
  if (matcher.completion(kClosingBytesMax, limits::grammar_blame_time_max)) return true;
  return !matcher.search_was_complete() && !matcher.needs_proof();
}

GrammarCache::Compiled cached(const LoadedModel& model, const GenerateRequest& request,
                              const grammar::Turn& turn) {
  const std::string key = key_of(turn);
  if (const auto known = model.grammars.find(request.project.value, key)) return *known;
  auto compiled = compile(turn);
  if (compiled && !can_end(*compiled, model.grammar_vocabulary())) {
    compiled =
        fail(ErrorCode::InvalidRequest, "Invalid format: no text was found that satisfies it.",
             std::holds_alternative<TextFormat>(turn.format) ? "tools" : "response_format");
  }
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
                                          const Prompt& prompt) {
  const std::vector<Tool> tools = callable(request);
  if (is_free(request, tools)) return MakeConstraint();
  const grammar::Turn turn{.syntax = *model.syntax.tools,
                           .markers = model.syntax.reasoning,
                           .reasoning = reasoning_of(model, request, prompt.text),
                           .begun = output::begun_by(prompt.text, *model.syntax.tools),
                           .control_tokens = model.control_tokens(),
                           .tools = tools,
                           .mode = request.tool_choice.mode,
                           .several = request.tool_choice.parallel,
                           .format = request.format};
  auto grammar = cached(model, request, turn);
  if (!grammar) return fail(std::move(grammar.error()));
  const std::int64_t room =
      model.engine->model().context_tokens - static_cast<std::int64_t>(prompt.tokens.size());
  const std::int64_t budget = std::min(room, request.sampling.tokens_max.value_or(room));
  const auto vocabulary = model.grammar_vocabulary();
  const std::int64_t look =
      GrammarConstraint::first_look(*grammar, vocabulary, *model.tokenizer, budget);
  return MakeConstraint([grammar = std::move(*grammar), vocabulary, tokenizer = model.tokenizer,
                         budget, look](int) -> std::unique_ptr<engine::TokenConstraint> {
    return std::make_unique<GrammarConstraint>(grammar, vocabulary, tokenizer, budget, look);
  });
}

}  // namespace inference::local
