// The channels of gpt-oss: <|start|>ROLE
// to=RECIPIENT<|channel|>CHANNEL<|constrain|>json<|message|>BODY<|end|> Analysis is reasoning,
// final and commentary are visible, a recipient makes a call.
#include <algorithm>
#include <array>

#include "inference/output/parser.h"

namespace inference::output {
namespace {

constexpr std::string_view message_marker = "<|message|>";
constexpr std::size_t harmony_header_bytes_max = 512;
constexpr std::array<std::string_view, 5> body_ends = {"<|end|>", "<|return|>", "<|call|>",
                                                       "<|start|>", "<|channel|>"};

struct HarmonyHeader {
  std::string channel;
  std::string recipient;
};

bool may_be_header(std::string_view text) {
  text = trim(text);
  if (text.empty() || text.starts_with('<')) return true;
  const std::array<std::string_view, 2> beginnings = {"to=", "assistant"};
  return std::any_of(beginnings.begin(), beginnings.end(), [&](std::string_view beginning) {
    return text.starts_with(beginning) || beginning.starts_with(text);
  });
}

HarmonyHeader parsed_header(std::string_view text) {
  HarmonyHeader header;
  const auto word_after = [&](std::string_view marker) {
    const auto at = text.rfind(marker);
    if (at == text.npos) return std::string();
    const auto rest = text.substr(at + marker.size());
    return std::string(rest.substr(0, rest.find_first_of(" <\n")));
  };
  header.channel = word_after("<|channel|>");
  header.recipient = word_after("to=");
  if (header.recipient.starts_with("functions.")) header.recipient.erase(0, 10);
  return header;
}

}  // namespace

bool OutputParser::read_harmony(std::string_view& pending, bool at_end) {
  return harmony_ == Harmony::Header ? read_harmony_header(pending, at_end)
                                     : read_harmony_body(pending, at_end);
}

bool OutputParser::read_harmony_header(std::string_view& pending, bool at_end) {
  const auto end = pending.substr(0, harmony_header_bytes_max).find(message_marker);
  // What cannot be a header is text, also when a marker of one follows: however it was cut.
  const bool may_be = may_be_header(pending.substr(0, end == pending.npos ? end : end + 1));
  if (end == pending.npos || !may_be) {
    if (pending.empty()) return false;
    if (!at_end && pending.size() < harmony_header_bytes_max && may_be) return false;
    // No header at all: a model that answers without channels. A marker that opens none is text;
    // left in place it would be taken for a header again, for ever.
    harmony_ = Harmony::Text;
    for (const std::string_view marker : {"<|start|>", "<|channel|>"}) {
      if (!pending.starts_with(marker)) continue;
      emit_text(marker);
      pending.remove_prefix(marker.size());
      break;
    }
    return true;
  }
  const auto header = parsed_header(pending.substr(0, end));
  pending.remove_prefix(end + message_marker.size());
  held_.clear();
  skips_space_ = true;
  const bool is_call = !header.recipient.empty() && !tools_.empty() &&
                       header.recipient != "assistant" && header.recipient != "user" &&
                       header.recipient != "all";
  if (is_call) {
    harmony_ = Harmony::Call;
    sink_.begin(header.recipient, {});
  } else {
    harmony_ = header.channel == "analysis" ? Harmony::Reasoning : Harmony::Text;
  }
  return true;
}

bool OutputParser::read_harmony_body(std::string_view& pending, bool at_end) {
  std::size_t end = pending.npos;
  std::size_t keep = 0;
  std::string_view marker;
  for (const auto each : body_ends) {
    const auto at = pending.find(each);
    if (at < end) {
      end = at;
      marker = each;
    }
    keep = std::max(keep, partial_suffix(pending, each));
  }
  if (at_end) keep = 0;
  const auto body = pending.substr(0, end == pending.npos ? pending.size() - keep : end);
  switch (harmony_) {
    case Harmony::Call: sink_.arguments(body); break;
    case Harmony::Reasoning: emit_reasoning(body); break;
    default: emit_text(body);
  }
  pending.remove_prefix(body.size());
  if (end == pending.npos) return false;
  if (marker.empty()) return false;
  // The next header begins with these two.
  if (marker != "<|start|>" && marker != "<|channel|>") pending.remove_prefix(marker.size());
  if (harmony_ == Harmony::Call) sink_.end();
  held_.clear();
  harmony_ = Harmony::Header;
  return true;
}

}  // namespace inference::output
