#include "api/batches/input.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <unordered_set>

#include <fmt/format.h>

#include "base/limits/batch.h"

namespace api::batches {
namespace {

constexpr std::size_t kReadBytes = 1024 * 1024;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

// Checks lines one after the other and collects what is wrong.
class Validator {
 public:
  Validator(const Endpoint& endpoint, const std::function<bool(const std::string&)>& has_model)
      : endpoint_(endpoint), has_model_(has_model) {}

  void line(std::int64_t number, std::string_view text);
  Validation take();

 private:
  void error(std::int64_t line, std::string code, std::string message, const char* param);
  void check_model(std::int64_t line, const json::Object& body);
  void count_inputs(const json::Object& body);

  const Endpoint& endpoint_;
  const std::function<bool(const std::string&)>& has_model_;
  Validation out_;
  std::unordered_set<std::string> ids_;
  std::int64_t inputs_ = 0;  // of embeddings
};

void Validator::error(std::int64_t line, std::string code, std::string message, const char* param) {
  if (out_.errors.size() >= limits::batch_errors_max) return;
  LineError error{.code = std::move(code), .message = std::move(message), .param = {}, .line = {}};
  if (param) error.param.emplace(param);
  if (line > 0) error.line.emplace(line);
  out_.errors.push_back(std::move(error));
}

void Validator::line(std::int64_t number, std::string_view text) {
  ++out_.lines;
  auto value = json::parse(text);
  const auto* object = value ? value->if_object() : nullptr;
  if (!object)
    return error(number, "invalid_json_line", "This line is not parseable as valid JSON.", nullptr);
  const auto required = [&](const char* name, boost::json::kind kind,
                            const char* noun) -> const json::Value* {
    const json::Value* found = json::find(*object, name);
    if (!found || found->is_null()) {
      error(number, "missing_required_parameter",
            fmt::format("Missing required parameter: '{}'.", name), name);
      return nullptr;
    }
    if (found->kind() == kind) return found;
    error(number, "invalid_type", fmt::format("Invalid type for '{}': expected {}.", name, noun),
          name);
    return nullptr;
  };
  const auto* id = required("custom_id", boost::json::kind::string, "a string");
  const auto* method = required("method", boost::json::kind::string, "a string");
  const auto* url = required("url", boost::json::kind::string, "a string");
  const auto* body = required("body", boost::json::kind::object, "an object");
  if (id && !ids_.emplace(id->get_string()).second) {
    error(number, "duplicate_custom_id",
          "The custom_id for this request is a duplicate of another request. The custom_id "
          "parameter must be unique for each request in a batch.",
          "custom_id");
  }
  if (method && method->get_string() != "POST") {
    error(number, "invalid_method", "The method of a request in a batch must be 'POST'.", "method");
  }
  if (url && std::string_view(url->get_string()) != endpoint_.path) {
    error(number, "invalid_url",
          "The URL provided for this request does not prefix with /v1 or the batch endpoint does "
          "not match.",
          "url");
  }
  if (!body) return;
  check_model(number, body->get_object());
  if (endpoint_.path == "/v1/embeddings") count_inputs(body->get_object());
}

void Validator::check_model(std::int64_t line, const json::Object& body) {
  const std::string model(json::string_or(body, "model"));
  if (model.empty() || model == out_.model) return;  // a missing one is the line's own failure
  if (!out_.model.empty()) {
    return error(line, "mismatched_model",
                 fmt::format("The provided model '{}' does not match the model used in previous "
                             "requests of this batch ('{}').",
                             model, out_.model),
                 "body.model");
  }
  out_.model = model;
  if (!has_model_(model)) {
    error(line, "model_not_found",
          fmt::format("The provided model '{}' is not supported by the Batch API.", model),
          "body.model");
  }
}

void Validator::count_inputs(const json::Object& body) {
  const json::Value* input = json::find(body, "input");
  const auto* array = input ? input->if_array() : nullptr;
  const bool many = array && !array->empty() && !array->front().is_number();
  inputs_ += many ? static_cast<std::int64_t>(array->size()) : 1;
}

Validation Validator::take() {
  if (out_.lines == 0) {
    error(0, "empty_file",
          "The input file is empty. Please ensure that your batch contains at least one request.",
          nullptr);
  }
  if (out_.lines > limits::batch_lines_max) {
    error(0, "request_limit_exceeded",
          fmt::format("The batch input file has {} requests, at most {} are allowed.", out_.lines,
                      limits::batch_lines_max),
          nullptr);
  }
  if (inputs_ > limits::batch_embedding_inputs_max) {
    error(0, "input_limit_exceeded",
          fmt::format("The batch input file has {} embedding inputs, at most {} are allowed.",
                      inputs_, limits::batch_embedding_inputs_max),
          nullptr);
  }
  return std::move(out_);
}

// Hashes of the first so many bytes of a prompt, 0 beyond its end: lines that agree in a longer
// head agree in all shorter ones, so sorting by them brings heads together.
constexpr std::array<std::size_t, 5> kHeads{64, 256, 1'024, 4'096, 16'384};
constexpr std::size_t kGroupHead = 2;  // from this head on waiting for a leader pays
using HeadKey = std::array<std::uint64_t, kHeads.size()>;

std::uint64_t fnv(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ull;
  for (const unsigned char c : text) hash = (hash ^ c) * 1099511628211ull;
  return hash;
}

// What the model reads first, in the order in which it reads it.
HeadKey head_key(std::string_view line) {
  std::string head;
  if (auto value = json::parse(line)) {
    const json::Value* body = json::find(*value, "body");
    for (const char* name : {"tools", "instructions", "messages", "input", "prompt"}) {
      const json::Value* part = body ? json::find(*body, name) : nullptr;
      if (part && head.size() < kHeads.back()) head += json::dump(*part);
    }
  }
  HeadKey key{};
  for (std::size_t i = 0; i < kHeads.size(); ++i) {
    key[i] = fnv(std::string_view(head).substr(0, kHeads[i]));
    if (head.size() < kHeads[i]) break;
  }
  return key;
}

// Bytes of the longest head that two lines share, if it is worth a group.
std::int64_t shared_head(const HeadKey& a, const HeadKey& b) {
  std::int64_t bytes = 0;
  for (std::size_t i = kGroupHead; i < kHeads.size() && a[i] == b[i] && a[i] != 0; ++i)
    bytes = static_cast<std::int64_t>(kHeads[i]);
  return bytes;
}

}  // namespace

Status each_line(const blob::BlobReader& file, const VisitLine& visit) {
  std::string piece(kReadBytes, '\0');
  std::string carried;  // the head of a line that goes on in the next piece
  LinePlace place{.number = 1};
  const auto finish = [&](std::string_view rest) -> Status {
    const bool whole = carried.empty();
    if (!whole) carried += rest;
    const std::string_view text = whole ? rest : std::string_view(carried);
    place.size = static_cast<std::int64_t>(text.size());
    if (!is_blank(text)) {
      if (auto status = visit(place, text); !status) return status;
    }
    carried.clear();
    return {};
  };
  std::int64_t offset = 0;
  while (offset < file.size()) {
    auto n = file.read(offset, std::as_writable_bytes(std::span(piece)));
    if (!n) return fail(std::move(n.error()));
    if (*n == 0) return fail(ErrorCode::CorruptData, "A stored file is shorter than it was.");
    std::string_view rest(piece.data(), *n);
    for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
      if (auto status = finish(rest.substr(0, end)); !status) return status;
      rest.remove_prefix(end + 1);
      ++place.number;
      place.offset = offset + (rest.data() - piece.data());
    }
    carried += rest;
    offset += static_cast<std::int64_t>(*n);
  }
  return finish({});
}

Result<std::string> read_line(const blob::BlobReader& file, const LinePlace& place) {
  std::string text(static_cast<std::size_t>(place.size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    auto n = file.read(place.offset + static_cast<std::int64_t>(done),
                       std::as_writable_bytes(std::span(text)).subspan(done));
    if (!n) return fail(std::move(n.error()));
    if (*n == 0) return fail(ErrorCode::CorruptData, "A stored file is shorter than it was.");
    done += *n;
  }
  return text;
}

Result<Validation> validate(const blob::BlobReader& file, const Endpoint& endpoint,
                            const std::function<bool(const std::string&)>& has_model) {
  Validator validator(endpoint, has_model);
  auto status = each_line(file, [&](const LinePlace& place, std::string_view text) -> Status {
    validator.line(place.number, text);
    return {};
  });
  if (!status) return fail(std::move(status.error()));
  return validator.take();
}

std::optional<LineError> check_size(std::int64_t bytes) {
  if (bytes <= limits::batch_input_bytes_max) return std::nullopt;
  return LineError{.code = "input_file_too_large",
                   .message = fmt::format("The batch input file is larger than the {} bytes "
                                          "allowed. Please try again with a smaller batch.",
                                          limits::batch_input_bytes_max)};
}

Result<std::vector<PlannedLine>> plan(const blob::BlobReader& file,
                                      const std::function<bool(std::int64_t line)>& wanted) {
  std::vector<std::pair<HeadKey, LinePlace>> keyed;
  auto status = each_line(file, [&](const LinePlace& place, std::string_view text) -> Status {
    if (wanted(place.number)) keyed.emplace_back(head_key(text), place);
    return {};
  });
  if (!status) return fail(std::move(status.error()));
  std::ranges::stable_sort(keyed, {}, [](const auto& entry) { return entry.first; });

  std::vector<PlannedLine> lines;
  lines.reserve(keyed.size());
  std::size_t leader = 0;
  for (std::size_t i = 0; i < keyed.size(); ++i) {
    const std::int64_t shared = i > 0 ? shared_head(keyed[leader].first, keyed[i].first) : 0;
    const std::size_t group = i == 0 ? 0 : lines.back().group + (shared == 0 ? 1 : 0);
    if (shared == 0) leader = i;
    lines.push_back({.place = keyed[i].second, .group = group, .shared_head = shared});
  }
  return lines;
}

}  // namespace api::batches
