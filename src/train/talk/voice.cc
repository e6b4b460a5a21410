#include "train/talk/voice.h"

#include <algorithm>

#include "base/check.h"

namespace train {

std::string lower_first(std::string text) {
  // "I" and abbreviations keep their capitals.
  const bool one_letter = text.size() > 1 && (text[1] == ' ' || text[1] == '\'');
  const bool capitals = text.size() > 1 && text[1] >= 'A' && text[1] <= 'Z';
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z' && !one_letter && !capitals)
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

std::string upper_first(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string Voice::fill(const std::vector<std::string_view>& texts,
                        const std::vector<std::string>& values) {
  const std::string_view pattern = pick(texts);
  std::string out;
  std::size_t next = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern.substr(i, 2) == "{}") {
      CHECK(next < values.size());
      out += values[next++];
      ++i;
    } else {
      out.push_back(pattern[i]);
    }
  }
  return out;
}

std::string Voice::typed(std::string text) {
  if (chance(0.08)) {
    static const std::vector<std::string_view> before{"Please tell me: ",
                                                      "Can you tell me: ",
                                                      "Quick question: ",
                                                      "I want to know: ",
                                                      "Tell me, ",
                                                      "Hello! ",
                                                      "Hi, ",
                                                      "Please, ",
                                                      "So, ",
                                                      "Hey, "};
    const std::string_view start = pick(before);
    text = std::string(start) + (start.ends_with(", ") ? lower_first(text) : text);
  }
  if (chance(0.15)) text = lower_first(std::move(text));
  if (chance(0.04))
    std::ranges::transform(text, text.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
  const bool marked =
      !text.empty() && (text.back() == '?' || text.back() == '.' || text.back() == '!');
  if (marked && chance(0.2))
    text.pop_back();
  else if (!marked && chance(0.3))
    text.push_back('.');
  return text;
}

}  // namespace train
