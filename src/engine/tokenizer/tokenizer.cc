#include "engine/tokenizer/tokenizer.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "engine/tokenizer/byte_alphabet.h"
#include "engine/tokenizer/byte_pair.h"
#include "engine/tokenizer/clean_spaces.h"
#include "engine/tokenizer/sentence_piece.h"
#include "engine/tokenizer/split/pretokenizer.h"
#include "engine/tokenizer/unigram.h"
#include "engine/tokenizer/utf8.h"
#include "engine/tokenizer/word_piece.h"

namespace engine {

using tokenizer::Kind;
using tokenizer::Pretokenizer;
using tokenizer::Vocabulary;

// What the keys decide before the vocabulary is read.
struct Tokenizer::Settings {
  Kind kind = Kind::SentencePiece;
  const Pretokenizer* pretokenizer = nullptr;  // BytePair only
  bool space_prefix = false;
  bool merge_spaces = false;
  bool clean_spaces = false;
  Vocabulary::Defaults defaults;
};

namespace {

constexpr const char* kModel = "tokenizer.ggml.model";
constexpr const char* kPre = "tokenizer.ggml.pre";
constexpr const char* kCharsMap = "tokenizer.ggml.precompiled_charsmap";

// The byte that a token like <0x0A> stands for.
std::optional<char> byte_of_text(std::string_view text) {
  unsigned byte = 0;
  if (text.size() != 6 || !text.starts_with("<0x") || text.back() != '>') return std::nullopt;
  const char* end = text.data() + 5;
  if (std::from_chars(text.data() + 3, end, byte, 16).ptr != end) return std::nullopt;
  return static_cast<char>(byte);
}

// A text in GPT-2's byte alphabet as bytes; characters outside it show as what they are.
std::string decode_shown(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto decoded = tokenizer::decode_point(text, i);
    if (const auto byte = tokenizer::byte_of(decoded.point)) {
      out.push_back(static_cast<char>(*byte));
    } else {
      std::string letter;
      tokenizer::append_utf8(letter, decoded.point);
      out += "[UNK_BYTE_0x";
      for (const char c : letter) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
      out.append(text).append("]");
    }
    i += decoded.size;
  }
  return out;
}

Result<const Pretokenizer*> read_pretokenizer(const gguf::File& file, std::string_view model) {
  auto name = file.find_or<std::string_view>(kPre, "default");
  if (!name) return fail(name.error());
  if (model == "gemma4") name = "gemma4";
  if (name->empty()) name = "default";
  const Pretokenizer* found = tokenizer::find_pretokenizer(*name);
  if (found == nullptr) {
    return fail(ErrorCode::Unsupported, fmt::format("unknown pre-tokenizer '{}'", *name));
  }
  return found;
}

Result<tokenizer::CharsMap> read_charsmap(const gguf::File& file) {
  const gguf::Value* blob = file.value(kCharsMap);
  if (blob == nullptr) return tokenizer::CharsMap();
  const bool bytes = blob->type == gguf::ValueType::Array &&
                     (blob->element == gguf::ValueType::U8 || blob->element == gguf::ValueType::I8);
  if (!bytes) {
    return fail(ErrorCode::CorruptData,
                fmt::format("GGUF: key '{}' is {}, expected bytes", kCharsMap, blob->describe()));
  }
  return tokenizer::CharsMap::parse(
      {reinterpret_cast<const std::uint8_t*>(blob->scalars.data()), blob->scalars.size()});
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> Tokenizer::load(const gguf::File& file) {
  const auto settings = read_settings(file);
  if (!settings) return fail(settings.error());
  auto vocabulary = Vocabulary::load(file, settings->defaults);
  if (!vocabulary) return fail(std::move(vocabulary.error()));
  const std::shared_ptr<Tokenizer> made(new Tokenizer(*settings, *std::move(vocabulary)));
  if (auto ok = made->make_encoder(file, *settings); !ok) return fail(std::move(ok.error()));
  const bool byte_letters =
      settings->pretokenizer != nullptr && settings->pretokenizer->byte_encoded;
  if (auto ok = made->make_pieces(byte_letters); !ok) return fail(std::move(ok.error()));
  return made;
}

Tokenizer::Tokenizer(const Settings& settings, Vocabulary vocabulary)
    : kind_(settings.kind),
      space_prefix_(settings.space_prefix),
      clean_spaces_(settings.clean_spaces),
      vocabulary_(std::move(vocabulary)),
      splitter_(vocabulary_) {}

Result<Tokenizer::Settings> Tokenizer::read_settings(const gguf::File& file) {
  const auto model = file.require<std::string_view>(kModel);
  if (!model) return fail(model.error());
  Settings settings;
  auto& special = settings.defaults.special;
  if (*model == "llama") {
    settings.kind = Kind::SentencePiece;
    settings.space_prefix = true;
    settings.defaults.add_bos = true;
    special = {.bos = 1, .eos = 2, .unknown = 0};
  } else if (*model == "gpt2" || *model == "gemma4") {
    settings.kind = Kind::BytePair;
    const auto pretokenizer = read_pretokenizer(file, *model);
    if (!pretokenizer) return fail(pretokenizer.error());
    settings.pretokenizer = *pretokenizer;
    settings.clean_spaces = (*pretokenizer)->clean_spaces;
    settings.defaults.add_bos = (*pretokenizer)->add_bos;
    settings.defaults.always_bos = (*pretokenizer)->always_bos;
    if (*model == "gpt2") special = {.bos = 11, .eos = 11};
    if (!(*pretokenizer)->default_bos) special.bos = kNoToken;
  } else if (*model == "bert") {
    settings.kind = Kind::WordPiece;
    settings.clean_spaces = true;
    settings.defaults.add_bos = true;
    special = {.bos = 101, .unknown = 100, .separator = 102, .padding = 0, .mask = 103};
  } else if (*model == "t5") {
    settings.kind = Kind::Unigram;
    settings.defaults.add_eos = true;
    special = {.eos = 1, .unknown = 2, .padding = 0};
  } else {
    return fail(ErrorCode::Unsupported, fmt::format("unknown tokenizer model '{}'", *model));
  }
  gguf::Fields fields(file, "tokenizer.ggml.");
  settings.space_prefix = fields.find_or<bool>("add_space_prefix", settings.space_prefix);
  settings.merge_spaces = fields.find_or<bool>("remove_extra_whitespaces", false);
  if (auto ok = fields.status(); !ok) return fail(std::move(ok.error()));
  return settings;
}

Status Tokenizer::make_encoder(const gguf::File& file, const Settings& settings) {
  gguf::Fields fields(file, "tokenizer.ggml.");
  switch (kind_) {
    case Kind::SentencePiece:
      encoder_ = std::make_unique<tokenizer::SentencePiece>(vocabulary_, space_prefix_);
      return {};
    case Kind::BytePair: {
      auto encoder = tokenizer::BytePair::load(file, vocabulary_, *settings.pretokenizer);
      if (!encoder) return fail(std::move(encoder.error()));
      encoder_ = *std::move(encoder);
      return {};
    }
    case Kind::WordPiece: {
      tokenizer::WordPiece::Normalizer normalizer;
      normalizer.lowercase = fields.find_or<bool>("normalizer.lowercase", true);
      normalizer.strip_accents =
          fields.find_or<bool>("normalizer.strip_accents", normalizer.lowercase);
      encoder_ = std::make_unique<tokenizer::WordPiece>(vocabulary_, normalizer);
      return fields.status();
    }
    case Kind::Unigram: {
      tokenizer::Unigram::Normalizer normalizer;
      normalizer.space_prefix = settings.space_prefix;
      normalizer.merge_spaces = settings.merge_spaces;
      auto charsmap = read_charsmap(file);
      if (!charsmap) return fail(std::move(charsmap.error()));
      normalizer.charsmap = *std::move(charsmap);
      encoder_ = std::make_unique<tokenizer::Unigram>(vocabulary_, std::move(normalizer));
      return {};
    }
  }
  return {};
}

Status Tokenizer::make_pieces(bool byte_letters) {
  piece_ends_.reserve(vocabulary_.size());
  for (TokenId id = 0; vocabulary_.has(id); ++id) {
    const auto piece = piece_of(id, byte_letters);
    if (!piece) return fail(piece.error());
    piece_arena_ += *piece;
    piece_ends_.push_back(piece_arena_.size());
  }
  return {};
}

Result<std::string> Tokenizer::piece_of(TokenId id, bool byte_letters) const {
  const std::string_view text = vocabulary_[id].text;
  if (vocabulary_.is(id, tokenizer::kControl | tokenizer::kUnknown | tokenizer::kUserDefined)) {
    return std::string(text);
  }
  if (vocabulary_.is(id, tokenizer::kNormal)) {
    return byte_letters ? decode_shown(text) : tokenizer::unescape_spaces(text);
  }
  if (vocabulary_.is(id, tokenizer::kByte)) {
    const auto byte = byte_of_text(text);
    if (byte) return std::string(1, *byte);
    return fail(ErrorCode::CorruptData,
                fmt::format("token {} is a byte, but is not written <0x00> to <0xFF>", id));
  }
  return std::string();
}

std::string_view Tokenizer::piece(TokenId id) const {
  if (!vocabulary_.has(id)) return {};
  const auto index = static_cast<std::size_t>(id);
  const std::size_t start = index == 0 ? 0 : piece_ends_[index - 1];
  return std::string_view(piece_arena_).substr(start, piece_ends_[index] - start);
}

bool Tokenizer::add_bos() const {
  // BERT's [CLS] is not subject to add_bos_token.
  return kind_ == Kind::WordPiece ? special().bos != kNoToken : vocabulary_.add_bos();
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  std::vector<TokenId> out;
  if (options.add_special && add_bos()) out.push_back(special().bos);
  bool at_start = true;
  for (const tokenizer::Fragment& fragment : splitter_.split(text, options.parse_special)) {
    if (fragment.token != kNoToken) {
      out.push_back(fragment.token);
    } else {
      encoder_->encode(fragment.text, at_start, out);
    }
    at_start = fragment.token != kNoToken;
  }
  if (!options.add_special) return out;
  if (kind_ == Kind::WordPiece) {
    if (special().separator != kNoToken) out.push_back(special().separator);
  } else if (add_eos()) {
    out.push_back(special().eos);
  }
  return out;
}

std::string Tokenizer::decode(std::span<const TokenId> tokens, DecodeOptions options) const {
  bool drop_space = space_prefix_;
  if (options.strip_special && !tokens.empty()) {
    if (vocabulary_.add_bos() && tokens.front() == special().bos) {
      drop_space = false;
      tokens = tokens.subspan(1);
    }
    if (add_eos() && !tokens.empty() && tokens.back() == special().eos) {
      tokens = tokens.first(tokens.size() - 1);
    }
  }
  std::string out;
  for (const TokenId id : tokens) {
    std::string_view bytes = piece(id);
    if (vocabulary_.has(id) && is_special(id) && !options.special_visible) bytes = {};
    if (drop_space && bytes.starts_with(' ')) bytes.remove_prefix(1);
    drop_space = false;
    out += bytes;
  }
  if (clean_spaces_) tokenizer::clean_spaces(out);
  return out;
}

}  // namespace engine
