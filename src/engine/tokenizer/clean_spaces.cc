#include "engine/tokenizer/clean_spaces.h"

#include <string_view>

namespace engine::tokenizer {
namespace {

void remove_before_punctuation(std::string& text) {
  std::size_t n = 1;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    // Writing trails reading, so text[i - 1] may have been overwritten; what counts is what is
    // there.
    if (text[i - 1] == ' ' && (c == '?' || c == '!' || c == '.' || c == ',')) --n;
    text[n++] = c;
  }
  text.resize(n);
}

void remove_around_apostrophe(std::string& text) {
  std::size_t n = 1;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\'' && i + 1 < text.size() && text[i - 1] == ' ' && text[i + 1] == ' ') {
      --n;
      text[++i] = '\0';
    }
    text[n++] = c;
  }
  text.resize(n);
}

void remove_before_contraction(std::string& text) {
  std::size_t n = 1;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (text[i - 1] == ' ' && c == '\'') {
      const std::string_view rest = std::string_view(text).substr(i + 1, 2);
      if (rest.starts_with('s') || rest.starts_with('m') || rest == "re" || rest == "ve") --n;
    }
    text[n++] = c;
  }
  text.resize(n);
}

}  // namespace

void clean_spaces(std::string& text) {
  if (text.empty()) return;
  remove_before_punctuation(text);
  remove_around_apostrophe(text);
  remove_before_contraction(text);
}

}  // namespace engine::tokenizer
