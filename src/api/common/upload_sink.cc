#include "api/common/upload_sink.h"

#include <span>

#include <fmt/format.h>

namespace api {

base::awaitable<Status> UploadSink::write(std::string_view bytes) {
  bytes_ += bytes.size();
  if (bytes_ > bytes_max_) {
    co_return fail(ErrorCode::TooLarge,
                   fmt::format("File is too large. Maximum size is {} bytes.", bytes_max_), param_);
  }
  auto status = co_await base::on_pool(pools_.store, [&]() -> Status {
    if (!writer_) {
      auto created = blobs_.create();
      if (!created) return fail(created.error());
      writer_ = std::move(*created);
    }
    return writer_->write(std::as_bytes(std::span(bytes)));
  });
  co_return status;
}

base::awaitable<Status> UploadSink::finish() {
  auto status = co_await base::on_pool(pools_.store, [&]() -> Status {
    if (!writer_) {  // an empty file
      auto created = blobs_.create();
      if (!created) return fail(created.error());
      writer_ = std::move(*created);
    }
    auto stored = writer_->finish();
    if (!stored) return fail(stored.error());
    stored_ = std::move(*stored);
    return {};
  });
  co_return status;
}

}  // namespace api
