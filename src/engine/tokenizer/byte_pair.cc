#include "engine/tokenizer/byte_pair.h"

#include <fmt/format.h>

#include "engine/tokenizer/split/text.h"
#include "engine/tokenizer/utf8.h"
#include "engine/tokenizer/word_cache.h"

namespace engine::tokenizer {
namespace {

constexpr const char* kMerges = "tokenizer.ggml.merges";

bool has_space_inside(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kEscapedSpace);
  return first != std::string_view::npos &&
         text.find(kEscapedSpace, first) != std::string_view::npos;
}

// "left right", best first. Lines without a space between two parts have no effect.
MergeEncoder::Rules read_merges(std::span<const std::string_view> lines,
                                const Vocabulary& vocabulary) {
  MergeEncoder::Rules rules{.symbols = SymbolTable(vocabulary), .merges = MergeTable(lines.size())};
  rules.spaces_start_words = true;
  std::string joined;
  for (std::size_t rank = 0; rank < lines.size(); ++rank) {
    const std::string_view line = lines[rank];
    const std::size_t space = line.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == line.size()) continue;
    const std::string_view left = line.substr(0, space);
    const std::string_view right = line.substr(space + 1);
    joined.assign(left).append(right);
    if (has_space_inside(joined)) rules.spaces_start_words = false;
    const Symbol left_symbol = rules.symbols.add(left);
    const Symbol right_symbol = rules.symbols.add(right);
    rules.merges.add(left_symbol, right_symbol, static_cast<std::uint32_t>(rank),
                     rules.symbols.add(joined));
  }
  return rules;
}

}  // namespace

Result<std::unique_ptr<BytePair>> BytePair::load(const gguf::File& file,
                                                 const Vocabulary& vocabulary,
                                                 const Pretokenizer& pretokenizer) {
  // Kimi K2's files may come without merges: every piece is a token.
  const bool may_lack_merges = pretokenizer.name == "kimi-k2" && !file.has(kMerges);
  std::span<const std::string_view> lines;
  if (!may_lack_merges) {
    const auto found = file.require<std::span<const std::string_view>>(kMerges);
    if (!found) return fail(found.error());
    lines = *found;
  }
  MergeEncoder::Rules rules = read_merges(lines, vocabulary);
  rules.whole_words = pretokenizer.whole_words;
  rules.alphabet = pretokenizer.byte_encoded ? MergeEncoder::Alphabet::Bytes
                                             : MergeEncoder::Alphabet::Characters;
  for (std::size_t byte = 0; byte < rules.byte_tokens.size(); ++byte) {
    rules.byte_tokens[byte] =
        vocabulary.find(pretokenizer.byte_encoded ? std::string(1, static_cast<char>(byte))
                                                  : fmt::format("<0x{:02X}>", byte));
  }
  return std::unique_ptr<BytePair>(
      new BytePair(vocabulary, pretokenizer, MergeEncoder(vocabulary, std::move(rules))));
}

BytePair::BytePair(const Vocabulary& vocabulary, const Pretokenizer& pretokenizer,
                   MergeEncoder merger)
    : vocabulary_(vocabulary), pretokenizer_(pretokenizer), merger_(std::move(merger)) {}

void BytePair::encode(std::string_view text, bool, std::vector<TokenId>& out) const {
  std::string escaped;
  if (pretokenizer_.escape_spaces) {
    escaped = escape_spaces(text);
    text = escaped;
  }
  const Text points(text);
  Cuts cuts;
  Cuts cuts_scratch;
  pretokenize(pretokenizer_, points, cuts, cuts_scratch);

  WordCache cache(points.bytes().size());
  MergeEncoder::Scratch scratch;
  const auto encode_word = [&](std::string_view word) { merger_.encode(word, out, scratch); };
  const auto encode_piece = [&](std::string_view piece) {
    if (pretokenizer_.byte_encoded) return encode_word(piece);
    const bool newlines = piece.find_first_not_of('\n') == std::string_view::npos;
    if (const TokenId whole = vocabulary_.find(piece);
        pretokenizer_.whole_newlines && newlines && whole != kNoToken) {
      out.push_back(whole);
      return;
    }
    merger_.for_each_word(piece, encode_word);
  };
  out.reserve(out.size() + points.bytes().size() / 4);
  std::size_t at = 0;  // in bytes
  std::size_t begin = 0;
  for (const std::size_t end : cuts) {
    std::size_t size = end - begin;
    if (!points.is_ascii()) {
      size = 0;
      for (std::size_t i = begin; i < end; ++i) size += utf8_size(points.points()[i]);
    }
    cache.append(points.bytes().substr(at, size), out, encode_piece);
    at += size;
    begin = end;
  }
}

}  // namespace engine::tokenizer
