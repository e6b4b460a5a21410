// The 16 operations under /v1/vector_stores.
#pragma once

#include "api/vector_stores/indexer.h"
#include "api/vector_stores/service.h"
#include "http/router.h"

namespace api::vector_stores {

class VectorStoresRoutes {
 public:
  VectorStoresRoutes(VectorStoresService::Parts parts, documents::Extractor& extractor)
      : indexer_(parts.database, parts.files, parts.search, extractor, parts.ids),
        service_(parts) {}
  void add_to(http::Router& router);
  std::vector<jobs::Handler> job_handlers() { return indexer_.handlers(); }
  VectorStoresService& service() { return service_; }

 private:
  using Answer = base::awaitable<http::Response>;

  Answer create(http::Request& request);
  Answer list(http::Request& request);
  Answer retrieve(http::Request& request);
  Answer update(http::Request& request);
  Answer remove(http::Request& request);
  Answer find(http::Request& request);

  Answer attach_file(http::Request& request);
  Answer list_files(http::Request& request);
  Answer retrieve_file(http::Request& request);
  Answer update_file(http::Request& request);
  Answer remove_file(http::Request& request);
  Answer file_content(http::Request& request);

  Answer create_batch(http::Request& request);
  Answer retrieve_batch(http::Request& request);
  Answer cancel_batch(http::Request& request);
  Answer list_batch_files(http::Request& request);

  Indexer indexer_;
  VectorStoresService service_;
};

}  // namespace api::vector_stores
