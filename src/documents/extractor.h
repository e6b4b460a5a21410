// Reads documents, each in a process of its own that can do nothing but compute. The one way to
// get text out of a file in this program.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/async.h"
#include "base/error.h"
#include "base/limits/document.h"
#include "documents/document.h"

namespace documents {

// A file's bytes on their way to a reader, in memory outside this process's heap. Movable.
class Input {
 public:
  static Result<Input> create();
  static Result<Input> from(std::string_view bytes);
  Input(Input&& other) noexcept;
  Input& operator=(Input&& other) noexcept;
  ~Input();

  Status append(std::string_view bytes);
  int descriptor() const { return descriptor_; }

 private:
  explicit Input(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

struct ExtractorOptions {
  std::string program = "/proc/self/exe";  // answers to `extract-document` (child.h)
  std::chrono::milliseconds time_max = limits::document_time_max;
  std::size_t answer_bytes_max = limits::document_answer_bytes_max;
};

// Lifetime: owned by app, outlives its calls. Any thread. At most limits::document_children_max
// files are read at a time, the others wait.
class Extractor {
 public:
  explicit Extractor(ExtractorOptions options = {});

  // The file's text, by its contents and, where those do not tell, its name and media type (data;
  // either may be empty). Errors are for the person who sent the file: Unsupported ("The file type
  // is not supported."), InvalidRequest (damaged, empty, protected), TooLarge (of memory, text or
  // pages), Timeout. Bombs end as one of the latter two.
  base::awaitable<Result<Document>> extract(Input input, std::string filename,
                                            std::string media_type = {});

  // The same on the calling thread.
  Result<Document> extract_blocking(const Input& input, const std::string& filename,
                                    const std::string& media_type) const;

 private:
  const ExtractorOptions options_;
  base::asio::thread_pool children_{limits::document_children_max};
};

}  // namespace documents
