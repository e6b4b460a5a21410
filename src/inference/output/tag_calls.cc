// Calls with a tag per parameter, turned into JSON on the way.
#include <algorithm>
#include <optional>

#include "base/json/value.h"
#include "inference/output/call_reader.h"

namespace inference::output {
namespace {

constexpr std::size_t value_bytes_max = std::size_t{16} << 20;  // of one that is not streamed

// `name="x"`, `tool="x" index="1"`, `key="x" type="string"`, or the plain name.
std::string name_in(std::string_view header) {
  for (const std::string_view attribute : {"name=\"", "tool=\"", "key=\""}) {
    const auto at = header.find(attribute);
    if (at == header.npos) continue;
    const auto value = header.substr(at + attribute.size());
    return std::string(value.substr(0, value.find('"')));
  }
  const auto end = header.find("</");  // of GLM's <arg_key>KEY</arg_key>
  return std::string(trim(header.substr(0, end)));
}

class TagCallReader final : public CallReader {
 public:
  explicit TagCallReader(const ToolSyntax& syntax)
      : syntax_(syntax), tags_(syntax.tags), place_(first_place()) {}

  Progress read(std::string_view& text, bool at_end, CallSink& sink) override {
    for (;;) {
      std::optional<Progress> progress;
      switch (place_) {
        case Place::Call: progress = call(text, at_end); break;
        case Place::CallHeader: progress = call_header(text, sink); break;
        case Place::Parameter: progress = parameter(text, sink); break;
        case Place::ParameterHeader: progress = parameter_header(text, sink); break;
        case Place::Value: progress = value(text, sink); break;
      }
      if (!progress) continue;
      if (*progress == Progress::NeedMore && at_end) return Progress::Malformed;
      return *progress;
    }
  }

 private:
  enum class Place { Call, CallHeader, Parameter, ParameterHeader, Value };

  Place first_place() const { return tags_.call_open.empty() ? Place::CallHeader : Place::Call; }

  static void skip_space(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  }

  static bool skip(std::string_view& text, std::string_view marker) {
    if (marker.empty() || !text.starts_with(marker)) return false;
    text.remove_prefix(marker.size());
    return true;
  }

  std::optional<Progress> call(std::string_view& text, bool at_end) {
    skip_space(text);
    const auto ended = calls_ ? Progress::Done : Progress::Malformed;
    if (tags_.call_open.empty()) return ended;
    if (skip(text, syntax_.end)) return ended;
    if (skip(text, tags_.call_open)) {
      place_ = Place::CallHeader;
      return std::nullopt;
    }
    const bool may_go_on = text.empty() || is_proper_prefix(text, syntax_.end) ||
                           is_proper_prefix(text, tags_.call_open);
    return may_go_on && !at_end ? Progress::NeedMore : ended;
  }

  std::optional<Progress> call_header(std::string_view& text, CallSink& sink) {
    if (tags_.call_open.empty()) skip_space(text);
    const auto end = text.find(tags_.call_header_end);
    const auto size = std::min({end, text.find(tags_.parameter_open), text.find(tags_.call_end)});
    if (std::min(size, text.size()) > header_bytes_max) return Progress::Malformed;
    if (size == text.npos) return Progress::NeedMore;
    auto name = name_in(text.substr(0, size));
    const bool is_name = !name.empty() && name.find_first_of(" \t\r\n<>{}\"") == std::string::npos;
    if (!is_name) return Progress::Malformed;
    text.remove_prefix(size == end ? size + tags_.call_header_end.size() : size);
    sink.begin(std::move(name), {});
    parameters_ = 0;
    place_ = Place::Parameter;
    return Progress::Progressed;
  }

  std::optional<Progress> parameter(std::string_view& text, CallSink& sink) {
    skip_space(text);
    if (skip(text, tags_.call_end)) {
      sink.arguments(parameters_ ? "}" : "{}");
      sink.end();
      ++calls_;
      place_ = Place::Call;
      return Progress::Progressed;
    }
    if (is_proper_prefix(text, tags_.call_end)) return Progress::NeedMore;
    if (skip(text, tags_.parameter_open)) {
      place_ = Place::ParameterHeader;
      return std::nullopt;
    }
    return is_proper_prefix(text, tags_.parameter_open) ? Progress::NeedMore : Progress::Malformed;
  }

  std::optional<Progress> parameter_header(std::string_view& text, CallSink& sink) {
    const auto end = text.find(tags_.parameter_header_end);
    if (std::min(end, text.size()) > header_bytes_max) return Progress::Malformed;
    if (end == text.npos) return Progress::NeedMore;
    const auto header = text.substr(0, end);
    key_ = name_in(header);
    if (key_.empty()) return Progress::Malformed;
    const auto type = sink.parameter_type(key_);
    const bool says_string = header.find("string=\"true\"") != header.npos ||
                             header.find("type=\"string\"") != header.npos;
    is_string_ = type == "string" || (type.empty() && says_string);
    value_end_ = tags_.value_end;
    if (const auto at = value_end_.find('%'); at != std::string::npos)
      value_end_.replace(at, 1, key_);
    text.remove_prefix(end + tags_.parameter_header_end.size());
    sink.arguments((parameters_++ ? ", " : "{") + json::quote(key_) + ": ");
    if (is_string_) sink.arguments("\"");
    value_.clear();
    at_value_start_ = true;
    place_ = Place::Value;
    return std::nullopt;
  }

  // A line end after the opening and one before the closing tag belong to the layout.
  std::optional<Progress> value(std::string_view& text, CallSink& sink) {
    if (at_value_start_) {
      if (text.empty()) return Progress::NeedMore;
      skip(text, "\n");
      at_value_start_ = false;
    }
    const auto end = text.find(value_end_);
    if (end != text.npos) {
      auto part = text.substr(0, end);
      if (part.ends_with('\n')) part.remove_suffix(1);
      finish_value(part, sink);
      text.remove_prefix(end + value_end_.size());
      place_ = Place::Parameter;
      return std::nullopt;
    }
    auto safe = text.substr(0, text.size() - partial_suffix(text, value_end_));
    if (safe.ends_with('\n')) safe.remove_suffix(1);
    if (is_string_) {
      sink.arguments(escaped(safe));
    } else {
      value_ += safe;
      if (value_.size() > value_bytes_max) return Progress::Malformed;
    }
    text.remove_prefix(safe.size());
    return Progress::NeedMore;
  }

  void finish_value(std::string_view part, CallSink& sink) {
    if (is_string_) {
      sink.arguments(escaped(part) + "\"");
      return;
    }
    value_ += part;
    const auto parsed = json::parse(value_);
    sink.arguments(parsed ? json::dump(*parsed) : json::quote(value_));
  }

  static std::string escaped(std::string_view text) {
    const auto quoted = json::quote(text);
    return quoted.substr(1, quoted.size() - 2);
  }

  const ToolSyntax& syntax_;
  const TagMarkers& tags_;
  Place place_;
  int calls_ = 0;
  int parameters_ = 0;
  bool is_string_ = false;
  bool at_value_start_ = false;
  std::string key_;
  std::string value_end_;
  std::string value_;  // so far, when it is not streamed as a string
};

}  // namespace

std::unique_ptr<CallReader> make_tag_reader(const ToolSyntax& syntax) {
  return std::make_unique<TagCallReader>(syntax);
}

}  // namespace inference::output
