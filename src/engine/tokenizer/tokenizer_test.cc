#include "engine/tokenizer/tokenizer.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <limits>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits/tokenizer.h"
#include "engine/tokenizer/charsmap.h"
#include "engine/tokenizer/clean_spaces.h"
#include "engine/tokenizer/made_vocabulary.h"
#include "engine/tokenizer/split/pretokenizer.h"
#include "engine/tokenizer/stream.h"

namespace engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tokenizer::MadeVocabulary;

Result<std::shared_ptr<const Tokenizer>> load(MadeVocabulary made) {
  const std::string bytes = made.bytes();
  const auto file = gguf::File::parse(std::as_bytes(std::span(bytes)));
  if (!file) return fail(file.error());
  return Tokenizer::load(*file);
}

std::shared_ptr<const Tokenizer> loaded(MadeVocabulary made) {
  auto made_tokenizer = load(std::move(made));
  EXPECT_TRUE(made_tokenizer) << made_tokenizer.error().message;
  return *made_tokenizer;
}

// Ids 0-255 are bytes in the order of their value; merges follow.
MadeVocabulary byte_level(std::string_view pre = "gpt-2") {
  MadeVocabulary made("gpt2");
  made.layout().set("tokenizer.ggml.pre", pre);
  made.byte_letters();
  return made;
}

std::string joined_pieces(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  std::string text;
  for (const TokenId id : ids) text += tokenizer.piece(id);
  return text;
}

TEST(Tokenizer, MergesTheLowestRankFirstAndTheLeftmostOfEquals) {
  auto made = byte_level();
  made.merge("b", "c").merge("a", "b").merge("a", "a");  // 256 bc, 257 ab, 258 aa
  const auto tokenizer = loaded(std::move(made));
  EXPECT_THAT(tokenizer->encode("abc"), ElementsAre('a', 256));
  EXPECT_THAT(tokenizer->encode("ab"), ElementsAre(257));
  EXPECT_THAT(tokenizer->encode("aaa"), ElementsAre(258, 'a'));
}

TEST(Tokenizer, LongAndShortWordsMergeAlike) {
  auto made = byte_level("superbpe");  // no cuts between letters
  made.merge("a", "b").merge("ab", "ab").merge("b", "a").merge("abab", "c").merge("c", "a");
  const auto tokenizer = loaded(std::move(made));
  // Joining the encodings of separate words equals encoding them in one long word when no merge
  // reaches over the seam.
  const std::string unit = "ababcbaz";
  const auto one = tokenizer->encode(unit);
  std::vector<TokenId> expected;
  std::string text;
  for (int i = 0; i < 50; ++i) {
    text += unit;
    expected.insert(expected.end(), one.begin(), one.end());
  }
  EXPECT_EQ(tokenizer->encode(text), expected);
}

TEST(Tokenizer, WholeWordsSkipMergingWhereTheFamilyDoes) {
  for (const auto& [pre, whole] : {std::pair{"llama-bpe", true}, std::pair{"dbrx", false}}) {
    auto made = byte_level(pre);
    made.tokens({"word"});
    made.layout().set("tokenizer.ggml.add_bos_token", false);
    EXPECT_EQ(loaded(std::move(made))->encode("word").size(), whole ? 1U : 4U) << pre;
  }
}

TEST(Tokenizer, SpecialTokensAreCutOutLongestFirst) {
  auto made = byte_level();
  made.token("<s>", MadeVocabulary::kControlType);     // 256
  made.token("<s><s>", MadeVocabulary::kControlType);  // 257
  made.token("  ", MadeVocabulary::kUserDefinedType);  // 258
  const auto tokenizer = loaded(std::move(made));
  EXPECT_THAT(tokenizer->encode("<s><s><s>x", {.parse_special = true}), ElementsAre(257, 256, 'x'));
  EXPECT_THAT(tokenizer->encode("<s>"), ElementsAre('<', 's', '>'));
  EXPECT_THAT(tokenizer->encode("a   b"), ElementsAre('a', 258, ' ', 'b'));
  EXPECT_THAT(tokenizer->encode(""), ElementsAre());
}

TEST(Tokenizer, AddsBosAndEosWhereTheFileSaysSo) {
  auto made = byte_level();
  made.layout().set("tokenizer.ggml.bos_token_id", std::uint32_t{1});
  made.layout().set("tokenizer.ggml.eos_token_id", std::uint32_t{2});
  made.layout().set("tokenizer.ggml.add_bos_token", true);
  made.layout().set("tokenizer.ggml.add_eos_token", true);
  const auto tokenizer = loaded(std::move(made));
  EXPECT_THAT(tokenizer->encode("x", {.add_special = true}), ElementsAre(1, 'x', 2));
  EXPECT_THAT(tokenizer->encode("x"), ElementsAre('x'));
  EXPECT_TRUE(tokenizer->ends_generation(2));
  EXPECT_FALSE(tokenizer->ends_generation(1));
}

TEST(Tokenizer, EndOfTurnTokensAreFoundByTheirText) {
  auto made = byte_level();
  made.token("<|im_end|>").token("<|return|>").token("<|call|>").token("<|end|>");
  made.layout().set("tokenizer.ggml.eos_token_id", std::uint32_t{256});
  const auto tokenizer = loaded(std::move(made));
  EXPECT_THAT(tokenizer->end_of_generation(), ElementsAre(256, 257, 258));  // not <|end|>
  EXPECT_EQ(tokenizer->special().eot, 256);
  EXPECT_TRUE(tokenizer->is_control(256));
}

TEST(Tokenizer, SentencePiecePrefixesASpaceAndFallsBackToBytes) {
  MadeVocabulary made("llama");
  made.token("<unk>", MadeVocabulary::kUnknownType).token("<s>", MadeVocabulary::kControlType);
  made.token("</s>", MadeVocabulary::kControlType).byte_tokens();  // byte b is 3 + b
  made.token("▁", 1, -3).token("a", 1, -4).token("▁a", 1, -1).token("▁▁", 1, -2);  // 259 ...
  const auto tokenizer = loaded(std::move(made));
  EXPECT_THAT(tokenizer->encode("a", {.add_special = true}), ElementsAre(1, 261));
  EXPECT_THAT(tokenizer->encode("é"), ElementsAre(259, 3 + 0xC3, 3 + 0xA9));
  EXPECT_THAT(tokenizer->encode("  a"), ElementsAre(262, 261));
  EXPECT_THAT(tokenizer->encode("<s>a", {.parse_special = true}), ElementsAre(1, 261));
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{1, 261, 3 + 0xC3, 3 + 0xA9}), " aé");
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{261}), "a");
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{1, 261}, {.strip_special = true}), " a");
}

TEST(Tokenizer, WordPieceTakesLongestMatchesAndGivesUpWholeWords) {
  MadeVocabulary made("bert");
  made.tokens({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁un", "able", "▁unable", "▁!"});
  made.layout().set("tokenizer.ggml.bos_token_id", std::uint32_t{2});
  made.layout().set("tokenizer.ggml.seperator_token_id", std::uint32_t{3});
  made.layout().set("tokenizer.ggml.unknown_token_id", std::uint32_t{1});
  const auto tokenizer = loaded(std::move(made));
  EXPECT_THAT(tokenizer->encode("Únable unx able!"), ElementsAre(6, 1, 1, 7));
  EXPECT_THAT(tokenizer->encode("un", {.add_special = true}), ElementsAre(2, 4, 3));
}

TEST(Tokenizer, UnigramTakesTheMostProbableSpelling) {
  MadeVocabulary made("t5");
  made.token("<pad>", MadeVocabulary::kControlType).token("</s>", MadeVocabulary::kControlType);
  made.token("<unk>", MadeVocabulary::kUnknownType);
  made.token("▁", 1, -2)
      .token("a", 1, -3)
      .token("b", 1, -3)
      .token("ab", 1, -4)
      .token("▁a", 1, -4.5F);
  made.layout().set("tokenizer.ggml.add_space_prefix", true);
  made.layout().set("tokenizer.ggml.remove_extra_whitespaces", true);
  const auto tokenizer = loaded(std::move(made));
  EXPECT_THAT(tokenizer->encode("ab"), ElementsAre(3, 6));  // -6 beats ▁a b at -7.5
  EXPECT_THAT(tokenizer->encode(" a  b ", {.add_special = true}), ElementsAre(7, 3, 5, 1));
  EXPECT_THAT(tokenizer->encode("axyb"), ElementsAre(7, 2, 5));  // neighbouring unknowns are one
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{7, 3, 5}), "a b");
}

TEST(CharsMap, ReplacesTheLongestSequenceAndSurvivesDamage) {
  // One key, "A" -> "a": root offset 0, child at 'A' ends a sequence, its value unit one further.
  std::vector<std::uint32_t> units(256, 0);
  constexpr std::uint32_t kOffset = 1;
  units['A'] = 'A' | (1U << 8) | (kOffset << 10);
  units['A' ^ kOffset] = (1U << 31) | 0;
  std::vector<std::uint8_t> blob(4 + units.size() * 4);
  const auto table_bytes = static_cast<std::uint32_t>(units.size() * 4);
  std::memcpy(blob.data(), &table_bytes, 4);
  std::memcpy(blob.data() + 4, units.data(), table_bytes);
  blob.insert(blob.end(), {'a', 0});
  const auto map = tokenizer::CharsMap::parse(blob);
  ASSERT_TRUE(map);
  EXPECT_EQ(map->find("AB")->with, "a");
  EXPECT_FALSE(map->find("B"));
  for (std::size_t size = 0; size < 5; ++size) {
    EXPECT_FALSE(tokenizer::CharsMap::parse(std::span(blob).first(size)));
  }
  for (std::size_t i = 4; i < blob.size(); ++i) {
    auto damaged = blob;
    damaged[i] = 0xFF;
    const auto parsed = tokenizer::CharsMap::parse(damaged);
    ASSERT_TRUE(parsed);
    parsed->find("AAAA");
  }
}

TEST(Tokenizer, InvalidUtf8BecomesReplacementCharacters) {
  const auto tokenizer = loaded(byte_level());
  const auto text = [&](std::string_view bytes) {
    return joined_pieces(*tokenizer, tokenizer->encode(bytes));
  };
  EXPECT_EQ(text("a\xFF"
                 "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(text("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(text("\xC0\x80"), std::string(1, '\0'));
  EXPECT_EQ(text("\xF4\x90\x80\x80").size(), 12U);  // beyond U+10FFFF
}

TEST(Tokenizer, ErrorsNameWhatIsWrong) {
  MadeVocabulary unknown_model("morse");
  EXPECT_THAT(load(unknown_model.tokens({"."})).error().message, HasSubstr("'morse'"));
  EXPECT_THAT(load(byte_level("nobody")).error().message, HasSubstr("'nobody'"));
  EXPECT_EQ(load(byte_level("nobody")).error().code, ErrorCode::Unsupported);
  auto twice = byte_level();
  twice.tokens({"xy", "xy"});
  EXPECT_THAT(load(std::move(twice)).error().message, HasSubstr("tokens 256 and 257"));
  MadeVocabulary bad_byte("llama");
  bad_byte.token("<0xZZ>", MadeVocabulary::kByteType);
  EXPECT_THAT(load(std::move(bad_byte)).error().message, HasSubstr("token 0 is a byte"));
  MadeVocabulary nan("llama");
  nan.token("a", 1, std::numeric_limits<float>::quiet_NaN());
  EXPECT_THAT(load(std::move(nan)).error().message, HasSubstr("NaN"));
  auto huge = byte_level();
  huge.token(std::string(limits::token_bytes_max + 1, 'x'));
  EXPECT_THAT(load(std::move(huge)).error().message, HasSubstr("token 256 has"));
  auto at_limit = byte_level();
  at_limit.token(std::string(limits::token_bytes_max, 'x'));
  EXPECT_TRUE(load(std::move(at_limit)));
}

TEST(Tokenizer, IdsOutsideTheVocabularyDecodeToNothing) {
  const auto tokenizer = loaded(byte_level());
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{'a', -1, 1 << 30, 'b'}), "ab");
  EXPECT_EQ(tokenizer->piece(256), "");
}

TEST(Tokenizer, EveryPretokenizerCutsAnyTextIntoAllOfIt) {
  std::string text =
      "I'll'LL don’t  a\tb\r\n\n 12345½ <sentinel:12> IMGIMGABZ ~~~ éAéA 一龥か한글 ";
  text += "\xFF\xE2\x80\xA8  \xC2\x85 x.y!?_-+=$ 𝔘𝕟 \xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB  ";
  for (const auto& pre : tokenizer::all_pretokenizers()) {
    for (std::size_t start = 0; start < text.size(); ++start) {
      const tokenizer::Text points(std::string_view(text).substr(start));
      tokenizer::Cuts cuts;
      tokenizer::Cuts scratch;
      tokenizer::pretokenize(pre, points, cuts, scratch);
      ASSERT_TRUE(std::ranges::is_sorted(cuts)) << pre.name;
      ASSERT_TRUE(std::ranges::adjacent_find(cuts) == cuts.end()) << pre.name;
      ASSERT_EQ(cuts.back(), points.size()) << pre.name << " from " << start;
    }
  }
}

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Sixteen times the text takes some sixteen times as long (with caches that no longer hold it,
// more); a quadratic step would take 256 times.
TEST(Tokenizer, TimeIsLinearInRepetitiveText) {
  const auto seconds = [](const Tokenizer& tokenizer, const std::string& text) {
    double best = 1e9;
    for (int run = 0; run < 2; ++run) {
      const double start = thread_seconds();
      tokenizer.encode(text, {.parse_special = true});
      best = std::min(best, thread_seconds() - start);
    }
    return best;
  };
  for (const char* pre :
       {"llama-bpe", "gpt-4o", "deepseek-llm", "superbpe", "chameleon", "gemma4"}) {
    auto made = byte_level(pre);
    made.merge("a", "a").merge("aa", "aa").merge("aaaa", "aaaa").merge("Ġ", "Ġ");
    made.token("<|im_end|>", MadeVocabulary::kControlType);
    const auto tokenizer = loaded(std::move(made));
    for (const char* unit :
         {"a", " ", "\n", "\xF0\x9F\x98\x80", "1", "'", "<|", "\xFF", "A\xC3\xA9"}) {
      std::string small;
      while (small.size() < 4 * 1024) small += unit;
      std::string large;
      for (int i = 0; i < 16; ++i) large += small;
      EXPECT_LT(seconds(*tokenizer, large) / seconds(*tokenizer, small), 128)
          << pre << " '" << unit << "'";
    }
  }
}

TEST(Tokenizer, ThreadsShareOne) {
  auto made = byte_level();
  made.merge("t", "h").merge("th", "e");
  const auto tokenizer = loaded(std::move(made));
  const auto expected = tokenizer->encode("the other theme");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 100; ++n) EXPECT_EQ(tokenizer->encode("the other theme"), expected);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(TokenStream, HoldsBackUnfinishedCharacters) {
  auto made = byte_level();
  made.token("<|im_end|>", MadeVocabulary::kControlType);
  const auto tokenizer = loaded(std::move(made));
  TokenStream stream(*tokenizer);
  EXPECT_EQ(stream.push('a'), "a");
  EXPECT_EQ(stream.push(0xE2), "");
  EXPECT_EQ(stream.push(0x82), "");
  EXPECT_EQ(stream.push(256), "");  // special tokens are hidden
  EXPECT_EQ(stream.push(0xAC), "€");
  EXPECT_EQ(stream.push(0xF0), "");
  EXPECT_EQ(stream.pending(), "\xF0");
  EXPECT_EQ(stream.finish(), "\xF0");
  EXPECT_EQ(stream.finish(), "");
  EXPECT_EQ(TokenStream(*tokenizer, true).push(256), "<|im_end|>");
}

TEST(CleanSpaces, RemovesWhatTheReferenceRemoves) {
  const auto cleaned = [](std::string text) {
    tokenizer::clean_spaces(text);
    return text;
  };
  EXPECT_EQ(cleaned("a . b , c ! d ?"), "a. b, c! d?");
  EXPECT_EQ(cleaned("it 's we 're I 'm you 've"), "it's we're I'm you've");
  EXPECT_EQ(cleaned("don 't I 'll"), "don 't I 'll");
  EXPECT_EQ(cleaned(""), "");
}

}  // namespace
}  // namespace engine
