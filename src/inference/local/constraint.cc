#include "inference/local/constraint.h"

#include <cstring>
#include <vector>

#include "engine/grammar/matcher.h"
#include "inference/grammar/json_schema.h"

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

// The grammar of the answer's text; null when it is free.
Result<GrammarPtr> compile_format(const OutputFormat& format) {
  if (std::holds_alternative<JsonObjectFormat>(format))
    return grammar::any_json_object(grammar::Whitespace::Compact);
  if (const auto* schema = std::get_if<JsonSchemaFormat>(&format)) {
    return grammar::compile_json_schema(schema->schema,
                                        {.strict = schema->strict,
                                         .subject = "response_format '" + schema->name + "'",
                                         .schema_order = true,
                                         .whitespace = grammar::Whitespace::Compact});
  }
  if (std::holds_alternative<GrammarFormat>(format)) {
    return fail(ErrorCode::Unsupported, "Grammar formats are not served by local models yet.",
                "text.format");
  }
  return GrammarPtr();
}

}  // namespace

Result<MakeConstraint> compile_constraint(const LoadedModel& model,
                                          const GenerateRequest& request) {
  if (request.tool_choice.mode == ToolChoice::Mode::Required) {
    return fail(ErrorCode::Unsupported,
                "Local models cannot be made to call a tool yet. Use 'tool_choice': \"auto\".",
                "tool_choice", "unsupported_value");
  }
  for (const Tool& tool : request.tools) {
    if (!tool.strict || request.tool_choice.mode == ToolChoice::Mode::None) continue;
    return fail(
        ErrorCode::Unsupported,
        "Local models cannot hold a function's arguments to its schema yet: the function '" +
            tool.name + "' has 'strict': true. Set it to false.",
        "tools", "unsupported_value");
  }
  auto grammar = compile_format(request.format);
  if (!grammar) return fail(grammar.error());
  if (!*grammar) return MakeConstraint();
  return MakeConstraint(
      [grammar = std::move(*grammar), vocabulary = model.grammar_vocabulary(),
       tokenizer = model.tokenizer](int) -> std::unique_ptr<engine::TokenConstraint> {
        return std::make_unique<GrammarConstraint>(grammar, vocabulary, tokenizer);
      });
}

}  // namespace inference::local
