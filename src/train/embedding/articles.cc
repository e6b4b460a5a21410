// Long texts as articles of paragraphs of sentences.
#include <cctype>

#include "train/data/clean.h"
#include "train/embedding/sources.h"

namespace train::embedding {

namespace {

constexpr std::size_t kParagraphLetters = 500;  // shorter ones are joined until they have so many
constexpr std::size_t kHeadingLetters = 70;

bool is_heading(std::string_view line) {
  if (line.starts_with("## ")) return true;
  const bool ends = line.ends_with('.') && line.find(' ') < line.size() / 2;
  return line.size() < kHeadingLetters && line.find(". ") == line.npos &&
         (ends || line.find(' ') == line.npos) && line.size() < 40;
}

std::string heading_of(std::string_view line) {
  if (line.starts_with("## ")) line.remove_prefix(3);
  if (line.ends_with('.')) line.remove_suffix(1);
  return std::string(line);
}

Article article_of(std::string_view document) {
  Article article;
  std::string heading;
  std::string text;
  const auto finish = [&] {
    auto sentences = split_sentences(text);
    if (sentences.size() >= 2) article.paragraphs.push_back({heading, std::move(sentences)});
    text.clear();
  };
  bool first = true;
  each_line(document, [&](std::string_view line) {
    if (line.empty()) return;
    if (first) {
      article.title = heading_of(line);
      first = false;
    } else if (is_heading(line)) {
      finish();
      heading = heading_of(line);
    } else {
      text.append(text.empty() ? "" : " ").append(line);
      if (text.size() > kParagraphLetters) finish();
    }
  });
  finish();
  return article;
}

}  // namespace

std::vector<std::string> split_sentences(std::string_view text) {
  constexpr std::size_t shortest = 25;  // so that "Dr." and initials do not end one
  std::vector<std::string> sentences;
  std::size_t begin = 0;
  for (std::size_t i = 0; i + 2 < text.size(); ++i) {
    const bool ends = (text[i] == '.' || text[i] == '?' || text[i] == '!') && text[i + 1] == ' ';
    const auto next = static_cast<unsigned char>(text[i + 2]);
    if (!ends || std::islower(next) || i - begin < shortest) continue;
    sentences.emplace_back(text.substr(begin, i + 1 - begin));
    begin = i + 2;
  }
  if (begin < text.size()) sentences.emplace_back(text.substr(begin));
  return sentences;
}

std::vector<Article> split_articles(std::string_view text) {
  constexpr std::string_view mark = "<|doc|>";
  std::vector<Article> articles;
  std::size_t at = text.find(mark);
  while (at != text.npos) {
    const std::size_t begin = at + mark.size();
    at = text.find(mark, begin);
    auto article = article_of(text.substr(begin, at == text.npos ? at : at - begin));
    if (!article.paragraphs.empty()) articles.push_back(std::move(article));
  }
  return articles;
}

}  // namespace train::embedding
