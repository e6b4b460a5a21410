// Reads a request's body through the MultipartReader into a Form.
#include <fmt/format.h>

#include <array>

#include "http/multipart.h"

namespace http {
namespace {

constexpr std::size_t kFormReadBytes = 64 * 1024;

// Owned by the coroutine that reads the form.
struct FormReader {
  Form form;
  OpenSink open;
  MultipartLimits limits;
  PartSink* sink = nullptr;  // of the file being read; nullptr in a field
  std::size_t fields_bytes = 0;

  Status begin(const PartHead& head) {
    sink = nullptr;
    if (!head.filename) {
      form.fields.push_back({head.name, {}});
      return {};
    }
    auto opened = open(head, form);
    if (!opened) return fail(std::move(opened.error()));
    form.files.push_back({head, 0, std::move(*opened)});
    sink = form.files.back().sink.get();
    return {};
  }

  Status add_to_field(std::string_view bytes) {
    auto& value = form.fields.back().value;
    fields_bytes += bytes.size();
    if (value.size() + bytes.size() > limits.field_bytes_max ||
        fields_bytes > limits.fields_bytes_max) {
      return fail(
          ErrorCode::TooLarge,
          fmt::format("The form field '{}' is too large: fields may have {} bytes, and {} "
                      "together.",
                      form.fields.back().name, limits.field_bytes_max, limits.fields_bytes_max));
    }
    value += bytes;
    return {};
  }
};

awaitable<Status> take(FormReader& reader, const MultipartReader& parts,
                       MultipartReader::Event event) {
  using Kind = MultipartReader::Kind;
  if (event.kind == Kind::PartBegin) co_return reader.begin(parts.part());
  if (event.kind == Kind::PartEnd && reader.sink != nullptr) {
    co_return co_await reader.sink->finish();
  }
  if (event.kind != Kind::Data) co_return Status();
  if (reader.sink == nullptr) co_return reader.add_to_field(event.bytes);
  reader.form.files.back().bytes += event.bytes.size();
  co_return co_await reader.sink->write(event.bytes);
}

}  // namespace

awaitable<Result<Form>> read_form(Request& request, OpenSink open, MultipartLimits limits) {
  using Kind = MultipartReader::Kind;
  const auto boundary = multipart_boundary(request.header("content-type"));
  if (!boundary) {
    co_return fail(ErrorCode::InvalidRequest,
                   "The Content-Type must be multipart/form-data with a boundary.");
  }
  MultipartReader parts(*boundary, limits);
  FormReader reader{{}, std::move(open), limits};
  const auto buffer = std::make_unique<std::array<char, kFormReadBytes>>();
  bool ended = false;
  while (true) {
    auto n = co_await request.read_some(*buffer);
    if (!n) co_return fail(std::move(n.error()));
    if (*n == 0) break;
    parts.feed({buffer->data(), *n});
    while (true) {
      auto event = parts.next();
      if (!event) co_return fail(std::move(event.error()));
      ended = event->kind == Kind::End;
      if (ended || event->kind == Kind::NeedInput) break;
      auto taken = co_await take(reader, parts, *event);
      if (!taken) co_return fail(std::move(taken.error()));
    }
  }
  if (!ended) {
    co_return fail(ErrorCode::InvalidRequest, "Malformed multipart body: it ends too early");
  }
  co_return std::move(reader.form);
}

}  // namespace http
