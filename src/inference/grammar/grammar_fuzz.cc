// Schemas and grammars of strangers, from their text to masks: nothing may crash, hang, or let a
// token through that the mask does not have. The first byte says what the rest is.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "engine/grammar/matcher.h"
#include "inference/grammar/json_schema.h"
#include "inference/grammar/test_vocabulary.h"
#include "inference/grammar/text_grammars.h"

namespace {

using engine::grammar::Matcher;
using engine::grammar::TokenId;
using namespace inference::grammar;

Result<CompiledGrammar> compile(std::uint8_t kind, std::string_view text) {
  switch (kind % 4) {
    case 0: return compile_regex(text);
    case 1: return compile_lark(text);
    case 2: return compile_gbnf(text);
    default: {
      const auto schema = json::parse(text);
      if (!schema) return fail(schema.error());
      return compile_json_schema(*schema, {.strict = (kind & 4) != 0,
                                           .schema_order = (kind & 8) != 0,
                                           .whitespace = Whitespace::Compact});
    }
  }
}

// A few steps, each with the allowed token that the bytes of the input choose.
void walk(const CompiledGrammar& grammar, std::string_view text) {
  const auto vocabulary = mixed_vocabulary();
  Matcher matcher(grammar, vocabulary);
  std::vector<std::uint32_t> bits(vocabulary->n_words());
  for (std::size_t step = 0; step < 24 && !matcher.is_over(); ++step) {
    matcher.mask(bits);
    std::vector<TokenId> allowed;
    for (TokenId token = 1; token < vocabulary->n_tokens(); ++token) {
      if (bits[token >> 5] >> (token & 31) & 1) allowed.push_back(token);
    }
    if (allowed.empty()) return;
    const auto choice = static_cast<std::uint8_t>(text[step % text.size()]);
    CHECK(matcher.accept(allowed[(choice + step) % allowed.size()]));
  }
  const auto rest = matcher.completion(4'096);
  if (rest) CHECK(matcher.accept_bytes(*rest));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4'096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto grammar = compile(data[0], text);
  if (grammar) walk(*grammar, text);
  return 0;
}
