// Any bytes as generated text, for every family: nothing may crash, and cutting must change
// nothing.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "inference/output/parser.h"

namespace {

using namespace inference;
using namespace inference::output;

std::string read(const OutputSyntax& syntax, std::string_view text, std::size_t step) {
  static const std::vector<Tool> tools = {{.kind = Tool::Kind::Function,
                                           .name = "f",
                                           .description = "",
                                           .parameters = nullptr,
                                           .strict = false,
                                           .format = {}}};
  OutputParser parser(syntax, tools, "");
  std::string out;
  char kind = 0;
  const auto add = [&](const std::vector<Delta>& deltas) {
    for (const auto& delta : deltas) {
      const char now = "RTBPE"[delta.index()];
      if (now != kind) out += now;
      kind = now;
      if (const auto* piece = std::get_if<ReasoningPiece>(&delta)) out += piece->text;
      if (const auto* piece = std::get_if<TextPiece>(&delta)) out += piece->text;
      if (const auto* piece = std::get_if<CallBegin>(&delta)) out += piece->name;
      if (const auto* piece = std::get_if<CallPiece>(&delta)) out += piece->arguments;
    }
  };
  for (std::size_t at = 0; at < text.size(); at += step) add(parser.feed(text.substr(at, step)));
  add(parser.finish());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 4096) return 0;
  const auto& table = tool_syntaxes();
  const auto& markers = reasoning_markers();
  const OutputSyntax syntax{&table[data[0] % table.size()],
                            markers[data[0] / table.size() % markers.size()]};
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  CHECK(read(syntax, text, size) == read(syntax, text, 1));
  return 0;
}
