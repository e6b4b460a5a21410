#include "engine/tokenizer/split/pretokenizer.h"

#include <algorithm>
#include <utility>

#include "engine/tokenizer/split/deepseek.h"
#include "engine/tokenizer/split/digits.h"
#include "engine/tokenizer/split/families.h"
#include "engine/tokenizer/split/words.h"

namespace engine::tokenizer {
namespace {

// Whole-pattern steps of GPT-4's kind.
constexpr Step kLlama3 = isolate<match_word<WordRule{}>>;
constexpr Step kQwen2 = isolate<match_word<WordRule{.digits_max = 1}>>;
constexpr Step kQwen35 = isolate<
    match_word<WordRule{.letters = kLetter | kMark, .not_punctuation = kMark, .digits_max = 1}>>;
constexpr Step kSeedCoder = isolate<match_word<WordRule{.digits_max = 1, .tail = Tail::None}>>;
constexpr Step kUfakzeka = isolate<match_word<WordRule{.contractions = false, .digits_max = 1}>>;
constexpr WordRule kAnyDigits = {.digits_max = std::size_t{1} << 62};
constexpr Step kMiniCpm5 = isolate<match_word<kAnyDigits>>;

// ... and of GPT-4o's.
constexpr WordRule kSlashes = {.contractions = false, .tail = Tail::NewlinesAndSlashes};
constexpr WordRule kSlashesDigit = {
    .contractions = false, .digits_max = 1, .tail = Tail::NewlinesAndSlashes};
constexpr Step kGpt4o = isolate<match_cased<CasedRule{}, kSlashes>>;
constexpr Step kTekken = isolate<match_cased<CasedRule{.contractions = false}, kSlashesDigit>>;
constexpr Step kGraniteMulti =
    isolate<match_cased<CasedRule{.letters = kLetter | kMark}, kSlashes>>;

// The reference reads these families' \p{Lu} and \p{Ll} as \p{L}.
constexpr CasedRule kUncased = {.letters = kLetter | kMark, .cased = false};
constexpr Step kTinyAya = isolate<match_cased<kUncased, kSlashes>>;
constexpr Step kYoutu = isolate<match_cased<kUncased, kSlashesDigit>>;

constexpr Step kGpt2 = isolate<match_gpt2>;
constexpr Step kDigit = isolate<match_number_character>;
constexpr Step kDigits3 = isolate<match_number_up_to_3>;
constexpr Step kHanAndKana = isolate<match_han_and_kana>;
constexpr Step kDeepSeekV3 = isolate<match_deepseek_v3>;
constexpr Step kNewline = isolate<match_newline>;
constexpr Step kScripts = isolate<match_scripts>;
constexpr Step kBloom = isolate<match_bloom>;
constexpr Step kLine = isolate<match_line>;

using Steps = std::array<Step, 6>;
constexpr Steps kDeepSeekV3Steps = {kDigits3, kHanAndKana, kDeepSeekV3};
constexpr Steps kDigitGpt2 = {kDigit, kGpt2};
constexpr Steps kDefaultSteps = {isolate<match_punctuation>, kGpt2, isolate<match_number>,
                                 isolate<match_3_digits>};
constexpr Steps kDeepSeekLlmSteps = {
    kNewline, isolate<match_spaced_alphabet>, isolate<match_spaced_marks>, isolate_space_at_end,
    kScripts, isolate<match_number>};
constexpr Steps kDeepSeekCoderSteps = {kNewline, isolate<match_spaced_letters>,
                                       isolate<match_spaced_punctuation>, kScripts, kDigit};
constexpr Steps kFalconSteps = {isolate<match_falcon_punctuation>, kGpt2, isolate<match_3_digits>};
constexpr Steps kChameleonSteps = {
    isolate<match_chameleon_sentinel>,    isolate<match_chameleon_image>,
    isolate<match_chameleon_indent>,      kDigit,
    isolate<match_chameleon_punctuation>, kGpt2};
constexpr Steps kAfmoeSteps = {cut_after_thousands, isolate<match_asian_scripts>, kDeepSeekV3};

constexpr bool kKeep = false;  // clean_spaces: decoding leaves spaces alone

// clang-format off
constexpr Pretokenizer kPretokenizers[] = {
    {.name = "default",       .steps = kDefaultSteps},

    // GPT-2 and relatives
    {.name = "gpt-2",         .steps = {kGpt2}},
    {.name = "phi-2",         .steps = {kGpt2}},
    {.name = "mpt",           .steps = {kGpt2}},
    {.name = "olmo",          .steps = {kGpt2}},
    {.name = "jais",          .steps = {kGpt2}},
    {.name = "exaone4",       .steps = {kGpt2}},
    {.name = "trillion",      .steps = {kGpt2}, .clean_spaces = kKeep},
    {.name = "granite-docling", .steps = {kGpt2}, .clean_spaces = kKeep},
    {.name = "modern-bert",   .steps = {kGpt2}},
    {.name = "roberta-bpe",   .steps = {kGpt2}},
    {.name = "gigachat",      .steps = {kGpt2}},
    {.name = "mellum",        .steps = {kGpt2}},
    {.name = "a.x-4.0",       .steps = {kGpt2}},
    {.name = "jina-es",       .steps = {kGpt2}},
    {.name = "jina-de",       .steps = {kGpt2}},
    {.name = "jina-v1-en",    .steps = {kGpt2}},
    {.name = "jina-v2-es",    .steps = {kGpt2}},
    {.name = "jina-v2-de",    .steps = {kGpt2}},
    {.name = "jina-v2-code",  .steps = {kGpt2}},
    {.name = "starcoder",     .steps = kDigitGpt2},
    {.name = "refact",        .steps = kDigitGpt2},
    {.name = "command-r",     .steps = kDigitGpt2, .clean_spaces = kKeep},
    {.name = "smollm",        .steps = kDigitGpt2, .clean_spaces = kKeep},
    {.name = "codeshell",     .steps = kDigitGpt2},
    {.name = "exaone",        .steps = kDigitGpt2},
    {.name = "minerva-7b",    .steps = kDigitGpt2},
    {.name = "mellum2",       .steps = kDigitGpt2},
    {.name = "falcon",        .steps = kFalconSteps},
    {.name = "chameleon",     .steps = kChameleonSteps, .clean_spaces = kKeep, .add_bos = true},

    // Llama 3 and relatives
    {.name = "llama-bpe",     .steps = {kLlama3}, .whole_words = true, .add_bos = true},
    {.name = "llama3",        .steps = {kLlama3}, .whole_words = true, .add_bos = true},
    {.name = "llama-v3",      .steps = {kLlama3}, .whole_words = true, .add_bos = true},
    {.name = "falcon3",       .steps = {kLlama3}, .whole_words = true, .add_bos = true},
    {.name = "falcon-h1",     .steps = {kLlama3}, .whole_words = true, .add_bos = true},
    {.name = "pixtral",       .steps = {kLlama3}, .whole_words = true, .add_bos = true},
    {.name = "midm-2.0",      .steps = {kLlama3}, .whole_words = true, .add_bos = true},
    {.name = "lfm2",          .steps = {kLlama3}, .whole_words = true, .add_bos = true},
    {.name = "jina-v5-nano",  .steps = {kLlama3}, .whole_words = true, .add_bos = true},
    {.name = "dbrx",          .steps = {kLlama3}},
    {.name = "smaug-bpe",     .steps = {kLlama3}},
    {.name = "glm4",          .steps = {kLlama3}, .default_bos = false},
    {.name = "chatglm-bpe",   .steps = {kLlama3}, .default_bos = false},
    {.name = "minicpm5",      .steps = {kDigits3, kMiniCpm5}, .whole_words = true},
    {.name = "kimi-k2",       .steps = {isolate<match_kimi>}, .whole_words = true, .clean_spaces = kKeep},

    // Qwen 2 and relatives
    {.name = "qwen2",         .steps = {kQwen2}, .clean_spaces = kKeep},
    {.name = "deepseek-r1-qwen", .steps = {kQwen2}, .clean_spaces = kKeep},
    {.name = "kormo",         .steps = {kQwen2}, .clean_spaces = kKeep},
    {.name = "f2llmv2",       .steps = {kQwen2}, .clean_spaces = kKeep},
    {.name = "hunyuan",       .steps = {kQwen2}, .clean_spaces = kKeep},
    {.name = "solar-open",    .steps = {kQwen2}, .clean_spaces = kKeep},
    {.name = "grok-2",        .steps = {kQwen2}, .clean_spaces = kKeep},
    {.name = "stablelm2",     .steps = {kQwen2}},
    {.name = "megrez",        .steps = {kQwen2}},
    {.name = "qwen35",        .steps = {kQwen35}, .clean_spaces = kKeep},
    {.name = "seed-coder",    .steps = {kSeedCoder}, .clean_spaces = kKeep},
    {.name = "bailingmoe",    .steps = {kQwen2}, .clean_spaces = kKeep},
    {.name = "bailingmoe2",   .steps = {kQwen2}, .clean_spaces = kKeep},
    {.name = "llada-moe",     .steps = {kQwen2}, .clean_spaces = kKeep},
    {.name = "laguna",        .steps = {kLine, kQwen2}, .clean_spaces = kKeep},
    {.name = "ufakzeka",      .steps = {kUfakzeka}, .clean_spaces = kKeep},

    // GPT-4o and relatives
    {.name = "gpt-4o",        .steps = {kGpt4o}, .clean_spaces = kKeep},
    {.name = "llama4",        .steps = {kGpt4o}, .clean_spaces = kKeep},
    {.name = "kanana2",       .steps = {kGpt4o}, .clean_spaces = kKeep},
    {.name = "talkie",        .steps = {kGpt4o}, .clean_spaces = kKeep},
    {.name = "minimax-m2",    .steps = {kGpt4o}, .clean_spaces = kKeep},
    {.name = "tekken",        .steps = {kTekken}, .whole_words = true, .clean_spaces = kKeep, .add_bos = true},
    {.name = "tiny_aya",      .steps = {cut_after_thousands, kTinyAya}, .clean_spaces = kKeep},
    {.name = "cohere2moe",    .steps = {cut_after_thousands, kTinyAya}, .clean_spaces = kKeep},
    {.name = "youtu",         .steps = {isolate<match_youtu_scripts>, kYoutu}, .whole_words = true,
                      .clean_spaces = kKeep},
    {.name = "granite-embed-multi-97m", .steps = {kGraniteMulti}, .whole_words = true, .clean_spaces = kKeep},

    // DeepSeek and relatives
    {.name = "deepseek-llm",  .steps = kDeepSeekLlmSteps, .clean_spaces = kKeep},
    {.name = "deepseek-coder", .steps = kDeepSeekCoderSteps, .clean_spaces = kKeep},
    {.name = "deepseek-v3",   .steps = kDeepSeekV3Steps, .clean_spaces = kKeep},
    {.name = "hunyuan-dense", .steps = kDeepSeekV3Steps, .clean_spaces = kKeep},
    {.name = "joyai-llm",     .steps = kDeepSeekV3Steps, .clean_spaces = kKeep},
    {.name = "hy_v4",         .steps = kDeepSeekV3Steps, .clean_spaces = kKeep},
    {.name = "afmoe",         .steps = kAfmoeSteps, .clean_spaces = kKeep},

    // Bloom and relatives
    {.name = "bloom",         .steps = {kBloom}},
    {.name = "gpt3-finnish",  .steps = {kBloom}},
    {.name = "poro-chat",     .steps = {kBloom}, .clean_spaces = kKeep},
    {.name = "viking",        .steps = {kBloom, kDigit}, .clean_spaces = kKeep},

    // Merges cross words
    {.name = "superbpe",      .steps = {isolate<match_number>, cut_before_thousands}, .clean_spaces = kKeep},
    {.name = "gemma4",        .steps = {kLine}, .byte_encoded = false, .escape_spaces = true,
                      .whole_newlines = true, .always_bos = true},
    {.name = "granite-embed-multi-311m", .steps = {kLine}, .byte_encoded = false, .escape_spaces = true,
                      .whole_newlines = true, .always_bos = true},
    {.name = "sarvam-moe",    .steps = {kLine}, .clean_spaces = kKeep, .byte_encoded = false, .escape_spaces = true},
};
// clang-format on

}  // namespace

const Pretokenizer* find_pretokenizer(std::string_view name) {
  const auto found = std::ranges::find(kPretokenizers, name, &Pretokenizer::name);
  return found == std::end(kPretokenizers) ? nullptr : found;
}

std::span<const Pretokenizer> all_pretokenizers() {
  return kPretokenizers;
}

void pretokenize(const Pretokenizer& pretokenizer, const Text& text, Cuts& cuts, Cuts& scratch) {
  cuts.assign(1, text.size());
  for (const Step step : pretokenizer.steps) {
    if (step == nullptr) break;
    scratch.clear();
    std::size_t begin = 0;
    for (const std::size_t end : cuts) {
      if (begin < end) step({text.points(), text.classes(), begin, end}, scratch);
      begin = end;
    }
    std::swap(cuts, scratch);
  }
}

}  // namespace engine::tokenizer
