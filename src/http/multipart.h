// multipart/form-data (RFC 7578) read as it arrives: fields to memory, files to sinks, in flat
// memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits/http.h"
#include "http/request.h"

namespace http {

struct MultipartLimits {
  std::size_t parts_max = limits::multipart_parts_max;
  std::size_t header_bytes_max = limits::multipart_header_bytes_max;
  std::size_t field_bytes_max = limits::multipart_field_bytes_max;
  std::size_t fields_bytes_max = limits::multipart_fields_bytes_max;
};

// What the headers of a part say.
struct PartHead {
  std::string name;
  // Present for files. The last component of what the client sent, never a path; may be empty.
  std::optional<std::string> filename;
  std::string content_type;  // empty when not said
};

// The `boundary` of a Content-Type, when it is multipart/form-data with a valid one.
std::optional<std::string> multipart_boundary(std::string_view content_type);

// The format itself, without any waiting: bytes in, events out.
//   reader.feed(bytes); while (auto event = reader.next()) ...
class MultipartReader {
 public:
  enum class Kind {
    NeedInput,  // feed more
    PartBegin,  // see part()
    Data,       // `bytes` of the current part, valid until the next call
    PartEnd,
    End,  // the closing boundary was read; whatever follows is ignored
  };
  struct Event {
    Kind kind = Kind::NeedInput;
    std::string_view bytes = {};
  };

  explicit MultipartReader(std::string_view boundary, MultipartLimits limits = {});

  // Keeps at most what it was fed plus one boundary.
  void feed(std::string_view bytes);
  // InvalidRequest for what is not multipart, TooLarge above a limit; the reader is then done.
  Result<Event> next();
  const PartHead& part() const { return part_; }

 private:
  enum class State { Preamble, Delimiter, Head, Data, Done };

  Result<Event> find_first();
  Result<Event> read_delimiter();
  Result<Event> read_head();
  Result<Event> read_data();
  Status parse_head(std::string_view text);
  std::string_view rest() const { return std::string_view(buffer_).substr(position_); }

  MultipartLimits limits_;
  std::string delimiter_;  // CRLF "--" boundary
  std::string buffer_;
  std::size_t position_ = 0;  // of buffer_, used before it
  State state_ = State::Preamble;
  bool in_part_ = false;
  std::size_t parts_ = 0;
  PartHead part_;
};

// Where the bytes of one file go. Used by one coroutine.
class PartSink {
 public:
  virtual ~PartSink() = default;
  virtual awaitable<Status> write(std::string_view bytes) = 0;
  // After the last byte; the sink then holds the whole file. Not called when the upload failed.
  virtual awaitable<Status> finish() = 0;
};

class MemorySink final : public PartSink {
 public:
  // Beyond `bytes_max`: TooLarge. `out` outlives the sink.
  MemorySink(std::string& out, std::size_t bytes_max) : out_(out), bytes_max_(bytes_max) {}
  awaitable<Status> write(std::string_view bytes) override;
  awaitable<Status> finish() override;

 private:
  std::string& out_;
  std::size_t bytes_max_;
};

struct FormField {
  std::string name;
  std::string value;
};

struct FormFile {
  PartHead head;
  std::uint64_t bytes = 0;
  std::unique_ptr<PartSink> sink;
};

struct Form {
  std::vector<FormField> fields;  // in order, names repeated
  std::vector<FormFile> files;

  // The first value of that name.
  std::optional<std::string_view> field(std::string_view name) const;
  // Every value of `name` and of `name[]`.
  std::vector<std::string_view> all(std::string_view name) const;
  FormFile* file(std::string_view name);
};

// Chooses the sink of a file; an error ends the upload. Called in the order of the parts; `so_far`
// holds what came before.
using OpenSink =
    std::function<Result<std::unique_ptr<PartSink>>(const PartHead& head, const Form& so_far)>;

// Reads the request's body as a form. InvalidRequest when it is not one, or ends early.
awaitable<Result<Form>> read_form(Request& request, OpenSink open, MultipartLimits limits = {});

}  // namespace http
