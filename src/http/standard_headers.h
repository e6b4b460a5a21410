// Headers that every response carries: x-request-id, openai-processing-ms, openai-version.
#pragma once

#include "http/router.h"

namespace http {

class StandardHeaders final : public Middleware {
 public:
  void after(const Request& request, Response& response) override;
};

}  // namespace http
