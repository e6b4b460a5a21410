#include "documents/child.h"

#include <fcntl.h>
#include <iconv.h>
#include <libxml/parser.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <new>

#include "base/encoding.h"
#include "base/json/value.h"
#include "documents/encoding.h"
#include "documents/formats/formats.h"
#include "documents/sandbox.h"

namespace documents {
namespace {

constexpr std::array kCodes{ErrorCode::InvalidRequest, ErrorCode::TooLarge, ErrorCode::Unsupported,
                            ErrorCode::Internal};

// What the libraries would load at first use. glibc's conversions are modules: one left open keeps
// its module for all.
void load_libraries() {
  for (const char* charset : {"UTF-16", "UTF-16LE", "UTF-16BE"}) {
    ::iconv_open("UTF-8", charset);
    ::iconv_open(charset, "UTF-8");
  }
  std::string ignored;
  convert_charset("x", "windows-1252", ignored);
  xmlInitParser();
}

// The standard input as memory; empty when there is nothing in it.
std::string_view map_input() {
  struct stat facts{};
  if (::fstat(STDIN_FILENO, &facts) != 0 || facts.st_size <= 0) return {};
  const auto size = static_cast<std::size_t>(facts.st_size);
  void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);
  if (bytes == MAP_FAILED) return {};
  return {static_cast<const char*>(bytes), size};
}

Result<Document> read_input(std::string_view bytes, const FileName& file) {
  if (trim(bytes).empty())
    return fail(ErrorCode::InvalidRequest, "The file could not be parsed because it is empty.");
  auto format = detect(bytes, file);
  if (!format) return fail(format.error());
  auto document = read_document(*format, bytes);
  if (document && document->sections.empty())
    return fail(ErrorCode::InvalidRequest,
                "The file could not be parsed because there is no text in it.");
  return document;
}

void write_all(std::string_view text) {
  while (!text.empty()) {
    const auto n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n <= 0) ::_exit(1);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

std::string write_answer(const Result<Document>& result) {
  json::Object answer;
  if (!result) {
    answer["error"] = name(result.error().code);
    answer["message"] = result.error().message;
    return json::dump(answer);
  }
  json::Array sections;
  for (const auto& section : result->sections) {
    sections.push_back(json::Array{section.page, base::utf8_repair(section.heading),
                                   base::utf8_repair(section.text)});
  }
  answer["sections"] = std::move(sections);
  return json::dump(answer);
}

Result<Document> read_answer(std::string_view text) {
  const auto broken = [] {
    return fail(ErrorCode::InvalidRequest, "The file could not be parsed: its reader failed.");
  };
  const auto answer = json::parse(text);
  if (!answer || !answer->is_object()) return broken();
  const auto& object = answer->get_object();
  if (const auto* code = json::find(object, "error"); code && code->is_string()) {
    for (const auto known : kCodes) {
      if (code->get_string() == name(known))
        return fail(known, std::string(json::string_or(object, "message")));
    }
    return broken();
  }
  const auto* sections = json::find(object, "sections");
  if (!sections || !sections->is_array()) return broken();
  Document document;
  for (const auto& each : sections->get_array()) {
    const auto* parts = each.if_array();
    if (!parts || parts->size() != 3 || !(*parts)[0].is_int64() || !(*parts)[1].is_string() ||
        !(*parts)[2].is_string()) {
      return broken();
    }
    document.sections.push_back({.page = static_cast<int>((*parts)[0].get_int64()),
                                 .heading = std::string((*parts)[1].get_string()),
                                 .text = std::string((*parts)[2].get_string())});
  }
  return document;
}

void run_child(const FileName& file) {
  ::close_range(3, ~0u, 0);
  load_libraries();
  const auto bytes = map_input();
  if (auto status = enter_sandbox(); !status) {
    write_all(write_answer(fail(status.error())));
    ::_exit(1);
  }
  try {
    write_all(write_answer(read_input(bytes, file)));
  } catch (const std::bad_alloc&) {
    write_all(R"({"error":"too_large","message":)"
              R"("The file could not be parsed because it is too large."})");
  } catch (...) {
    write_all(R"({"error":"invalid_request","message":"The file could not be parsed."})");
  }
  ::_exit(0);  // without the destructors of libraries that may have been broken
}

}  // namespace documents
