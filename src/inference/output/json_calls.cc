// Calls as JSON objects, alone, in a list, or one after the other.
#include <optional>

#include "base/json/value.h"
#include "inference/output/call_reader.h"
#include "inference/output/json_scanner.h"

namespace inference::output {
namespace {

class JsonCallReader final : public CallReader {
 public:
  JsonCallReader(const ToolSyntax& syntax, bool is_bare) : syntax_(syntax), is_bare_(is_bare) {
    // The bracket of "functools[" was part of the trigger.
    if (!is_bare && syntax.triggers.front().ends_with('[')) in_list_ = true;
  }

  Progress read(std::string_view& text, bool at_end, CallSink& sink) override {
    for (;;) {
      std::optional<Progress> progress;
      switch (place_) {
        case Place::Between: progress = between(text, at_end); break;
        case Place::Key: progress = key(text, sink); break;
        case Place::Colon: progress = colon(text); break;
        case Place::Value: progress = value(text, sink); break;
        case Place::AfterValue: progress = after_value(text, sink); break;
      }
      if (!progress) continue;
      if (*progress == Progress::NeedMore && at_end) return Progress::Malformed;
      return *progress;
    }
  }

 private:
  enum class Place { Between, Key, Colon, Value, AfterValue };
  enum class Role { Other, Name, Id, Arguments, Nested };

  static void skip_space(std::string_view& text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    text.remove_prefix(std::min(first, text.size()));
  }

  // Before, between and after objects.
  std::optional<Progress> between(std::string_view& text, bool at_end) {
    const bool had_calls = calls_ > 0;
    const auto ended = had_calls ? Progress::Done : Progress::Malformed;
    skip_space(text);
    if (text.empty()) return at_end ? ended : Progress::NeedMore;
    if (!syntax_.end.empty() && !is_bare_) {
      if (text.starts_with(syntax_.end)) {
        text.remove_prefix(syntax_.end.size());
        return ended;
      }
      if (!at_end && is_proper_prefix(text, syntax_.end)) return Progress::NeedMore;
    }
    const char c = text[0];
    if (c == ']' && in_list_) {
      in_list_ = false;
      list_ended_ = true;
    } else if (c == '[' && !in_list_ && !had_calls) {
      in_list_ = true;
    } else if (c == '{' && !list_ended_) {
      place_ = Place::Key;
      name_.reset();
      id_.clear();
      buffered_.clear();
      has_arguments_ = false;
      level_ = 0;
    } else if ((c != ',' && c != ';') || list_ended_ || !had_calls) {
      return ended;
    }
    text.remove_prefix(1);
    return std::nullopt;
  }

  std::optional<Progress> key(std::string_view& text, CallSink& sink) {
    skip_space(text);
    if (text.empty()) return Progress::NeedMore;
    if (captured_.empty()) {
      if (text[0] == '}') {
        place_ = Place::AfterValue;
        return std::nullopt;
      }
      if (text[0] != '"') return Progress::Malformed;
      scanner_ = JsonScanner();
    }
    const auto state = scanner_.scan(text, captured_);
    if (state == JsonScanner::State::Bad) return Progress::Malformed;
    if (state == JsonScanner::State::More) return Progress::NeedMore;
    const auto parsed = json::parse(std::exchange(captured_, {}));
    if (!parsed) return Progress::Malformed;
    const std::string name(parsed->get_string());
    place_ = Place::Colon;
    if (syntax_.name_is_key) {
      role_ = Role::Arguments;
      name_ = name;
      return begin(sink);
    }
    role_ = name == "name" || name == "tool_name"                           ? Role::Name
            : name == "function"                                            ? Role::Nested
            : name == "id" || name == "tool_call_id"                        ? Role::Id
            : name == "arguments" || name == "parameters" || name == "args" ? Role::Arguments
                                                                            : Role::Other;
    return std::nullopt;
  }

  std::optional<Progress> colon(std::string_view& text) {
    skip_space(text);
    if (text.empty()) return Progress::NeedMore;
    if (text[0] != ':') return Progress::Malformed;
    text.remove_prefix(1);
    place_ = Place::Value;
    value_begins_ = true;
    return std::nullopt;
  }

  std::optional<Progress> value(std::string_view& text, CallSink& sink) {
    if (value_begins_) {
      skip_space(text);
      if (text.empty()) return Progress::NeedMore;
      if (role_ == Role::Nested && text[0] == '{') {
        text.remove_prefix(1);
        ++level_;
        place_ = Place::Key;
        return std::nullopt;
      }
      value_begins_ = false;
      scanner_ = JsonScanner();
      streams_ = role_ == Role::Arguments && text[0] == '{' && sink.is_open();
    }
    std::string piece;
    const auto state = scanner_.scan(text, piece);
    if (streams_) {
      sink.arguments(piece);
    } else {
      captured_ += piece;
    }
    if (state == JsonScanner::State::Bad) return Progress::Malformed;
    if (state == JsonScanner::State::More) return Progress::NeedMore;
    place_ = Place::AfterValue;
    return value_done(std::exchange(captured_, {}), sink);
  }

  std::optional<Progress> value_done(const std::string& raw, CallSink& sink) {
    if (role_ == Role::Arguments) {
      has_arguments_ = true;
      if (streams_) return std::nullopt;
      const auto text = as_arguments(raw);
      if (sink.is_open()) {
        sink.arguments(text);
      } else {
        buffered_ = text;
      }
      return std::nullopt;
    }
    const auto parsed = json::parse(raw);
    if (!parsed) return Progress::Malformed;
    if (role_ == Role::Id) {
      id_ = parsed->is_string() ? std::string(parsed->get_string()) : raw;
    } else if (role_ == Role::Name || role_ == Role::Nested) {
      if (!parsed->is_string() || parsed->get_string().empty() || name_) return Progress::Malformed;
      name_ = std::string(parsed->get_string());
      return begin(sink);
    }
    return std::nullopt;
  }

  // Some models write the arguments as a string that holds JSON.
  static std::string as_arguments(const std::string& raw) {
    const auto parsed = json::parse(raw);
    if (!parsed || parsed->is_null()) return "{}";
    if (!parsed->is_string()) return raw;
    const std::string inner(parsed->get_string());
    return json::parse(inner) ? inner : raw;
  }

  std::optional<Progress> begin(CallSink& sink) {
    // JSON without a marker may be the answer itself: only a tool that exists makes it a call.
    if (name_->empty() || (is_bare_ && !sink.find(*name_))) return Progress::Malformed;
    sink.begin(*name_, id_);
    sink.arguments(std::exchange(buffered_, {}));
    return Progress::Progressed;
  }

  std::optional<Progress> after_value(std::string_view& text, CallSink& sink) {
    skip_space(text);
    if (text.empty()) return Progress::NeedMore;
    const char c = text[0];
    if (c != ',' && c != '}') return Progress::Malformed;
    text.remove_prefix(1);
    if (c == ',') {
      place_ = Place::Key;
      return std::nullopt;
    }
    if (level_-- > 0) return std::nullopt;
    if (!sink.is_open()) return Progress::Malformed;
    if (!has_arguments_) sink.arguments("{}");
    sink.end();
    ++calls_;
    place_ = Place::Between;
    return Progress::Progressed;
  }

  const ToolSyntax& syntax_;
  const bool is_bare_;
  Place place_ = Place::Between;
  Role role_ = Role::Other;
  bool in_list_ = false;
  bool list_ended_ = false;
  bool value_begins_ = false;
  bool streams_ = false;
  bool has_arguments_ = false;
  int level_ = 0;  // inside {"function": {...}}
  int calls_ = 0;
  JsonScanner scanner_;
  std::string captured_;
  std::string buffered_;  // arguments that came before the name
  std::optional<std::string> name_;
  std::string id_;
};

// Looks at the first character to find out what follows.
class JsonOrPythonReader final : public CallReader {
 public:
  explicit JsonOrPythonReader(const ToolSyntax& syntax) : syntax_(syntax) {}

  Progress read(std::string_view& text, bool at_end, CallSink& sink) override {
    if (!reader_) {
      const auto content = trim(text);
      if (content.empty()) return at_end ? Progress::Malformed : Progress::NeedMore;
      const bool is_json = content[0] == '{' || content[0] == '[';
      reader_ =
          is_json ? std::make_unique<JsonCallReader>(syntax_, false) : make_python_reader(syntax_);
    }
    return reader_->read(text, at_end, sink);
  }

 private:
  const ToolSyntax& syntax_;
  std::unique_ptr<CallReader> reader_;
};

}  // namespace

std::unique_ptr<CallReader> make_json_reader(const ToolSyntax& syntax, bool is_bare) {
  if (syntax.python_too && !is_bare) return std::make_unique<JsonOrPythonReader>(syntax);
  return std::make_unique<JsonCallReader>(syntax, is_bare);
}

}  // namespace inference::output
