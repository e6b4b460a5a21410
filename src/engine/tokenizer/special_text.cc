// Files rarely say which token ends a turn or fills in the middle, so the well-known texts decide.
// The names are those that model families use; the rules are the reference's.
#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <span>
#include <string_view>

#include "engine/tokenizer/vocabulary.h"

namespace engine::tokenizer {
namespace {

using Names = std::span<const std::string_view>;

// Where a vocabulary has several, the first of the list counts.
constexpr std::string_view kEndOfTurn[] = {
    "<|eot_id|>",        "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>",
    "<|end_of_text|>",   "<EOT>",      "_<EOT>",  "[EOT]",         "<｜end▁of▁sentence｜>",
    "<end_of_utterance>"};
constexpr std::string_view kEndOfMessage[] = {"<|eom_id|>"};
constexpr std::string_view kFimPrefix[] = {"<|fim_prefix|>",  "<fim-prefix>", "<fim_prefix>",
                                           "<｜fim▁begin｜>", "<PRE>",        "▁<PRE>",
                                           "<|code_prefix|>", "<|prefix|>"};
constexpr std::string_view kFimSuffix[] = {"<|fim_suffix|>",  "<fim-suffix>", "<fim_suffix>",
                                           "<｜fim▁hole｜>",  "<SUF>",        "▁<SUF>",
                                           "<|code_suffix|>", "<|suffix|>"};
constexpr std::string_view kFimMiddle[] = {"<|fim_middle|>",  "<fim-middle>", "<fim_middle>",
                                           "<｜fim▁end｜>",   "<MID>",        "▁<MID>",
                                           "<|code_middle|>", "<|middle|>"};
constexpr std::string_view kFimPadding[] = {"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>",
                                            "[PAD]"};
constexpr std::string_view kFimRepository[] = {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>",
                                               "<REPO>", "<reponame>"};
constexpr std::string_view kFimFile[] = {"<|file_sep|>"};

constexpr std::string_view kEndOfGeneration[] = {"<|eot_id|>",
                                                 "<|im_end|>",
                                                 "<|end|>",
                                                 "<|return|>",
                                                 "<|call|>",
                                                 "<|flush|>",
                                                 "<|calls|>",
                                                 "<end_of_turn>",
                                                 "<|endoftext|>",
                                                 "</s>",
                                                 "<|eom_id|>",
                                                 "<EOT>",
                                                 "_<EOT>",
                                                 "[EOT]",
                                                 "[EOS]",
                                                 "<|end_of_text|>",
                                                 "<end_of_utterance>",
                                                 "<eos>",
                                                 "<turn|>",
                                                 "<|tool_response>",
                                                 "<｜end▁of▁sentence｜>",
                                                 "[e~["};

// Control tokens of the gpt-oss format that clients must see to tell its channels apart.
constexpr std::string_view kAlwaysShown[] = {"<|channel|>", "<|message|>", "<|start|>",
                                             "<|constrain|>"};

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(
      parts, [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

}  // namespace

void Vocabulary::find_special_by_text() {
  const auto look = [&](TokenId& id, Names names) {
    for (auto name = names.begin(); id == kNoToken && name != names.end(); ++name) {
      id = find(*name);
      if (id != kNoToken) tokens_[static_cast<std::size_t>(id)].attributes |= kControl;
    }
  };
  look(special_.eot, kEndOfTurn);
  look(special_.eom, kEndOfMessage);
  look(special_.fim_prefix, kFimPrefix);
  look(special_.fim_suffix, kFimSuffix);
  look(special_.fim_middle, kFimMiddle);
  look(special_.fim_padding, kFimPadding);
  look(special_.fim_repository, kFimRepository);
  look(special_.fim_file, kFimFile);
}

void Vocabulary::mark_unused() {
  for (TokenEntry& token : tokens_) {
    const bool says_unused = token.text.find("unused") != std::string_view::npos;
    if ((token.attributes & kControl) && says_unused) token.attributes |= kUnused;
  }
}

void Vocabulary::find_end_of_generation() {
  auto& ids = end_of_generation_;
  ids = {special_.fim_padding, special_.fim_repository,
         special_.fim_file,    special_.eos,
         special_.eot,         special_.eom};
  for (const std::string_view name : kEndOfGeneration) {
    const TokenId id = find(name);
    if (id == kNoToken) continue;
    ids.push_back(id);
    tokens_[static_cast<std::size_t>(id)].attributes |= kControl;
  }
  for (const std::string_view name : kAlwaysShown) {
    const TokenId id = find(name);
    if (id != kNoToken) tokens_[static_cast<std::size_t>(id)].attributes = kUserDefined;
  }
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  std::erase(ids, kNoToken);
}

void Vocabulary::adjust_end_of_generation() {
  const auto ends = [&](std::string_view name) {
    const TokenId id = find(name);
    return id != kNoToken && ends_generation(id);
  };
  const auto keep_going_after = [&](std::string_view name, std::uint16_t attributes) {
    const TokenId id = find(name);
    std::erase(end_of_generation_, id);
    tokens_[static_cast<std::size_t>(id)].attributes = attributes;
  };
  // gpt-oss and solar-open end a message, not their turn, with <|end|>.
  const bool calls = ends("<|call|>") || ends("<|calls|>");
  if (ends("<|end|>") && calls && (ends("<|return|>") || ends("<|flush|>"))) {
    keep_going_after("<|end|>", kUserDefined);
  }
  // gemma4 has an ordinary token </s>: HTML.
  if (ends("<|tool_response>") && ends("</s>")) keep_going_after("</s>", kNormal);
}

void Vocabulary::set_strip_attributes(const gguf::File& file) {
  const auto text = [&](const char* key) {
    const gguf::Value* value = file.value(key);
    return std::string(value != nullptr ? value->string : std::string_view());
  };
  const auto change = [&](std::string_view name, Attribute attribute, bool on) {
    const TokenId id = find(name);
    if (id == kNoToken) return;
    auto& attributes = tokens_[static_cast<std::size_t>(id)].attributes;
    attributes = static_cast<std::uint16_t>(on ? attributes | attribute : attributes & ~attribute);
  };
  std::string model = text("general.name");
  std::ranges::transform(model, model.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (contains_any(text("tokenizer.ggml.pre"), {"jina-v2-de", "jina-v2-es", "jina-v2-code"}) ||
      contains_any(text("general.architecture"), {"nomic-bert-moe", "jina-bert-v3"})) {
    change("<mask>", kStripsLeft, true);
  } else if (contains_any(model, {"phi-3", "phi3"})) {
    for (TokenEntry& token : tokens_) {
      if (token.attributes & (kControl | kUserDefined | kUnknown)) token.attributes |= kStripsRight;
    }
    change("</s>", kStripsRight, true);
    for (const char* name : {"<unk>", "<s>", "<|endoftext|>"}) change(name, kStripsRight, false);
  } else if (contains_any(model, {"modern-bert"})) {
    change("[MASK]", kStripsLeft, true);
  }
}

}  // namespace engine::tokenizer
