#include <fmt/format.h>

#include <algorithm>

#include "compute/gguf/writer.h"
#include "engine/golden/files.h"
#include "engine/golden/sections.h"
#include "engine/tokenizer/tokenizer.h"

namespace engine::golden {
namespace {

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

// A string, or {"hex": "..."} for bytes that are no UTF-8.
std::string bytes_of(const json::Value& value) {
  if (value.is_object()) return from_hex(std::string(value.at("hex").as_string()));
  return std::string(value.as_string());
}

struct Tally {
  int cases = 0;
  int wrong = 0;
};

void check_run(const Tokenizer& tokenizer, const std::string& text, const json::Object& run,
               Tally& tally) {
  if (run.contains("error")) return;  // any defined behaviour is fine
  ++tally.cases;
  const auto expected = ints_of(run.at("ids"));
  bool equal =
      tokenizer.encode(text, {.add_special = run.at("add_special").as_bool(),
                              .parse_special = run.at("parse_special").as_bool()}) == expected;
  if (run.contains("detok")) {
    const auto shown = bytes_of(run.at("detok"));
    const auto field = [&](const char* name, const std::string& otherwise) {
      return run.contains(name) ? bytes_of(run.at(name)) : otherwise;
    };
    std::string streamed, plain;
    for (const TokenId id : expected) {
      streamed += tokenizer.piece(id);
      if (!tokenizer.is_special(id)) plain += tokenizer.piece(id);
    }
    const auto pieces = field("pieces", shown);
    equal = equal && tokenizer.decode(expected, {.special_visible = true}) == shown &&
            tokenizer.decode(expected, {.strip_special = true}) == field("detok_clean", shown) &&
            streamed == pieces && plain == field("pieces_plain", pieces);
  }
  if (!equal) ++tally.wrong;
}

Row compare_cases(const std::string& name, const gguf::File& file, const json::Object& stored) {
  Row row{"tokenizers", name, Verdict::NotCovered, ""};
  const auto tokenizer = Tokenizer::load(file);
  if (!tokenizer) {
    if (tokenizer.error().code != ErrorCode::Unsupported) row.verdict = Verdict::Wrong;
    row.detail = tokenizer.error().message;
    return row;
  }
  Tally tally;
  for (const auto& value : stored.at("cases").as_array()) {
    const auto& one = value.as_object();
    const auto text = one.contains("hex") ? from_hex(std::string(one.at("hex").as_string()))
                                          : std::string(one.at("text").as_string());
    for (const auto& run : one.at("runs").as_array()) {
      check_run(**tokenizer, text, run.as_object(), tally);
    }
  }
  row.verdict = tally.wrong == 0 ? Verdict::Equal : Verdict::Wrong;
  row.detail = fmt::format("{} of {} cases equal", tally.cases - tally.wrong, tally.cases);
  return row;
}

// A vocabulary of its own, or the probe's with another pre-tokenizer.
Row compare_file(const std::filesystem::path& path, const std::string& name) {
  const auto stored = read_json(path);
  if (!stored) return {"tokenizers", name, Verdict::Wrong, stored.error().message};
  const auto& object = stored->as_object();
  if (const auto* changes = json::find(object, "override")) {
    const auto probe = gguf::File::open((path.parent_path() / "pre-probe.gguf").string());
    if (!probe) return {"tokenizers", name, Verdict::Wrong, probe.error().message};
    gguf::Layout layout;
    layout.copy_metadata(*probe);
    for (const auto& [key, value] : changes->as_object()) {
      layout.set(std::string_view(key), std::string_view(value.as_string()));
    }
    const auto bytes = gguf::to_bytes(layout, {});
    const auto file = gguf::File::parse(std::as_bytes(std::span(bytes)));
    if (!file) return {"tokenizers", name, Verdict::Wrong, file.error().message};
    return compare_cases(name, *file, object);
  }
  const auto file =
      gguf::File::open((path.parent_path() / object.at("vocab").as_string().c_str()).string());
  if (!file) return {"tokenizers", name, Verdict::Wrong, file.error().message};
  return compare_cases(name, *file, object);
}

}  // namespace

Report compare_tokenizers(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& part : {folder, folder / "pre"}) {
    std::error_code error;
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(part, error)) {
      if (entry.path().extension() == ".json") found.push_back(entry.path());
    }
    std::ranges::sort(found);
    paths.insert(paths.end(), found.begin(), found.end());
  }
  Report report;
  for (const auto& path : paths) {
    const bool pre = path.parent_path() != folder;
    report.push_back(compare_file(path, (pre ? "pre/" : "") + path.stem().string()));
  }
  return report;
}

}  // namespace engine::golden
