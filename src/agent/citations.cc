#include "agent/citations.h"

#include <algorithm>
#include <optional>
#include <set>

namespace agent {
namespace {

constexpr std::string_view kOpen = "\xE3\x80\x90";   // 【
constexpr std::string_view kClose = "\xE3\x80\x91";  // 】
constexpr std::size_t kMarkerBytesMax = 64;
// Of an answer's words, how many must stand in a passage for it to be taken for the source.
constexpr double kShareMin = 0.6;
constexpr std::size_t kWordBytesMin = 4;  // shorter ones say nothing

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

struct Marker {
  enum class Kind { None, Maybe, Whole } kind = Kind::None;
  std::size_t bytes = 0;
  std::vector<int> numbers = {};
};

// Whether `text` begins with a marker, or may once more of it is there.
Marker marker_at(std::string_view text) {
  const bool fancy = text.starts_with(kOpen);
  if (!fancy && kOpen.starts_with(text)) return {.kind = Marker::Kind::Maybe};
  if (!fancy && !text.starts_with('[')) return {};
  const std::string_view close = fancy ? kClose : "]";
  Marker out;
  std::size_t i = fancy ? kOpen.size() : 1;
  int number = -1;
  for (; i < text.size() && i < kMarkerBytesMax; ++i) {
    const auto rest = text.substr(i);
    if (is_digit(text[i])) {
      number = std::min(100'000, std::max(number, 0) * 10 + (text[i] - '0'));
    } else if (rest.starts_with(close)) {
      if (number < 0) return {};
      out.numbers.push_back(number);
      out.kind = Marker::Kind::Whole;
      out.bytes = i + close.size();
      return out;
    } else if (close.starts_with(rest)) {
      return {.kind = Marker::Kind::Maybe};
    } else if (!fancy && text[i] == ',' && number >= 0) {
      out.numbers.push_back(number);
      number = -1;
    } else if (!fancy && text[i] == ' ' && !out.numbers.empty() && number < 0) {
      continue;
    } else if (fancy && number >= 0) {
      // "【2†source】": what stands behind the number says nothing.
      const auto end = text.find(kClose, i);
      if (end == std::string_view::npos) {
        return {.kind = text.size() < kMarkerBytesMax ? Marker::Kind::Maybe : Marker::Kind::None};
      }
      i = end - 1;
    } else {
      return {};
    }
  }
  return {.kind = i < kMarkerBytesMax ? Marker::Kind::Maybe : Marker::Kind::None};
}

std::set<std::string> words_of(std::string_view text) {
  std::set<std::string> out;
  std::string word;
  for (const char c : text) {
    const bool letter = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        static_cast<unsigned char>(c) >= 0x80;
    if (letter) {
      word += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      continue;
    }
    if (word.size() >= kWordBytesMin) out.insert(word);
    word.clear();
  }
  if (word.size() >= kWordBytesMin) out.insert(word);
  return out;
}

}  // namespace

void Citations::add(std::vector<tools::Source> sources) {
  std::move(sources.begin(), sources.end(), std::back_inserter(sources_));
}

void Citations::show(std::string_view text, std::vector<Event>& out) {
  if (text.empty()) return;
  shown_ += text;
  inference::TextDelta delta;
  delta.text = std::string(text);
  delta.logprobs = std::exchange(logprobs_, {});
  out.emplace_back(std::move(delta));
}

void Citations::cite(const std::vector<int>& numbers, std::vector<Event>& out) {
  for (const int number : numbers) {
    out.emplace_back(Cited{sources_[static_cast<std::size_t>(number - 1)].annotation});
    cited_ = true;
  }
}

std::vector<Event> Citations::read(inference::TextDelta delta) {
  std::vector<Event> out;
  if (sources_.empty()) {
    out.emplace_back(std::move(delta));
    return out;
  }
  held_ += delta.text;
  logprobs_.insert(logprobs_.end(), delta.logprobs.begin(), delta.logprobs.end());
  std::size_t begin = 0;  // of what is still to show
  std::size_t i = 0;
  while (i < held_.size()) {
    // Blanks before a marker leave with it.
    std::size_t at = i;
    while (at < held_.size() && held_[at] == ' ') ++at;
    const auto rest = std::string_view(held_).substr(at);
    const auto marker = rest.empty() ? Marker{.kind = Marker::Kind::Maybe} : marker_at(rest);
    // "x_[1]" or "f()[1]" in code is no citation.
    const char before = i > 0 ? held_[i - 1] : shown_.empty() ? ' ' : shown_.back();
    const bool in_code = at == i && rest.starts_with('[') &&
                         (before == '_' || before == ')' || before == ']') && i != begin;
    if (marker.kind == Marker::Kind::Maybe && !in_code) break;
    const bool known = marker.kind == Marker::Kind::Whole &&
                       std::all_of(marker.numbers.begin(), marker.numbers.end(),
                                   [&](int number) { return number >= 1 && number <= count(); });
    if (known && !in_code) {
      show(std::string_view(held_).substr(begin, i - begin), out);
      cite(marker.numbers, out);
      begin = i = at + marker.bytes;
    } else {
      i = at == i ? i + 1 : at;
    }
  }
  show(std::string_view(held_).substr(begin, i - begin), out);
  held_.erase(0, i);
  return out;
}

const tools::Source* Citations::likely_source() const {
  const auto words = words_of(shown_);
  const tools::Source* best = nullptr;
  double best_share = kShareMin;
  for (const auto& source : sources_) {
    const auto there = words_of(source.text);
    const auto n = std::count_if(words.begin(), words.end(),
                                 [&](const std::string& word) { return there.contains(word); });
    const double share =
        words.empty() ? 0 : static_cast<double>(n) / static_cast<double>(words.size());
    if (share >= best_share && (!best || share > best_share)) {
      best = &source;
      best_share = share;
    }
  }
  return best;
}

std::vector<Event> Citations::finish(bool answer_ends) {
  std::vector<Event> out;
  show(std::exchange(held_, {}), out);
  if (answer_ends && !cited_ && !shown_.empty()) {
    if (const auto* source = likely_source()) out.emplace_back(Cited{source->annotation});
  }
  shown_.clear();
  cited_ = false;
  return out;
}

}  // namespace agent
