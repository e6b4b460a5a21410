#include "http/response.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace http {
namespace {

// Owns the producer and the writer for as long as the coroutine runs.
awaitable<> run_sse(std::move_only_function<awaitable<>(SseWriter&)> producer, BodyWriter& body) {
  SseWriter writer(body);
  co_await producer(writer);
}

struct FileHandle {
  int fd = -1;
  explicit FileHandle(int descriptor) : fd(descriptor) {}
  FileHandle(FileHandle&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(fd, other.fd);
    return *this;
  }
  ~FileHandle() {
    if (fd >= 0) ::close(fd);
  }
};

awaitable<> send_file(FileHandle file, std::uint64_t size, asio::thread_pool* pool,
                      BodyWriter& writer) {
  constexpr std::size_t kPieceBytes = 128 * 1024;
  std::string piece(std::min<std::uint64_t>(size, kPieceBytes), '\0');
  for (std::uint64_t sent = 0; sent < size;) {
    const auto wanted = std::min<std::uint64_t>(size - sent, piece.size());
    const auto n = co_await base::on_pool(
        *pool, [&] { return ::pread(file.fd, piece.data(), wanted, static_cast<off_t>(sent)); });
    // A file that became shorter cannot keep the announced length; cutting the connection says so.
    if (n <= 0) throw boost::system::system_error(asio::error::eof);
    co_await writer.write(std::string_view(piece).substr(0, static_cast<std::size_t>(n)));
    sent += static_cast<std::uint64_t>(n);
  }
}

}  // namespace

Response Response::json(std::string body, int status) {
  return text(std::move(body), status, "application/json");
}

Response Response::text(std::string body, int status, std::string_view content_type) {
  Response response(status);
  response.headers.add("content-type", content_type);
  response.body_ = std::move(body);
  return response;
}

Response Response::bytes(std::string body, std::string_view content_type) {
  return text(std::move(body), 200, content_type);
}

Response Response::empty(int status) {
  return Response(status);
}

Response Response::stream(std::string_view content_type, BodyProducer producer,
                          std::optional<std::uint64_t> length) {
  Response response(200);
  response.headers.add("content-type", content_type);
  response.producer_ = std::move(producer);
  response.stream_length_ = length;
  return response;
}

Response Response::sse_from(std::move_only_function<awaitable<>(SseWriter&)> producer) {
  auto response = stream("text/event-stream; charset=utf-8",
                         [producer = std::move(producer)](BodyWriter& body) mutable {
                           return run_sse(std::move(producer), body);
                         });
  response.headers.add("cache-control", "no-cache");
  response.headers.add("x-accel-buffering", "no");  // reverse proxies must not hold events back
  return response;
}

Result<Response> Response::file(asio::thread_pool& pool, const std::string& path,
                                std::string_view content_type) {
  // O_NONBLOCK: a named pipe in the way must not hang the open; regular files ignore it.
  FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts{};
  if (file.fd < 0 || ::fstat(file.fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return fail(errno == ENOENT ? ErrorCode::NotFound : ErrorCode::StorageFailed,
                "The file cannot be read.");
  }
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  return stream(
      content_type,
      [file = std::move(file), size, pool = &pool](BodyWriter& writer) mutable {
        return send_file(std::move(file), size, pool, writer);
      },
      size);
}

void Response::drop_body() {
  body_.clear();
  producer_ = nullptr;
}

awaitable<> Response::write_body(BodyWriter& writer) {
  if (producer_) {
    co_await producer_(writer);
  } else if (!body_.empty()) {
    co_await writer.write(body_);
  }
}

awaitable<Result<std::string>> Response::collect(std::size_t bytes_max) {
  if (!producer_) {
    if (body_.size() > bytes_max) {
      co_return fail(ErrorCode::TooLarge, "The response body is too large.");
    }
    finished(body_.size(), true);
    co_return std::move(body_);
  }
  MemoryWriter writer(bytes_max);
  boost::system::error_code error;
  try {
    co_await producer_(writer);
  } catch (const boost::system::system_error& e) {
    error = e.code();
  }
  auto body = writer.take();
  finished(body.size(), !error);
  if (error == asio::error::message_size) {
    co_return fail(ErrorCode::TooLarge, "The response body is too large.");
  }
  if (error) co_return fail(ErrorCode::Cancelled, "The response was cut off.");
  co_return body;
}

void Response::on_finished(std::move_only_function<void(std::uint64_t, bool)> callback) {
  finished_.push_back(std::move(callback));
}

void Response::finished(std::uint64_t bytes, bool complete) {
  for (auto& callback : std::exchange(finished_, {})) callback(bytes, complete);
}

}  // namespace http
