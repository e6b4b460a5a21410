#include "engine/golden/tokenizers.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/json/value.h"
#include "compute/gguf/file.h"
#include "compute/gguf/writer.h"
#include "engine/golden/files.h"
#include "engine/tokenizer/tokenizer.h"

namespace engine::golden {
namespace {

namespace fs = std::filesystem;

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

// What a comparison gave; an error when the vocabulary could not be loaded at all.
Row row_of(const std::string& name, const Result<Tally>& tally) {
  if (!tally) {
    const bool unsupported = tally.error().code == ErrorCode::Unsupported;
    return {"tokenizers", name, unsupported ? Verdict::NotCovered : Verdict::Wrong,
            tally.error().message};
  }
  auto detail = fmt::format("{} cases", tally->cases);
  if (tally->wrong > 0) detail += fmt::format(", {} differences: {}", tally->wrong, tally->first);
  return {"tokenizers", name, tally->wrong > 0 ? Verdict::Wrong : Verdict::Equal, detail};
}

// The strings of NAME.inp, whose ids are the lines of NAME.out.
Result<Tally> compare_pairs(const fs::path& model) {
  const auto file = gguf::File::open(model);
  if (!file) return fail(file.error());
  const auto tokenizer = Tokenizer::load(*file);
  if (!tokenizer) return fail(tokenizer.error());
  const auto inputs = read_file(fs::path(model).concat(".inp"));
  if (!inputs) return fail(inputs.error());
  const auto outputs = read_file(fs::path(model).concat(".out"));
  if (!outputs) return fail(outputs.error());

  std::istringstream lines(*outputs);
  const std::string separator = "\n__ggml_vocab_test__\n";
  Tally tally;
  for (std::size_t start = 0; start < inputs->size();) {
    const std::size_t end = std::min(inputs->find(separator, start), inputs->size());
    std::string line;
    std::getline(lines, line);
    std::istringstream numbers(line);
    std::vector<TokenId> expected;
    for (TokenId id = 0; numbers >> id;) expected.push_back(id);
    const auto ids = (*tokenizer)->encode(inputs->substr(start, end - start));
    ++tally.cases;
    tally.check(ids == expected, shown(ids) + "not " + shown(expected));
    start = end + separator.size();
  }
  return tally;
}

Result<Tally> compare_cases(const gguf::File& file, const json::Value& stored) {
  const auto tokenizer = Tokenizer::load(file);
  if (!tokenizer) return fail(tokenizer.error());
  return check_cases(**tokenizer, stored.as_object());
}

Result<Tally> compare_vocabulary(const fs::path& folder, const std::string& name) {
  const auto stored = read_json(folder / (name + ".json"));
  if (!stored) return fail(stored.error());
  const auto file = gguf::File::open(folder / string_of(stored->at("vocab")));
  if (!file) return fail(file.error());
  return compare_cases(*file, *stored);
}

// The probe's vocabulary with the metadata that the stored cases override.
Result<Tally> compare_pretokenizer(const fs::path& folder, const std::string& name) {
  const auto probe = gguf::File::open(folder / "pre-probe.gguf");
  if (!probe) return fail(probe.error());
  const auto stored = read_json(folder / (name + ".json"));
  if (!stored) return fail(stored.error());
  gguf::Layout layout;
  layout.copy_metadata(*probe);
  for (const auto& [key, value] : stored->at("override").as_object()) {
    layout.set(std::string(key), string_of(value));
  }
  const std::string bytes = gguf::to_bytes(layout, {});
  const auto file = gguf::File::parse(std::as_bytes(std::span(bytes)));
  if (!file) return fail(file.error());
  return compare_cases(*file, *stored);
}

Result<Tally> compare_texts_of(const fs::path& folder, const std::string& name) {
  Tally tally;
  const auto stored = read_json(folder / (name + ".json"));
  if (!stored) return fail(stored.error());
  const auto* texts = json::find(*stored, "texts");
  if (texts == nullptr) return tally;
  const auto file = gguf::File::open(folder / (name + ".gguf"));
  if (!file) return fail(file.error());
  const auto tokenizer = Tokenizer::load(*file);
  if (!tokenizer) return fail(tokenizer.error());
  for (const json::Value& text : texts->as_array()) {
    const auto ids =
        (*tokenizer)
            ->encode(bytes_of(text.at("text")), {.add_special = true, .parse_special = true});
    const auto expected = ints_of(text.at("ids"));
    ++tally.cases;
    tally.check(ids == expected, name + ": " + shown(ids) + "not " + shown(expected));
  }
  return tally;
}

}  // namespace

Report compare_tokenizers(const fs::path& folder, std::string_view only) {
  Report report;
  for (const auto& name : names_in(folder, ".json", only)) {
    report.push_back(row_of(name, compare_vocabulary(folder, name)));
  }
  for (const auto& name : names_in(folder, ".inp", only)) {  // NAME.gguf: of NAME.gguf.inp
    report.push_back(row_of(name, compare_pairs(folder / name)));
  }
  const auto pre = only.starts_with("pre/") ? only.substr(4) : only;
  for (const auto& name : names_in(folder / "pre", ".json", pre)) {
    report.push_back(row_of("pre/" + name, compare_pretokenizer(folder / "pre", name)));
  }
  return report;
}

Report compare_texts(const fs::path& folder, std::string_view only) {
  constexpr std::string_view kName = "texts of all models";
  if (!only.empty() && only != kName) return {};
  Tally all;
  for (const auto& name : names_in(folder, ".gguf", {})) {
    const auto tally = compare_texts_of(folder, name);
    if (!tally) {
      all.check(false, name + ": " + tally.error().message);
      continue;
    }
    all.cases += tally->cases;
    all.wrong += tally->wrong;
    all.first += tally->first;
  }
  auto row = row_of(std::string(kName), all);
  row.section = "architectures";
  return {row};
}

}  // namespace engine::golden
