#include "inference/output/parser.h"

#include <algorithm>

namespace inference::output {
namespace {

constexpr std::string_view space = " \t\r\n";

}  // namespace

bool opens_reasoning(std::string_view prompt, const ReasoningMarkers& markers) {
  if (markers.open.empty()) return false;
  const auto open = prompt.rfind(markers.open);
  if (open == prompt.npos) return false;
  return trim(prompt.substr(open + markers.open.size())).empty();
}

std::string_view begun_by(std::string_view prompt, const ToolSyntax& syntax) {
  for (const auto trigger : syntax.triggers) {
    const bool begins_turns =
        std::any_of(syntax.dropped.begin(), syntax.dropped.end(),
                    [&](std::string_view dropped) { return dropped.starts_with(trigger); });
    if (begins_turns && prompt.ends_with(trigger)) return trigger;
  }
  return {};
}

OutputSyntax detect(std::string_view template_source) {
  return {&detect_syntax(template_source), detect_reasoning(template_source)};
}

std::vector<OutputParser::Marker> OutputParser::markers_of(const OutputSyntax& syntax,
                                                           bool with_calls) {
  std::vector<Marker> markers;
  for (const auto text : syntax.tools->dropped) markers.push_back({text, Marker::Kind::Dropped});
  if (!syntax.reasoning.open.empty()) {
    markers.push_back({syntax.reasoning.open, Marker::Kind::ReasoningOpen});
    // Closed without having been opened: nothing was thought.
    markers.push_back({syntax.reasoning.close, Marker::Kind::ReasoningClose});
  }
  if (!with_calls) return markers;
  for (const auto text : syntax.tools->triggers) markers.push_back({text, Marker::Kind::Trigger});
  return markers;
}

OutputParser::OutputParser(const OutputSyntax& syntax, std::vector<Tool> tools,
                           std::string_view prompt)
    : syntax_(*syntax.tools),
      reasoning_(syntax.reasoning),
      tools_(std::move(tools)),
      markers_(markers_of(syntax, !tools_.empty())),
      sink_(tools_, out_),
      pending_(begun_by(prompt, syntax_)),
      in_reasoning_(opens_reasoning(prompt, syntax.reasoning)),
      skips_space_(in_reasoning_) {}

std::vector<Delta> OutputParser::feed(std::string_view piece) {
  pending_ += piece;
  run(false);
  return std::exchange(out_, {});
}

std::vector<Delta> OutputParser::finish(bool was_cut) {
  was_cut_ = was_cut;
  run(true);
  if (sink_.is_open()) sink_.end();
  const bool only_space = !has_text_ && !in_reasoning_ && calls() == 0 && !skips_space_;
  if (!in_reasoning_ && (has_text_ || only_space) && !held_.empty()) {
    out_.push_back(TextPiece{std::exchange(held_, {})});
  }
  return std::exchange(out_, {});
}

void OutputParser::run(bool at_end) {
  std::string_view pending = pending_;
  for (;;) {
    const auto before = pending.size();
    const bool goes_on = syntax_.form == CallForm::Harmony ? read_harmony(pending, at_end)
                         : reader_                         ? read_calls(pending, at_end)
                         : in_reasoning_                   ? read_reasoning(pending, at_end)
                                                           : read_text(pending, at_end);
    if (!goes_on) break;
    if (pending.empty() && before == 0) break;
  }
  pending_.erase(0, pending_.size() - pending.size());
}

// --- free text ---

void OutputParser::emit(bool is_reasoning, std::string_view text) {
  if (skips_space_) {
    text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
    if (text.empty()) return;
    skips_space_ = false;
  }
  const auto last = text.find_last_not_of(space);
  const auto solid = last == text.npos ? 0 : last + 1;
  if (solid > 0) {
    std::string whole = std::exchange(held_, {});
    whole += text.substr(0, solid);
    if (is_reasoning) {
      out_.push_back(ReasoningPiece{std::move(whole)});
    } else {
      out_.push_back(TextPiece{std::move(whole)});
      has_text_ = true;
    }
  }
  held_ += text.substr(solid);
}

void OutputParser::emit_text(std::string_view text) {
  emit(false, text);
}
void OutputParser::emit_reasoning(std::string_view text) {
  emit(true, text);
}

bool OutputParser::read_reasoning(std::string_view& pending, bool at_end) {
  const auto close = pending.find(reasoning_.close);
  if (close == pending.npos) {
    const auto keep = at_end ? 0 : partial_suffix(pending, reasoning_.close);
    emit_reasoning(pending.substr(0, pending.size() - keep));
    pending.remove_prefix(pending.size() - keep);
    return false;
  }
  emit_reasoning(pending.substr(0, close));
  pending.remove_prefix(close + reasoning_.close.size());
  in_reasoning_ = false;
  held_.clear();
  skips_space_ = true;
  return true;
}

bool OutputParser::read_text(std::string_view& pending, bool at_end) {
  if (starts_bare_json(pending, at_end)) return reader_ != nullptr;
  const Marker* found = nullptr;
  std::size_t at = pending.npos;
  std::size_t keep = 0, begun = 0;  // of any marker, of a further call
  for (const auto& marker : markers_) {
    const auto here = pending.find(marker.text);
    if (marker.is_only_first() && (has_text_ || !trim(pending.substr(0, here)).empty())) {
      if (has_text_ || here != pending.npos) continue;
    }
    const bool is_better = here < at || (here == at && here != pending.npos &&
                                         marker.text.size() > found->text.size());
    if (is_better) {
      at = here;
      found = &marker;
    }
    const std::size_t part = partial_suffix(pending, marker.text);
    keep = std::max(keep, part);
    if (marker.kind == Marker::Kind::Trigger && calls() > 0) begun = std::max(begun, part);
  }
  if (!found) {
    const auto size = pending.size() - (!at_end ? keep : was_cut_ ? begun : 0);
    emit_text(pending.substr(0, size));
    pending.remove_prefix(at_end ? pending.size() : size);
    return false;
  }
  emit_text(pending.substr(0, at));
  pending.remove_prefix(at);
  const bool may_be_longer =
      std::any_of(markers_.begin(), markers_.end(), [&](const Marker& other) {
        return other.text.size() > found->text.size() && is_proper_prefix(pending, other.text);
      });
  if (may_be_longer && !at_end) return false;
  take_marker(*found, pending);
  return true;
}

void OutputParser::take_marker(const Marker& marker, std::string_view& pending) {
  // A call's own opening may be the trigger; its reader wants to see it.
  const bool reader_takes_it = marker.kind == Marker::Kind::Trigger &&
                               !syntax_.tags.call_open.empty() &&
                               marker.text == syntax_.tags.call_open;
  if (!reader_takes_it) pending.remove_prefix(marker.text.size());
  if (marker.kind == Marker::Kind::Trigger) {
    raw_ = held_;
    held_.clear();
    if (!reader_takes_it) raw_ += marker.text;
    switch (syntax_.form) {
      case CallForm::Json: return start_calls(make_json_reader(syntax_, false));
      case CallForm::Named: return start_calls(make_named_reader(syntax_));
      case CallForm::Tags: return start_calls(make_tag_reader(syntax_));
      case CallForm::Python: return start_calls(make_python_reader(syntax_));
      case CallForm::Harmony: return;
    }
  }
  held_.clear();
  skips_space_ = true;
  in_reasoning_ = marker.kind == Marker::Kind::ReasoningOpen;
}

// --- calls ---

bool OutputParser::may_begin_marker(std::string_view text) const {
  return std::any_of(markers_.begin(), markers_.end(), [&](const Marker& marker) {
    return text.starts_with(marker.text) || is_proper_prefix(text, marker.text);
  });
}

bool OutputParser::starts_bare_json(std::string_view& pending, bool at_end) {
  if (!syntax_.bare_json || tools_.empty() || !may_be_bare_json_ || has_text_) return false;
  const auto first = pending.find_first_not_of(space);
  if (first == pending.npos) return !at_end;  // wait: white space decides nothing
  const auto text = pending.substr(first);
  if (may_begin_marker(text))
    return !at_end && !std::any_of(markers_.begin(), markers_.end(), [&](const Marker& marker) {
      return text.starts_with(marker.text);
    });
  if (text[0] != '{' && text[0] != '[') {
    may_be_bare_json_ = false;
    return false;
  }
  raw_ = std::exchange(held_, {}) + std::string(pending.substr(0, first));
  pending.remove_prefix(first);
  start_calls(make_json_reader(syntax_, true));
  return true;
}

void OutputParser::start_calls(std::unique_ptr<CallReader> reader) {
  reader_ = std::move(reader);
  may_be_bare_json_ = false;
}

bool OutputParser::read_calls(std::string_view& pending, bool at_end) {
  const auto before = pending;
  const int calls_before = sink_.count();
  const bool was_open = sink_.is_open();
  const auto progress = reader_->read(pending, at_end, sink_);
  raw_ += before.substr(0, before.size() - pending.size());
  if (sink_.is_open() || sink_.count() > calls_before) raw_.clear();
  switch (progress) {
    case Progress::NeedMore: return false;
    case Progress::Progressed: return true;
    case Progress::Done:
      reader_.reset();
      raw_.clear();
      skips_space_ = true;
      return true;
    case Progress::Malformed: break;
  }
  reader_.reset();
  if (was_open || sink_.is_open()) {
    // Cut off, or broken after its beginning was told already.
    sink_.end();
    raw_.clear();
    if (at_end) pending = {};
  } else {
    skips_space_ = false;
    emit_text(std::exchange(raw_, {}));
  }
  return true;
}

}  // namespace inference::output
