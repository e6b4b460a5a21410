// E-mail (RFC 5322 with MIME, RFC 2045 to 2047): the headers a person reads, then the text.
#include <algorithm>
#include <map>
#include <vector>

#include "base/encoding.h"
#include "base/limits/document.h"
#include "documents/encoding.h"
#include "documents/formats/formats.h"

namespace documents {
namespace {

struct Part {
  std::map<std::string, std::string> headers;  // by lower-case name, unfolded
  std::string_view body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

// The value of `; name=value` in a header, without quotes.
std::string parameter(const std::string& header, const std::string& name) {
  const auto text = lower(header);
  auto at = text.find(name + "=");
  while (at != std::string::npos && at > 0 && text[at - 1] != ' ' && text[at - 1] != ';' &&
         text[at - 1] != '\t') {
    at = text.find(name + "=", at + 1);
  }
  if (at == std::string::npos) return {};
  std::string_view value = std::string_view(header).substr(at + name.size() + 1);
  if (value.starts_with('"')) {
    value.remove_prefix(1);
    return std::string(value.substr(0, value.find('"')));
  }
  return std::string(trim(value.substr(0, value.find(';'))));
}

Part parse_part(std::string_view text) {
  Part part;
  std::string* current = nullptr;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    if ((line.front() == ' ' || line.front() == '\t') && current) {
      *current += ' ';
      *current += trim(line);
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    current = &part.headers[lower(trim(line.substr(0, colon)))];
    if (current->empty()) *current = trim(line.substr(colon + 1));
  }
  part.body = text;
  return part;
}

std::string decode_quoted_printable(std::string_view text, bool in_header) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_header && text[i] == '_') {
      out += ' ';
    } else if (text[i] != '=') {
      out += text[i];
    } else if (i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {  // a line end that is none
      if (i + 1 < text.size() && text[i + 1] == '\r') ++i;
      if (i + 1 < text.size() && text[i + 1] == '\n') ++i;
    }
  }
  return out;
}

std::string decode_base64(std::string_view text) {
  std::string packed;
  for (const char c : text) {
    if (c != '\n' && c != '\r' && c != ' ' && c != '\t') packed += c;
  }
  return base::base64_decode(packed).value_or(std::string());
}

std::string to_utf8(const std::string& bytes, const std::string& charset) {
  std::string out;
  if (!charset.empty() && convert_charset(bytes, charset, out)) return out;
  return base::utf8_repair(bytes);
}

// RFC 2047: =?charset?B|Q?text?=, blanks between two such words do not count.
std::string decode_words(std::string_view text) {
  std::string out;
  bool after_word = false;
  while (!text.empty()) {
    const auto begin = text.find("=?");
    const auto between = text.substr(0, begin);
    if (!(after_word && trim(between).empty() && begin != std::string_view::npos)) out += between;
    if (begin == std::string_view::npos) break;
    const auto rest = text.substr(begin + 2);
    const auto charset_end = rest.find('?');
    const auto encoding_end =
        charset_end == std::string_view::npos ? charset_end : rest.find('?', charset_end + 1);
    const auto end =
        encoding_end == std::string_view::npos ? encoding_end : rest.find("?=", encoding_end + 1);
    if (end == std::string_view::npos) {
      out += text.substr(begin);
      break;
    }
    const std::string charset(rest.substr(0, charset_end));
    const auto encoding = lower(rest.substr(charset_end + 1, encoding_end - charset_end - 1));
    const auto encoded = rest.substr(encoding_end + 1, end - encoding_end - 1);
    out += to_utf8(
        encoding == "b" ? decode_base64(encoded) : decode_quoted_printable(encoded, true), charset);
    after_word = true;
    text = rest.substr(end + 2);
  }
  return base::utf8_repair(out);
}

std::string decoded_body(const Part& part) {
  const auto encoding = lower(trim(part.header("content-transfer-encoding")));
  if (encoding == "base64") return decode_base64(part.body);
  if (encoding == "quoted-printable") return decode_quoted_printable(part.body, false);
  return std::string(part.body);
}

std::vector<std::string_view> split_multipart(std::string_view body, const std::string& boundary) {
  std::vector<std::string_view> out;
  const std::string mark = "--" + boundary;
  std::size_t at = body.starts_with(mark) ? 0 : body.find("\n" + mark);
  if (at != 0 && at != std::string_view::npos) ++at;
  while (at != std::string_view::npos && out.size() < limits::document_entries_max) {
    auto begin = at + mark.size();
    if (body.substr(begin).starts_with("--")) break;
    begin = body.find('\n', begin);
    if (begin == std::string_view::npos) break;
    auto end = body.find("\n" + mark, begin);
    out.push_back(body.substr(begin + 1, end == std::string_view::npos ? end : end - begin - 1));
    at = end == std::string_view::npos ? end : end + 1;
  }
  return out;
}

class EmailText {
 public:
  explicit EmailText(Writer& writer) : writer_(writer) {}

  Status read(std::string_view text, int depth) {
    const Part part = parse_part(text);
    write_headers(part);
    return read_part(part, depth);
  }

 private:
  void write_headers(const Part& part) {
    const auto subject = decode_words(part.header("subject"));
    writer_.heading(1, subject.empty() ? "E-mail" : subject);
    for (const char* name : {"From", "To", "Cc", "Date"}) {
      const auto value = decode_words(part.header(lower(name)));
      if (value.empty()) continue;
      writer_.text(std::string(name) + ": " + collapse(value));
      writer_.line_break();
    }
    writer_.paragraph();
  }

  Status read_part(const Part& part, int depth) {
    if (depth > limits::document_nesting_max)
      return fail(ErrorCode::InvalidRequest,
                  "The file could not be parsed: its parts are nested too deeply.");
    const auto header = part.header("content-type");
    const auto type = lower(trim(std::string_view(header).substr(0, header.find(';'))));
    if (type.starts_with("multipart/"))
      return read_multipart(part, type, parameter(header, "boundary"), depth);
    if (lower(part.header("content-disposition")).starts_with("attachment")) {
      const auto name = decode_words(parameter(part.header("content-disposition"), "filename"));
      writer_.paragraph();
      writer_.text("Attachment: " + collapse(name));
      writer_.paragraph();
      return {};
    }
    if (type == "message/rfc822") return read(decoded_body(part), depth + 1);
    if (type == "text/html")
      return write_html(writer_, to_utf8(decoded_body(part), parameter(header, "charset")));
    if (type.empty() || type.starts_with("text/")) {
      std::string text = to_utf8(decoded_body(part), parameter(header, "charset"));
      std::erase(text, '\r');
      writer_.text(text);
      writer_.paragraph();
    }
    return {};
  }

  // Of alternatives the plain text is read, where there is one.
  Status read_multipart(const Part& part, const std::string& type, const std::string& boundary,
                        int depth) {
    if (boundary.empty()) return {};
    std::vector<Part> parts;
    for (const auto piece : split_multipart(part.body, boundary))
      parts.push_back(parse_part(piece));
    if (type == "multipart/alternative" && !parts.empty()) {
      const auto plain = std::find_if(parts.begin(), parts.end(), [](const Part& each) {
        const auto given = lower(each.header("content-type"));
        return given.empty() || given.starts_with("text/plain");
      });
      return read_part(plain == parts.end() ? parts.back() : *plain, depth + 1);
    }
    for (const auto& each : parts) {
      if (auto status = read_part(each, depth + 1); !status) return status;
    }
    return {};
  }

  Writer& writer_;
};

}  // namespace

Result<Document> read_email(std::string_view bytes) {
  Writer writer;
  if (auto status = EmailText(writer).read(bytes, 0); !status) return fail(status.error());
  if (writer.full())
    return fail(ErrorCode::TooLarge, "The file could not be parsed because it is too large.");
  return std::move(writer).finish();
}

}  // namespace documents
