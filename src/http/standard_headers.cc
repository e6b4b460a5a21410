#include "http/standard_headers.h"

namespace http {

void StandardHeaders::after(const Request& request, Response& response) {
  const auto spent = std::chrono::steady_clock::now() - request.started();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(spent).count();
  response.headers.set("x-request-id", request.id());
  response.headers.set("openai-processing-ms", std::to_string(ms));
  response.headers.set("openai-version", "2020-10-01");
}

}  // namespace http
