// Calls as a name followed by the arguments as a JSON object.
#include <algorithm>

#include "inference/output/call_reader.h"
#include "inference/output/json_scanner.h"

namespace inference::output {
namespace {

struct Header {
  std::string name;
  std::string id;
};

// What stands before the arguments, with the markers of all families:
//   function<｜tool▁sep｜>NAME\n```json\n   NAME<｜tool▁sep｜>
//   functions.NAME:0<|tool_call_argument_begin|> NAME[CALL_ID]ID[ARGS]   NAME[ARGS]   NAME> NAME\n
Header read_header(std::string_view text) {
  Header header;
  const auto cut_at = [&](std::string_view marker) {
    const auto at = text.find(marker);
    if (at == text.npos) return std::string_view();
    const auto after = text.substr(at + marker.size());
    text = text.substr(0, at);
    return after;
  };
  cut_at("```");
  if (const auto after = cut_at("<｜tool▁sep｜>"); !trim(after).empty()) text = after;
  cut_at("<|tool_call_argument_begin|>");
  cut_at("[ARGS]");
  header.id = trim(cut_at("[CALL_ID]"));
  text = trim(text);
  if (text.ends_with('>')) text.remove_suffix(1);
  if (text.starts_with("functions.")) {
    header.id = text;
    text.remove_prefix(10);
    text = text.substr(0, text.rfind(':'));
  }
  header.name = trim(text);
  const bool is_name = header.name.find_first_of(" \t\r\n<>[]\"`") == std::string::npos;
  if (!is_name) header.name.clear();
  return header;
}

class NamedCallReader final : public CallReader {
 public:
  explicit NamedCallReader(const ToolSyntax& syntax) : syntax_(syntax) {}

  Progress read(std::string_view& text, bool at_end, CallSink& sink) override {
    switch (place_) {
      case Place::Header: return header(text, at_end, sink);
      case Place::Arguments: return arguments(text, at_end, sink);
      case Place::Tail: return tail(text, at_end);
    }
    return Progress::Malformed;
  }

 private:
  enum class Place { Header, Arguments, Tail };

  Progress header(std::string_view& text, bool at_end, CallSink& sink) {
    const auto brace = text.find('{');
    if (std::min(brace, text.size()) > header_bytes_max) return Progress::Malformed;
    if (brace == text.npos) return at_end ? Progress::Malformed : Progress::NeedMore;
    auto found = read_header(text.substr(0, brace));
    if (found.name.empty()) return Progress::Malformed;
    text.remove_prefix(brace);
    sink.begin(std::move(found.name), std::move(found.id));
    place_ = Place::Arguments;
    return Progress::Progressed;
  }

  Progress arguments(std::string_view& text, bool at_end, CallSink& sink) {
    std::string piece;
    const auto state = scanner_.scan(text, piece);
    sink.arguments(piece);
    if (state == JsonScanner::State::Bad) return Progress::Malformed;
    if (state == JsonScanner::State::More) return at_end ? Progress::Malformed : Progress::NeedMore;
    sink.end();
    place_ = Place::Tail;
    return Progress::Progressed;
  }

  // The fence and the end marker, where there are any.
  Progress tail(std::string_view& text, bool at_end) {
    if (syntax_.end.empty()) return Progress::Done;
    std::string_view rest = text;
    const auto skip_space = [&] {
      rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
    };
    skip_space();
    if (rest.starts_with("```")) {
      rest.remove_prefix(3);
      skip_space();
    }
    const bool may_go_on = is_proper_prefix(rest, syntax_.end) || is_proper_prefix(rest, "```");
    if (may_go_on && !at_end) return Progress::NeedMore;
    if (rest.starts_with(syntax_.end)) {
      rest.remove_prefix(syntax_.end.size());
      text = rest;
    }
    return Progress::Done;
  }

  const ToolSyntax& syntax_;
  Place place_ = Place::Header;
  JsonScanner scanner_;
};

}  // namespace

std::unique_ptr<CallReader> make_named_reader(const ToolSyntax& syntax) {
  return std::make_unique<NamedCallReader>(syntax);
}

}  // namespace inference::output
