#include "inference/local/loaded_model.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/log.h"

namespace inference::local {
namespace {

// The text of a special token for templates, empty when the model has none.
std::string token_text(const engine::Tokenizer& tokenizer, engine::TokenId token) {
  return token == engine::kNoToken ? std::string() : std::string(tokenizer.piece(token));
}

// Of every tensor its shape, and this much of its beginning and its middle.
constexpr std::size_t kSampleBytes = 4'096;

std::string fingerprint_of(const gguf::File& file, const engine::Tokenizer& tokenizer) {
  std::uint64_t hash = 14'695'981'039'346'656'037u;  // FNV-1a
  const auto add = [&](std::span<const std::byte> bytes) {
    for (const auto byte : bytes)
      hash = (hash ^ static_cast<std::uint64_t>(byte)) * 1'099'511'628'211u;
  };
  const auto add_text = [&](std::string_view text) {
    add(std::as_bytes(std::span(text)));
    add(std::array{std::byte{0}});
  };
  for (const auto& tensor : file.tensors()) {
    add_text(tensor.name);
    add_text(fmt::format("{} {}", static_cast<int>(tensor.dtype), fmt::join(tensor.shape, " ")));
    const auto bytes = tensor.bytes;
    add(bytes.first(std::min(kSampleBytes, bytes.size())));
    const auto middle = bytes.subspan(bytes.size() / 2);
    add(middle.first(std::min(kSampleBytes, middle.size())));
  }
  for (std::size_t i = 0; i < tokenizer.n_tokens(); ++i)
    add_text(tokenizer.piece(static_cast<engine::TokenId>(i)));
  return fmt::format("{:016x}", hash);
}

}  // namespace

std::shared_ptr<const engine::grammar::Vocabulary> LoadedModel::grammar_vocabulary() const {
  std::call_once(vocabulary_made, [this] {
    std::vector<std::string> tokens(tokenizer->n_tokens());
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const auto token = static_cast<engine::TokenId>(i);
      if (!tokenizer->is_special(token)) {
        tokens[i] = tokenizer->piece(token);
      } else if (tokenizer->is_control(token)) {
        control.push_back(
            {std::string(tokenizer->piece(token)), static_cast<engine::grammar::TokenId>(token)});
      }
    }
    const auto ends = tokenizer->end_of_generation();
    const std::vector<engine::grammar::TokenId> end_tokens(ends.begin(), ends.end());
    vocabulary = std::make_shared<engine::grammar::Vocabulary>(tokens, end_tokens);
  });
  return vocabulary;
}

std::span<const grammar::ControlToken> LoadedModel::control_tokens() const {
  grammar_vocabulary();
  return control;
}

Result<std::shared_ptr<LoadedModel>> load_model(const std::string& id,
                                                const engine::EngineOptions& options) {
  const auto started = std::chrono::steady_clock::now();
  auto file = gguf::File::open(options.model_path);
  if (!file) return fail(file.error());
  auto tokenizer = engine::Tokenizer::load(*file);
  if (!tokenizer) return fail(tokenizer.error());
  auto source = file->find_or<std::string>("tokenizer.chat_template", "");
  if (!source) return fail(source.error());
  const auto& special = (*tokenizer)->special();
  auto chat_template = ChatTemplate::compile(
      *source,
      {.bos = token_text(**tokenizer, special.bos), .eos = token_text(**tokenizer, special.eos)});
  if (!chat_template) return fail(chat_template.error());
  auto engine = engine::Engine::load(options);
  if (!engine) return fail(engine.error());

  auto out = std::make_shared<LoadedModel>(id, std::move(*engine), std::move(*tokenizer),
                                           std::move(*chat_template), output::detect(*source));
  out->fingerprint = fingerprint_of(*file, *out->tokenizer);
  const auto& memory = out->engine->memory();
  LOG(Info,
      "model {}: {}, {:.1f} M parameters, context {}, {:.0f} MB (weights {:.0f}, cache {:.0f}), "
      "loaded in {} ms",
      id, out->engine->model().architecture,
      static_cast<double>(out->engine->model().parameters) / 1e6,
      out->engine->model().context_tokens, static_cast<double>(memory.total()) / 1e6,
      static_cast<double>(memory.weights) / 1e6, static_cast<double>(memory.cache) / 1e6,
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                            started)
          .count());
  return out;
}

}  // namespace inference::local
