// One model in memory: its engine, and what turns text into its tokens and back.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/limits/grammar.h"
#include "engine/engine.h"
#include "engine/grammar/vocabulary.h"
#include "engine/tokenizer/tokenizer.h"
#include "inference/chat_template/chat_template.h"
#include "inference/grammar/turn.h"
#include "inference/local/grammar_cache.h"
#include "inference/output/parser.h"

namespace inference::local {

// Immutable after loading except for the engine, which is safe on any thread. Shared by the backend
// and the generations that run on it: an evicted model lives until its last request has ended.
struct LoadedModel {
  LoadedModel(std::string id, std::unique_ptr<engine::Engine> engine,
              std::shared_ptr<const engine::Tokenizer> tokenizer, ChatTemplate chat_template,
              output::OutputSyntax syntax)
      : id(std::move(id)),
        engine(std::move(engine)),
        tokenizer(std::move(tokenizer)),
        chat_template(std::move(chat_template)),
        syntax(syntax) {}

  std::string id;
  std::string fingerprint = {};  // of its weights and tokens: another file's is another
  std::unique_ptr<engine::Engine> engine;
  std::shared_ptr<const engine::Tokenizer> tokenizer;
  ChatTemplate chat_template;
  output::OutputSyntax syntax;  // how this family writes tool calls and reasoning

  // The tokens as grammars need them; made at the first use, which takes a moment with a large
  // vocabulary. Any thread.
  std::shared_ptr<const engine::grammar::Vocabulary> grammar_vocabulary() const;

  // The control tokens with their texts; likewise.
  std::span<const grammar::ControlToken> control_tokens() const;

  mutable GrammarCache grammars{limits::grammar_cache_bytes_max};

  mutable std::once_flag vocabulary_made = {};
  mutable std::shared_ptr<const engine::grammar::Vocabulary> vocabulary =
      {};  // shared with running constraints
  mutable std::vector<grammar::ControlToken> control = {};
};

// Blocks for as long as the file takes to load.
Result<std::shared_ptr<LoadedModel>> load_model(const std::string& id,
                                                const engine::EngineOptions& options);

}  // namespace inference::local
