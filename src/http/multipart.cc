#include "http/multipart.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "http/trimmed.h"

namespace http {
namespace {

constexpr std::size_t kBoundaryBytesMax = 70;  // RFC 2046, section 5.1.1
constexpr std::size_t kNameBytesMax = 1024;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::InvalidRequest, fmt::format("Malformed multipart body: {}", what));
}

bool is_boundary(std::string_view text) {
  return !text.empty() && text.size() <= kBoundaryBytesMax && text.back() != ' ' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                  std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
         });
}

// A quoted string from its opening quote: its value, and `text` moved behind it. A backslash only
// escapes quotes and itself, because some clients send Windows paths unescaped.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool escape =
        text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\');
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    value += text[escape ? ++i : i];
  }
  return std::nullopt;
}

// Calls use(name, value) for each `; name=value` of a header value, without the part before the
// first semicolon. False when malformed.
template <class Use>
bool each_parameter(std::string_view text, Use&& use) {
  text.remove_prefix(std::min(text.find(';'), text.size()));
  while (!(text = trimmed(text)).empty()) {
    if (text.front() != ';') return false;
    text = trimmed(text.substr(1));
    if (text.empty()) return true;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return false;
    const auto name = trimmed(text.substr(0, equals));
    text = trimmed(text.substr(equals + 1));
    std::optional<std::string> value;
    if (text.starts_with('"')) {
      value = take_quoted(text);
    } else {
      const auto end = std::min(text.find_first_of("; \t"), text.size());
      value = std::string(text.substr(0, end));
      text.remove_prefix(end);
    }
    if (!value || !is_token(name)) return false;
    use(name, std::move(*value));
  }
  return true;
}

// `UTF-8''na%20me` (RFC 8187); nullopt for other character sets.
std::optional<std::string> extended_value(std::string_view text) {
  const auto charset = text.find('\'');
  if (charset == std::string_view::npos || !iequals(text.substr(0, charset), "utf-8")) {
    return std::nullopt;
  }
  const auto language = text.find('\'', charset + 1);
  if (language == std::string_view::npos) return std::nullopt;
  return percent_decode(text.substr(language + 1));
}

// Browsers write a quote in a name as %22 (HTML Standard, section 4.10.21.8).
std::string unescaped_quotes(std::string text) {
  for (auto at = text.find("%22"); at != std::string::npos; at = text.find("%22", at + 1)) {
    text.replace(at, 3, "\"");
  }
  return text;
}

std::string last_component(std::string path) {
  const auto slash = path.find_last_of("/\\");
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

bool is_printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  const auto type = trimmed(content_type.substr(0, content_type.find(';')));
  if (!iequals(type, "multipart/form-data")) return std::nullopt;
  std::optional<std::string> boundary;
  const bool ok = each_parameter(content_type, [&](std::string_view name, std::string value) {
    if (!boundary && iequals(name, "boundary")) boundary = std::move(value);
  });
  if (!ok || !boundary || !is_boundary(*boundary)) return std::nullopt;
  return boundary;
}

MultipartReader::MultipartReader(std::string_view boundary, MultipartLimits limits)
    : limits_(limits), delimiter_("\r\n--" + std::string(boundary)) {
  // With a line break before it, the first delimiter looks like all the others.
  buffer_ = "\r\n";
}

void MultipartReader::feed(std::string_view bytes) {
  if (state_ == State::Done) return;
  buffer_.erase(0, position_);
  position_ = 0;
  buffer_ += bytes;
}

Result<MultipartReader::Event> MultipartReader::next() {
  Result<Event> event;
  switch (state_) {
    case State::Preamble: event = find_first(); break;
    case State::Delimiter: event = read_delimiter(); break;
    case State::Head: event = read_head(); break;
    case State::Data: event = read_data(); break;
    case State::Done: return Event{Kind::End};
  }
  if (!event) state_ = State::Done;
  return event;
}

// Skips the preamble, which means nothing.
Result<MultipartReader::Event> MultipartReader::find_first() {
  const auto at = rest().find(delimiter_);
  if (at == std::string_view::npos) {
    const auto kept = std::min(rest().size(), delimiter_.size() - 1);
    position_ = buffer_.size() - kept;
    return Event{};
  }
  position_ += at + delimiter_.size();
  state_ = State::Delimiter;
  return read_delimiter();
}

// What follows a delimiter: "--" for the last one, a line break (after blanks) for the others.
Result<MultipartReader::Event> MultipartReader::read_delimiter() {
  if (in_part_) {
    in_part_ = false;
    return Event{Kind::PartEnd};
  }
  auto text = rest();
  if (text.starts_with("--")) {
    state_ = State::Done;
    return Event{Kind::End};
  }
  const auto content = text.find_first_not_of(" \t");
  if (content == std::string_view::npos) {
    if (text.size() > limits_.header_bytes_max) return malformed("blanks after a boundary");
    return Event{};
  }
  text.remove_prefix(content);
  if (text == "\r" || text == "-") return Event{};
  if (!text.starts_with("\r\n")) return malformed("text after a boundary");
  if (++parts_ > limits_.parts_max) {
    return fail(ErrorCode::TooLarge,
                fmt::format("The form has more than {} parts.", limits_.parts_max));
  }
  // The line break stays: a head without any field is then an empty line too.
  position_ += content;
  state_ = State::Head;
  return read_head();
}

Result<MultipartReader::Event> MultipartReader::read_head() {
  const auto text = rest();
  const auto end = text.find("\r\n\r\n");
  if (std::min(end, text.size()) > limits_.header_bytes_max) {
    return fail(ErrorCode::TooLarge, fmt::format("The headers of a part are longer than {} bytes.",
                                                 limits_.header_bytes_max));
  }
  if (end == std::string_view::npos) return Event{};
  if (auto parsed = parse_head(text.substr(2, end > 2 ? end - 2 : 0)); !parsed) {
    return fail(std::move(parsed.error()));
  }
  position_ += end + 4;
  state_ = State::Data;
  in_part_ = true;
  return Event{Kind::PartBegin};
}

Result<MultipartReader::Event> MultipartReader::read_data() {
  const auto text = rest();
  const auto at = text.find(delimiter_);
  if (at == 0) {
    position_ += delimiter_.size();
    state_ = State::Delimiter;
    return read_delimiter();
  }
  // The end of what is here may be the beginning of a delimiter.
  const auto certain = at != std::string_view::npos      ? at
                       : text.size() < delimiter_.size() ? 0
                                                         : text.size() - (delimiter_.size() - 1);
  if (certain == 0) return Event{};
  position_ += certain;
  return Event{Kind::Data, text.substr(0, certain)};
}

Status MultipartReader::parse_head(std::string_view text) {
  part_ = {};
  bool named = false;
  std::optional<std::string> extended;
  while (!text.empty()) {
    const auto end = std::min(text.find("\r\n"), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 2, text.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
      return malformed("bad header in a part");
    }
    const auto value = trimmed(line.substr(colon + 1));
    if (iequals(line.substr(0, colon), "content-type")) part_.content_type = value;
    if (!iequals(line.substr(0, colon), "content-disposition")) continue;
    if (!iequals(trimmed(value.substr(0, value.find(';'))), "form-data")) {
      return malformed("a part is not form-data");
    }
    const bool ok = each_parameter(value, [&](std::string_view name, std::string text) {
      if (iequals(name, "name")) {
        part_.name = unescaped_quotes(std::move(text));
        named = true;
      } else if (iequals(name, "filename")) {
        part_.filename = unescaped_quotes(std::move(text));
      } else if (iequals(name, "filename*")) {
        extended = extended_value(text);
      }
    });
    if (!ok) return malformed("bad Content-Disposition in a part");
  }
  if (!named) return malformed("a part has no name");
  if (extended) part_.filename = std::move(extended);
  if (part_.filename) part_.filename = base::utf8_repair(last_component(*part_.filename));
  if (part_.name.size() > kNameBytesMax || !is_printable(part_.name) ||
      !base::utf8_valid(part_.name) || !is_printable(part_.content_type) ||
      (part_.filename && !is_printable(*part_.filename))) {
    return malformed("bad name in a part");
  }
  return {};
}

awaitable<Status> MemorySink::write(std::string_view bytes) {
  if (bytes.size() > bytes_max_ - out_.size()) {
    co_return fail(ErrorCode::TooLarge,
                   fmt::format("A field is longer than {} bytes.", bytes_max_));
  }
  out_ += bytes;
  co_return Status();
}

awaitable<Status> MemorySink::finish() {
  co_return Status();
}

std::optional<std::string_view> Form::field(std::string_view name) const {
  for (const auto& field : fields) {
    if (field.name == name) return field.value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Form::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& field : fields) {
    const std::string_view key = field.name;
    const bool list = key.size() == name.size() + 2 && key.starts_with(name) && key.ends_with("[]");
    if (key == name || list) values.push_back(field.value);
  }
  return values;
}

FormFile* Form::file(std::string_view name) {
  for (auto& file : files) {
    if (file.head.name == name) return &file;
  }
  return nullptr;
}

}  // namespace http
