// POST /v1/uploads, and POST /v1/uploads/{upload_id}/parts, /complete and /cancel.
#pragma once

#include "api/uploads/service.h"
#include "http/router.h"

namespace api::uploads {

class UploadsRoutes {
 public:
  UploadsRoutes(store::Database& database, StoredFiles& files, base::IdGenerator& ids,
                const base::Clock& clock)
      : service_(database, files, ids, clock) {}
  void add_to(http::Router& router);

 private:
  base::awaitable<http::Response> create(http::Request& request);
  base::awaitable<http::Response> add_part(http::Request& request);
  base::awaitable<http::Response> complete(http::Request& request);
  base::awaitable<http::Response> cancel(http::Request& request);

  UploadsService service_;
};

}  // namespace api::uploads
