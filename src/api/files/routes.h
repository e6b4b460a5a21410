// POST and GET /v1/files, GET and DELETE /v1/files/{file_id}, GET /v1/files/{file_id}/content.
#pragma once

#include "api/common/stored_files.h"
#include "http/multipart.h"
#include "http/router.h"

namespace api::files {

class FilesRoutes {
 public:
  explicit FilesRoutes(StoredFiles& files) : files_(files) {}
  void add_to(http::Router& router);

 private:
  base::awaitable<http::Response> create(http::Request& request);
  base::awaitable<http::Response> list(http::Request& request);
  base::awaitable<http::Response> retrieve(http::Request& request);
  base::awaitable<http::Response> remove(http::Request& request);
  base::awaitable<http::Response> content(http::Request& request);
  base::awaitable<> send(http::BodyWriter& writer, std::unique_ptr<blob::BlobReader> reader);

  StoredFiles& files_;
};

}  // namespace api::files
