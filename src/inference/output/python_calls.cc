// Calls as Python would write them: [get_weather(place='Paris', days=3), now()]. A call is read
// when its closing parenthesis has come; literals become JSON.
#include <algorithm>
#include <cctype>
#include <optional>

#include "base/json/value.h"
#include "inference/output/call_reader.h"

namespace inference::output {
namespace {

constexpr std::size_t call_bytes_max = std::size_t{16} << 20;
constexpr int literal_depth_max = 64;

// A Python literal to JSON. Each function moves `at` behind what it read; nullopt for what is no
// literal.
class LiteralReader {
 public:
  explicit LiteralReader(std::string_view text) : text_(text) {}

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool skip(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool at_end() {
    skip_space();
    return at_ >= text_.size();
  }

  std::optional<std::string> word() {
    skip_space();
    const auto start = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) ||
            std::string_view("_.-+").find(text_[at_]) != std::string_view::npos))
      ++at_;
    if (at_ == start) return std::nullopt;
    return std::string(text_.substr(start, at_ - start));
  }

  std::optional<json::Value> literal(int depth = 0) {
    skip_space();
    if (at_ >= text_.size() || depth > literal_depth_max) return std::nullopt;
    const char c = text_[at_];
    if (c == '\'' || c == '"') return string();
    if (c == '[' || c == '(') return list(c == '[' ? ']' : ')', depth);
    if (c == '{') return dict(depth);
    const auto text = word();
    if (!text) return std::nullopt;
    if (*text == "True" || *text == "true") return json::Value(true);
    if (*text == "False" || *text == "false") return json::Value(false);
    if (*text == "None" || *text == "null") return json::Value(nullptr);
    auto number = json::parse(*text);
    if (!number) return std::nullopt;
    return *number;
  }

 private:
  std::optional<json::Value> string() {
    const char quote = text_[at_++];
    std::string out;
    while (at_ < text_.size() && text_[at_] != quote) {
      char c = text_[at_++];
      if (c == '\\' && at_ < text_.size()) {
        if (const auto points = code_points(); !points.empty()) {
          out += points;
          continue;
        }
        c = text_[at_++];
        static constexpr std::string_view letters = "nrtbf";
        static constexpr std::string_view meanings = "\n\r\t\b\f";
        if (const auto found = letters.find(c); found != letters.npos) {
          c = meanings[found];
        } else if (c != '\\' && c != '\'' && c != '"') {
          out += '\\';
        }
      }
      out += c;
    }
    if (at_ >= text_.size()) return std::nullopt;
    ++at_;
    return json::Value(out);
  }

  // What \uXXXX after \uXXXX means from the backslash before `at_` on; empty when it is none.
  std::string code_points() {
    std::size_t end = at_ - 1;
    while (end + 6 <= text_.size() && text_[end] == '\\' && text_[end + 1] == 'u') end += 6;
    if (end == at_ - 1) return {};
    const auto parsed = json::parse('"' + std::string(text_.substr(at_ - 1, end - at_ + 1)) + '"');
    if (!parsed || !parsed->is_string()) return {};
    at_ = end;
    return std::string(parsed->get_string());
  }

  std::optional<json::Value> list(char close, int depth) {
    ++at_;
    json::Array items;
    while (!skip(close)) {
      auto item = literal(depth + 1);
      if (!item) return std::nullopt;
      items.push_back(std::move(*item));
      if (!skip(',') && (skip_space(), at_ >= text_.size() || text_[at_] != close))
        return std::nullopt;
    }
    return json::Value(std::move(items));
  }

  std::optional<json::Value> dict(int depth) {
    ++at_;
    json::Object object;
    while (!skip('}')) {
      auto key = literal(depth + 1);
      if (!key || !key->is_string() || !skip(':')) return std::nullopt;
      auto value = literal(depth + 1);
      if (!value) return std::nullopt;
      object[std::string(key->get_string())] = std::move(*value);
      if (!skip(',') && (skip_space(), at_ >= text_.size() || text_[at_] != '}'))
        return std::nullopt;
    }
    return json::Value(std::move(object));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// The position after the parenthesis that closes the call `text` begins with; npos when it is not
// there yet.
std::size_t call_end(std::string_view text) {
  int depth = 0;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote) {
      if (c == '\\') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      if (--depth <= 0) return depth == 0 && c == ')' ? i + 1 : 0;
    }
  }
  return std::string_view::npos;
}

class PythonCallReader final : public CallReader {
 public:
  explicit PythonCallReader(const ToolSyntax& syntax) : syntax_(syntax) {}

  Progress read(std::string_view& text, bool at_end, CallSink& sink) override {
    const auto ended = calls_ ? Progress::Done : Progress::Malformed;
    for (;;) {
      text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
      if (text.empty()) return at_end ? ended : Progress::NeedMore;
      if (!syntax_.end.empty() && text.starts_with(syntax_.end)) {
        text.remove_prefix(syntax_.end.size());
        return ended;
      }
      if (is_proper_prefix(text, syntax_.end)) return at_end ? ended : Progress::NeedMore;
      const char c = text[0];
      const bool is_layout =
          (c == '[' && !calls_) || (calls_ && (c == ',' || c == ']' || c == ';'));
      if (!is_layout) break;
      text.remove_prefix(1);
    }
    if (!std::isalpha(static_cast<unsigned char>(text[0])) && text[0] != '_') return ended;
    const auto size = call_end(text);
    if (size == 0 || text.size() > call_bytes_max) return Progress::Malformed;
    if (size == text.npos) return at_end ? Progress::Malformed : Progress::NeedMore;
    if (!call(text.substr(0, size), sink)) return Progress::Malformed;
    text.remove_prefix(size);
    ++calls_;
    return Progress::Progressed;
  }

 private:
  static bool call(std::string_view text, CallSink& sink) {
    LiteralReader reader(text);
    auto name = reader.word();
    if (!name || !reader.skip('(')) return false;
    if (name->ends_with(".call")) name->resize(name->size() - 5);  // Llama's built-in tools
    json::Object arguments;
    while (!reader.skip(')')) {
      const auto key = reader.word();
      if (!key || !reader.skip('=')) return false;
      auto value = reader.literal();
      if (!value) return false;
      arguments[*key] = std::move(*value);
      reader.skip(',');
    }
    sink.begin(*name, {});
    sink.arguments(json::dump(arguments));
    sink.end();
    return reader.at_end();
  }

  const ToolSyntax& syntax_;
  int calls_ = 0;
};

}  // namespace

std::unique_ptr<CallReader> make_python_reader(const ToolSyntax& syntax) {
  return std::make_unique<PythonCallReader>(syntax);
}

}  // namespace inference::output
