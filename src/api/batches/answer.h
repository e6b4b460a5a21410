// From what an endpoint answered to a line of the output or error file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/repo/batch_results.h"

namespace api::batches {

struct Answer {
  std::string id;  // `batch_req_...`
  std::string custom_id;
  int status = 200;
  std::string request_id;
  std::string body = {};  // JSON text
};
// {"id","custom_id","response":{"status_code","request_id","body"},"error":null} on one line.
std::string answered_line(const Answer& answer);

// A request that was never made: {"id","custom_id","response":null,"error":{"code","message"}}.
struct Unanswered {
  std::string id, custom_id, code, message;
};
std::string unanswered_line(const Unanswered& line);

// What an answer's `usage` says, in any of the endpoints' forms; zero without one.
store::BatchTokens tokens_of(std::string_view body);

}  // namespace api::batches
