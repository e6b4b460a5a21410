// A multipart file part that goes straight to the blob store, in flat memory.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/async.h"
#include "blob/blob_store.h"
#include "http/multipart.h"

namespace api {

// Used by one coroutine. Destroyed before `finish`, it leaves nothing behind.
class UploadSink final : public http::PartSink {
 public:
  // `param` names the form's field in the error of a file that is too large.
  UploadSink(blob::BlobStore& blobs, base::Pools& pools, std::uint64_t bytes_max,
             std::string param = "file")
      : blobs_(blobs), pools_(pools), bytes_max_(bytes_max), param_(std::move(param)) {}

  base::awaitable<Status> write(std::string_view bytes) override;
  base::awaitable<Status> finish() override;
  // What was stored, after `finish`.
  const blob::Stored& stored() const { return *stored_; }

 private:
  blob::BlobStore& blobs_;
  base::Pools& pools_;
  std::uint64_t bytes_max_;
  std::string param_;
  std::uint64_t bytes_ = 0;
  std::unique_ptr<blob::BlobWriter> writer_;
  std::optional<blob::Stored> stored_;
};

}  // namespace api
