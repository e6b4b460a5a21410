#include "vector/query.h"

#include <algorithm>
#include <array>

#include "base/limits/vector.h"

namespace vector {
namespace {

// So common that they only cost time; BM25 gives them no weight anyway.
constexpr std::array<std::string_view, 118> kCommon{
    "a",      "about", "after", "all",     "also",   "am",     "an",    "and",  "any",   "are",
    "as",     "at",    "be",    "because", "been",   "before", "being", "but",  "by",    "can",
    "could",  "did",   "do",    "does",    "doing",  "for",    "from",  "get",  "give",  "had",
    "has",    "have",  "he",    "her",     "here",   "him",    "his",   "how",  "i",     "if",
    "in",     "into",  "is",    "it",      "its",    "just",   "know",  "let",  "like",  "many",
    "may",    "me",    "might", "more",    "most",   "much",   "must",  "my",   "no",    "not",
    "of",     "on",    "one",   "only",    "or",     "other",  "our",   "out",  "over",  "own",
    "please", "say",   "says",  "she",     "should", "so",     "some",  "such", "tell",  "than",
    "that",   "the",   "their", "them",    "then",   "there",  "these", "they", "this",  "those",
    "to",     "too",   "under", "up",      "us",     "use",    "used",  "very", "was",   "we",
    "were",   "what",  "when",  "where",   "which",  "while",  "who",   "whom", "whose", "why",
    "will",   "with",  "would", "you",     "your",   "yours",  "s",     "t"};

// Beyond ASCII everything counts as part of a word; the full-text table knows better and splits.
bool in_word(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && in_word(static_cast<unsigned char>(text[end]))) ++end;
    if (end > i) {
      auto word = lower(text.substr(i, end - i));
      if (std::find(out.begin(), out.end(), word) == out.end()) out.push_back(std::move(word));
    }
    i = std::max(end, i + 1);
  }
  return out;
}

bool is_common(const std::string& word) {
  return std::find(kCommon.begin(), kCommon.end(), word) != kCommon.end();
}

}  // namespace

std::vector<std::string> words_to_find(std::string_view text) {
  auto all = words_of(text);
  std::vector<std::string> rare;
  std::copy_if(all.begin(), all.end(), std::back_inserter(rare),
               [](const std::string& word) { return !is_common(word); });
  if (rare.empty()) rare = std::move(all);
  if (rare.size() > limits::search_words_max) rare.resize(limits::search_words_max);
  return rare;
}

std::string rewritten(std::string_view question) {
  static constexpr std::array<std::string_view, 26> kOpenings{"please ",
                                                              "hi ",
                                                              "hello ",
                                                              "hey ",
                                                              "can you ",
                                                              "could you ",
                                                              "would you ",
                                                              "will you ",
                                                              "i would like to know ",
                                                              "i want to know ",
                                                              "do you know ",
                                                              "tell me ",
                                                              "show me ",
                                                              "find ",
                                                              "search for ",
                                                              "explain ",
                                                              "what is ",
                                                              "what are ",
                                                              "what was ",
                                                              "what were ",
                                                              "what's ",
                                                              "who is ",
                                                              "how do i ",
                                                              "how can i ",
                                                              "about ",
                                                              "what "};
  std::string_view rest = question;
  const auto trim = [&] {
    while (!rest.empty() && (rest.front() == ' ' || rest.front() == ',')) rest.remove_prefix(1);
    while (!rest.empty() &&
           (rest.back() == ' ' || rest.back() == '?' || rest.back() == '!' || rest.back() == '.'))
      rest.remove_suffix(1);
  };
  bool changed = true;
  while (changed) {
    trim();
    changed = false;
    const auto text = lower(rest);
    for (const auto opening : kOpenings) {
      if (!text.starts_with(opening) || rest.size() <= opening.size()) continue;
      rest.remove_prefix(opening.size());
      changed = true;
      break;
    }
  }
  for (const std::string_view end : {" is", " are", " was"}) {
    if (rest.size() != question.size() && lower(rest).ends_with(end) && rest.size() > end.size())
      rest.remove_suffix(end.size());
  }
  return std::string(rest.empty() ? question : rest);
}

}  // namespace vector
