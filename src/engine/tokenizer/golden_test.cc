// Every stored reference case: ids, texts and facts of all vocabularies and pre-tokenizers. Prints
// what was covered.
#include <algorithm>
#include <cstdio>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "base/json/value.h"
#include "compute/gguf/file.h"
#include "compute/gguf/writer.h"
#include "engine/golden/files.h"
#include "engine/tokenizer/tokenizer.h"

namespace engine {
namespace {

namespace fs = std::filesystem;

fs::path golden(const char* folder) {
  const auto root = golden_folder();
  return root ? *root / folder : fs::path();
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

std::string string_of(const json::Value& value) {
  return std::string(value.as_string());
}

// A text of a case: a string, or {"hex": "..."}.
std::string bytes_of(const json::Value& value) {
  return value.is_object() ? from_hex(string_of(value.as_object().at("hex"))) : string_of(value);
}

std::shared_ptr<const Tokenizer> load(const gguf::File& file) {
  auto loaded = Tokenizer::load(file);
  EXPECT_TRUE(loaded) << loaded.error().message;
  return loaded ? *loaded : nullptr;
}

struct Tally {
  int cases = 0;
  int wrong = 0;
  std::string first;  // what was wrong first

  void check(bool equal, const std::string& what) {
    if (equal) return;
    ++wrong;
    if (first.size() < 1500) first += what + "\n";
  }
};

std::string shown(const std::vector<TokenId>& ids) {
  std::ostringstream out;
  for (const TokenId id : ids) out << id << ' ';
  return out.str();
}

void check_run(const Tokenizer& tokenizer, const std::string& text, const json::Object& run,
               Tally& tally) {
  if (run.contains("error")) {
    tokenizer.encode(text, {.parse_special = true});  // any result, no crash
    return;
  }
  ++tally.cases;
  const EncodeOptions options = {.add_special = run.at("add_special").as_bool(),
                                 .parse_special = run.at("parse_special").as_bool()};
  const auto ids = tokenizer.encode(text, options);
  const auto expected = ints_of(run.at("ids"));
  tally.check(ids == expected, "ids of '" + text + "': " + shown(ids) + "not " + shown(expected));
  if (!run.contains("detok")) return;

  const std::string detok = bytes_of(run.at("detok"));
  const auto field = [&](const char* name, const std::string& otherwise) {
    return run.contains(name) ? bytes_of(run.at(name)) : otherwise;
  };
  const std::string pieces = field("pieces", detok);
  std::string streamed;
  std::string streamed_plain;
  for (const TokenId id : expected) {
    streamed += tokenizer.piece(id);
    if (!tokenizer.is_special(id)) streamed_plain += tokenizer.piece(id);
  }
  const auto compare = [&](const char* name, const std::string& is, const std::string& should) {
    tally.check(is == should, std::string(name) + " '" + is + "' not '" + should + "'");
  };
  compare("detok", tokenizer.decode(expected, {.special_visible = true}), detok);
  compare("detok_clean", tokenizer.decode(expected, {.strip_special = true}),
          field("detok_clean", detok));
  compare("pieces", streamed, pieces);
  compare("pieces_plain", streamed_plain, field("pieces_plain", pieces));
}

void check_info(const Tokenizer& tokenizer, const json::Object& info, Tally& tally) {
  const auto& special = tokenizer.special();
  const auto number = [&](const char* name, std::int64_t value) {
    ++tally.cases;
    tally.check(info.at(name).to_number<std::int64_t>() == value,
                std::string(name) + " is " + std::to_string(value));
  };
  number("n_vocab", static_cast<std::int64_t>(tokenizer.n_tokens()));
  number("bos", special.bos);
  number("eos", special.eos);
  number("eot", special.eot);
  number("sep", special.separator);
  number("pad", special.padding);
  number("mask", special.mask);
  tally.check(info.at("add_bos").as_bool() == tokenizer.add_bos(), "add_bos");
  tally.check(info.at("add_eos").as_bool() == tokenizer.add_eos(), "add_eos");
  const auto eog = ints_of(info.at("eog"));
  tally.check(std::ranges::equal(eog, tokenizer.end_of_generation()), "eog");
  std::size_t n_control = 0;
  for (TokenId id = 0; tokenizer.vocabulary().has(id); ++id) n_control += tokenizer.is_control(id);
  for (const json::Value& entry : info.at("control").as_array()) {
    const auto id = entry.as_array()[0].to_number<TokenId>();
    tally.check(tokenizer.is_control(id), "control " + std::to_string(id));
  }
  tally.check(n_control >= info.at("control").as_array().size(), "count of control tokens");
}

Tally check_cases(const Tokenizer& tokenizer, const json::Object& golden_cases) {
  Tally tally;
  check_info(tokenizer, golden_cases.at("info").as_object(), tally);
  for (const json::Value& value : golden_cases.at("cases").as_array()) {
    const json::Object& one = value.as_object();
    const std::string text =
        one.contains("hex") ? from_hex(string_of(one.at("hex"))) : string_of(one.at("text"));
    for (const json::Value& run : one.at("runs").as_array()) {
      check_run(tokenizer, text, run.as_object(), tally);
    }
  }
  return tally;
}

void report(const std::string& name, const Tally& tally) {
  std::printf("  %-24s %5d cases, %d differences\n", name.c_str(), tally.cases, tally.wrong);
  EXPECT_EQ(tally.wrong, 0) << name << "\n" << tally.first;
}

class GoldenTokenizers : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = golden("tokenizers");
    if (folder_.empty()) GTEST_SKIP() << "no golden files beside the source (see golden/files.h)";
  }
  fs::path folder_;
};

TEST_F(GoldenTokenizers, VocabulariesMatchTheirTestPairs) {
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.path().extension() != ".inp") continue;
    const fs::path model = fs::path(entry.path()).replace_extension();
    const auto file = gguf::File::open(model);
    ASSERT_TRUE(file) << file.error().message;
    const auto tokenizer = load(*file);
    ASSERT_NE(tokenizer, nullptr);
    const std::string inputs = *read_file(entry.path());
    std::istringstream outputs(*read_file(fs::path(model).concat(".out")));
    const std::string separator = "\n__ggml_vocab_test__\n";
    Tally tally;
    for (std::size_t start = 0; start < inputs.size();) {
      const std::size_t end = std::min(inputs.find(separator, start), inputs.size());
      std::string line;
      std::getline(outputs, line);
      std::istringstream numbers(line);
      std::vector<TokenId> expected;
      for (TokenId id = 0; numbers >> id;) expected.push_back(id);
      const auto ids = tokenizer->encode(inputs.substr(start, end - start));
      ++tally.cases;
      tally.check(ids == expected, shown(ids) + "not " + shown(expected));
      start = end + separator.size();
    }
    report(model.filename().string(), tally);
  }
}

TEST_F(GoldenTokenizers, VocabulariesMatchAllStoredCases) {
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.path().extension() != ".json") continue;
    const auto stored = read_json(entry.path());
    ASSERT_TRUE(stored);
    const auto file = gguf::File::open(folder_ / string_of(stored->as_object().at("vocab")));
    ASSERT_TRUE(file) << file.error().message;
    const auto tokenizer = load(*file);
    ASSERT_NE(tokenizer, nullptr);
    report(entry.path().stem().string(), check_cases(*tokenizer, stored->as_object()));
  }
}

TEST_F(GoldenTokenizers, PretokenizersMatchAllStoredCases) {
  const auto probe = gguf::File::open(folder_ / "pre" / "pre-probe.gguf");
  ASSERT_TRUE(probe) << probe.error().message;
  for (const auto& entry : fs::directory_iterator(folder_ / "pre")) {
    if (entry.path().extension() != ".json") continue;
    const auto stored = read_json(entry.path());
    ASSERT_TRUE(stored);
    gguf::Layout layout;
    layout.copy_metadata(*probe);
    for (const auto& [key, value] : stored->as_object().at("override").as_object()) {
      layout.set(std::string(key), string_of(value));
    }
    const std::string bytes = gguf::to_bytes(layout, {});
    const auto file = gguf::File::parse(std::as_bytes(std::span(bytes)));
    ASSERT_TRUE(file) << file.error().message;
    const auto tokenizer = load(*file);
    if (tokenizer == nullptr) continue;
    report("pre/" + entry.path().stem().string(), check_cases(*tokenizer, stored->as_object()));
  }
}

TEST(GoldenArchitectures, TextsOfTheModelsMatch) {
  const fs::path folder = golden("architectures");
  if (folder.empty()) GTEST_SKIP() << "no golden files beside the source (see golden/files.h)";
  Tally tally;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".gguf") continue;
    const auto stored = read_json(fs::path(entry.path()).replace_extension(".json"));
    ASSERT_TRUE(stored);
    if (!stored->as_object().contains("texts")) continue;
    const auto file = gguf::File::open(entry.path());
    ASSERT_TRUE(file) << file.error().message;
    const auto tokenizer = load(*file);
    ASSERT_NE(tokenizer, nullptr) << entry.path();
    for (const json::Value& text : stored->as_object().at("texts").as_array()) {
      const auto ids = tokenizer->encode(bytes_of(text.as_object().at("text")),
                                         {.add_special = true, .parse_special = true});
      const auto expected = ints_of(text.as_object().at("ids"));
      ++tally.cases;
      tally.check(ids == expected,
                  entry.path().stem().string() + " " + shown(ids) + "not " + shown(expected));
    }
  }
  report("texts of architectures", tally);
}

}  // namespace
}  // namespace engine
