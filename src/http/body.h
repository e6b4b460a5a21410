// The two ends of a message body in motion: where its bytes come from, where they go to.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/async.h"
#include "base/error.h"

namespace http {

namespace asio = boost::asio;
using base::awaitable;

// A body being received. One coroutine reads it; owned by the message.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Reads at least one byte into `buffer` (not empty); 0 means the end. Errors: InvalidRequest for
  // broken framing, TooLarge above the limit, Timeout, Cancelled when the peer went away.
  virtual awaitable<Result<std::size_t>> read_some(std::span<char> buffer) = 0;
  // From Content-Length; -1 when the sender did not say.
  virtual std::int64_t size_hint() const { return -1; }
  // The limit `read_some` enforces from now on, counted from the start of the body.
  virtual void set_limit(std::uint64_t bytes_max) = 0;
};

// A body that is already here.
class MemoryBody final : public BodySource {
 public:
  explicit MemoryBody(std::string bytes) : bytes_(std::move(bytes)) {}
  awaitable<Result<std::size_t>> read_some(std::span<char> buffer) override;
  std::int64_t size_hint() const override { return static_cast<std::int64_t>(bytes_.size()); }
  void set_limit(std::uint64_t bytes_max) override { limit_ = bytes_max; }

 private:
  std::string bytes_;
  std::size_t position_ = 0;
  std::uint64_t limit_ = UINT64_MAX;
};

// Reads to the end. TooLarge beyond `bytes_max`, without keeping the excess.
awaitable<Result<std::string>> read_all(BodySource& source, std::uint64_t bytes_max);

// A body being sent. One coroutine writes it, and does not keep it after it returns.
// When the reader is gone or too slow, waiting ends as Asio cancellation does: with
// system_error(operation_aborted), which the server takes as "client gone".
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  // Returns when the bytes are in the bounded buffer; waits while that is full.
  virtual awaitable<> write(std::string_view bytes) = 0;
  // Returns when everything written so far has been handed to the operating system.
  virtual awaitable<> flush() = 0;
  // Bytes to send whenever nothing else was sent for limits::sse_keep_alive_interval. `text` lives
  // as long as the program.
  virtual void keep_alive_with(std::string_view text) = 0;
};

// A BodyWriter that keeps what it is given: for in-process callers and tests.
class MemoryWriter final : public BodyWriter {
 public:
  // Beyond `bytes_max` a write ends with system_error(message_size).
  explicit MemoryWriter(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  awaitable<> write(std::string_view bytes) override;
  awaitable<> flush() override;
  void keep_alive_with(std::string_view) override {}
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
  std::size_t bytes_max_;
};

}  // namespace http
