// libFuzzer: hostile vocabularies and hostile text. The first byte chooses: a whole GGUF file from
// the input, or a made vocabulary with the input as text.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "compute/gguf/file.h"
#include "engine/tokenizer/made_vocabulary.h"
#include "engine/tokenizer/split/pretokenizer.h"
#include "engine/tokenizer/stream.h"
#include "engine/tokenizer/tokenizer.h"

namespace {

using engine::Tokenizer;
using engine::tokenizer::MadeVocabulary;

void use(const Tokenizer& tokenizer, std::string_view text) {
  for (const bool special : {false, true}) {
    const auto ids = tokenizer.encode(text, {.add_special = special, .parse_special = special});
    for (const auto id : ids) CHECK(tokenizer.vocabulary().has(id));
    engine::TokenStream stream(tokenizer, true);
    std::string streamed;
    std::string pieces;
    for (const auto id : ids) {
      streamed += stream.push(id);
      pieces += tokenizer.piece(id);
    }
    CHECK(streamed + stream.finish() == pieces);
    CHECK(tokenizer.decode(ids, {.special_visible = true}).size() <= pieces.size());
    tokenizer.decode(ids, {.strip_special = true});
  }
}

// One tokenizer per pre-tokenizer and kind, made once.
const std::vector<std::shared_ptr<const Tokenizer>>& made_tokenizers() {
  static const auto all = [] {
    std::vector<std::shared_ptr<const Tokenizer>> out;
    const auto add = [&](MadeVocabulary made) {
      made.token("<|im_end|>", MadeVocabulary::kControlType).token("  ", 4);
      made.merge("a", "a").merge("aa", "b").merge("▁", "▁").merge("Ġ", "t").merge("1", "2");
      const std::string bytes = made.bytes();
      auto file = gguf::File::parse(std::as_bytes(std::span(bytes)));
      CHECK(file.has_value());
      auto loaded = Tokenizer::load(*file);
      CHECK(loaded.has_value());
      out.push_back(*loaded);
    };
    for (const char* model : {"llama", "bert", "t5"}) {
      MadeVocabulary made(model);
      made.token("<unk>", 2).token("▁").token("a").byte_tokens();
      add(std::move(made));
    }
    for (const auto& pre : engine::tokenizer::all_pretokenizers()) {
      MadeVocabulary made("gpt2");
      made.layout().set("tokenizer.ggml.pre", pre.name);
      add(std::move(pre.byte_encoded ? made.byte_letters() : made.byte_tokens()));
    }
    return out;
  }();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto& made = made_tokenizers();
  if (data[0] < 128) {
    use(*made[data[0] % made.size()], text);
    return 0;
  }
  const auto file = gguf::File::parse(bytes);
  if (!file) return 0;
  if (const auto tokenizer = Tokenizer::load(*file)) use(**tokenizer, text);
  return 0;
}
