#include "http/body.h"

#include <fmt/format.h>

#include <algorithm>

namespace http {

awaitable<Result<std::size_t>> MemoryBody::read_some(std::span<char> buffer) {
  const auto n = std::min(buffer.size(), bytes_.size() - position_);
  if (position_ + n > limit_) {
    co_return fail(ErrorCode::TooLarge,
                   fmt::format("Maximum content size limit ({}) exceeded ({} bytes read)", limit_,
                               position_ + n));
  }
  std::copy_n(bytes_.data() + position_, n, buffer.data());
  position_ += n;
  co_return n;
}

awaitable<Result<std::string>> read_all(BodySource& source, std::uint64_t bytes_max) {
  source.set_limit(bytes_max);
  const auto hint = source.size_hint();
  std::string body;
  // A declared size is only a claim until the bytes arrive, so it buys no more than this at once.
  constexpr std::int64_t kTrustedBytes = 1 << 20;
  constexpr std::size_t kStepBytes = 16 * 1024;
  std::size_t size = 0;
  if (hint == 0) co_return body;
  if (hint > 0) body.resize(static_cast<std::size_t>(std::min(hint, kTrustedBytes)));
  while (hint < 0 || size < static_cast<std::size_t>(hint)) {
    if (size == body.size()) body.resize(std::max(2 * size, kStepBytes));
    auto n = co_await source.read_some(std::span(body).subspan(size));
    if (!n) co_return fail(std::move(n.error()));
    if (*n == 0) break;
    size += *n;
  }
  body.resize(size);
  co_return body;
}

awaitable<> MemoryWriter::write(std::string_view bytes) {
  if (bytes.size() > bytes_max_ - bytes_.size()) {
    throw boost::system::system_error(asio::error::message_size);
  }
  bytes_ += bytes;
  co_return;
}

awaitable<> MemoryWriter::flush() {
  co_return;
}

}  // namespace http
