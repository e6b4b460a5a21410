#include "documents/chunks.h"

#include <algorithm>

#include "base/encoding.h"

namespace documents {
namespace {

// A piece that is not cut further: a sentence, or part of a very long one.
struct Unit {
  std::string_view text;  // with the blanks behind it
  int tokens = 0;
  std::size_t section = 0;
};

bool ends_words(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

// Whether a sentence or paragraph ends before `at`, which is a blank.
bool ends_before(std::string_view text, std::size_t at) {
  if (text[at] == '\n' && at + 1 < text.size() && text[at + 1] == '\n') return true;
  // A line of a list, a table or code is a piece of its own.
  if (text[at] == '\n' && at + 1 < text.size()) {
    const char next = text[at + 1];
    if (next == '-' || next == '*' || next == '|' || next == '#' || next == ' ' || next == '\t')
      return true;
  }
  std::size_t end = at;
  while (end > 0 && (text[end - 1] == '"' || text[end - 1] == ')' || text[end - 1] == '\'')) --end;
  if (end == 0) return false;
  const char mark = text[end - 1];
  if (mark == '!' || mark == '?') return true;
  if (mark != '.') return text.substr(0, end).ends_with("\xE3\x80\x82");  // ideographic full stop
  // "e.g. " and "Dr. " go on; a capital, a digit or a quote begins a sentence.
  std::size_t next = at;
  while (next < text.size() && ends_words(text[next])) ++next;
  if (next == text.size()) return true;
  const char c = text[next];
  const bool begins = !(c >= 'a' && c <= 'z') && c != ',' && c != ';';
  const bool initial = end >= 2 && text[end - 2] >= 'A' && text[end - 2] <= 'Z' &&
                       (end == 2 || ends_words(text[end - 3]));
  return begins && !initial;
}

// Sentences of `text`, each with the blanks behind it.
std::vector<std::string_view> sentences(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!ends_words(text[i]) || !ends_before(text, i)) continue;
    std::size_t end = i;
    while (end < text.size() && ends_words(text[end])) ++end;
    // Indentation belongs to the line it begins.
    std::size_t line = end;
    while (line > i && (text[line - 1] == ' ' || text[line - 1] == '\t')) --line;
    if (line > i && text[line - 1] == '\n') end = line;
    out.push_back(text.substr(begin, end - begin));
    begin = end;
    i = end == 0 ? 0 : end - 1;
  }
  if (begin < text.size()) out.push_back(text.substr(begin));
  return out;
}

// A sentence that is longer than `tokens_max`, in parts between words; a word that is longer, in
// parts between characters.
std::vector<std::string_view> parts_of(std::string_view text, int tokens_max) {
  std::vector<std::string_view> out;
  // A token is a byte at least, so a part of so many bytes is never too long.
  const auto bytes = static_cast<std::size_t>(tokens_max);
  while (!text.empty()) {
    std::size_t end = std::min(text.size(), bytes);
    if (end < text.size()) {
      std::size_t word = end;
      while (word > end / 2 && !ends_words(text[word - 1])) --word;
      end = word > end / 2
                ? word
                : std::max<std::size_t>(1, base::utf8_complete_prefix(text.substr(0, end)));
    }
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

std::vector<Unit> units_of(const Document& document, int tokens_max) {
  std::vector<Unit> out;
  for (std::size_t i = 0; i < document.sections.size(); ++i) {
    for (const auto sentence : sentences(document.sections[i].text)) {
      const auto tokens = estimate_tokens(sentence);
      if (tokens <= tokens_max) {
        out.push_back({sentence, static_cast<int>(tokens), i});
        continue;
      }
      for (const auto part : parts_of(sentence, tokens_max))
        out.push_back({part, static_cast<int>(estimate_tokens(part)), i});
    }
  }
  return out;
}

class Cutter {
 public:
  Cutter(const Document& document, const ChunkRules& rules)
      : document_(document), rules_(rules), units_(units_of(document, rules.tokens_max)) {}

  std::vector<Chunk> cut() {
    std::size_t begin = 0;
    int tokens = 0;
    for (std::size_t i = 0; i < units_.size(); ++i) {
      if (i > begin && new_heading(i) && tokens >= rules_.tokens_max / 4) {
        emit(begin, i, tokens);
        begin = i;
        tokens = 0;
      }
      if (i > begin && tokens + units_[i].tokens > rules_.tokens_max) {
        emit(begin, i, tokens);
        begin = repeat_from(begin, i);
        tokens = 0;
        for (std::size_t k = begin; k < i; ++k) tokens += units_[k].tokens;
      }
      tokens += units_[i].tokens;
    }
    if (begin < units_.size()) emit(begin, units_.size(), tokens);
    return std::move(chunks_);
  }

 private:
  bool new_heading(std::size_t i) const {
    return units_[i].section != units_[i - 1].section &&
           document_.sections[units_[i].section].heading !=
               document_.sections[units_[i - 1].section].heading;
  }

  // Where the chunk after [begin, end) begins: so far back as the overlap and the next unit allow.
  std::size_t repeat_from(std::size_t begin, std::size_t end) const {
    const int room = std::min(rules_.overlap_tokens, rules_.tokens_max - units_[end].tokens);
    int tokens = 0;
    std::size_t from = end;
    while (from > begin + 1 && tokens + units_[from - 1].tokens <= room) {
      tokens += units_[from - 1].tokens;
      --from;
    }
    return from;
  }

  void emit(std::size_t begin, std::size_t end, int tokens) {
    const auto& first = document_.sections[units_[begin].section];
    Chunk chunk{.page = first.page, .heading = first.heading, .text = {}, .tokens = tokens};
    for (std::size_t i = begin; i < end; ++i) {
      if (i > begin && units_[i].section != units_[i - 1].section) chunk.text += "\n\n";
      chunk.text += units_[i].text;
    }
    chunk.text = std::string(trim(chunk.text));
    if (!chunk.text.empty()) chunks_.push_back(std::move(chunk));
  }

  const Document& document_;
  const ChunkRules rules_;
  const std::vector<Unit> units_;
  std::vector<Chunk> chunks_;
};

}  // namespace

std::vector<Chunk> cut(const Document& document, const ChunkRules& rules) {
  return Cutter(document, rules).cut();
}

std::int64_t estimate_tokens(std::string_view text) {
  std::int64_t tokens = 0;
  const auto is_letter = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    std::size_t n = 1;
    if (is_letter(c)) {
      while (i + n < text.size() && is_letter(static_cast<unsigned char>(text[i + n]))) ++n;
      tokens += n <= 8 ? 1 : static_cast<std::int64_t>((n + 5) / 6);
    } else if (c >= '0' && c <= '9') {
      while (n < 3 && i + n < text.size() && text[i + n] >= '0' && text[i + n] <= '9') ++n;
      ++tokens;
    } else if (c >= 0x80) {
      // Beyond ASCII: Latin, Greek and Cyrillic letters come two to a token, others one by one.
      n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
      const bool pair = n == 2 && i + 3 < text.size() && (text[i + 2] & 0xE0) == 0xC0;
      if (pair) n = 4;
      ++tokens;
    } else if (ends_words(static_cast<char>(c))) {
      // A space belongs to the word behind it; line ends count once for each run.
      bool line_end = c == '\n';
      while (i + n < text.size() && ends_words(text[i + n])) line_end |= text[i + n++] == '\n';
      if (line_end || n > 1) ++tokens;
    } else {
      while (i + n < text.size() && text[i + n] == static_cast<char>(c)) ++n;
      tokens += static_cast<std::int64_t>((n + 3) / 4);
    }
    i += std::min(n, text.size() - i);
  }
  return tokens;
}

}  // namespace documents
