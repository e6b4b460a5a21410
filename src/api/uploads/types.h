// The wire forms of the Uploads API. Source: OpenAI API reference, "Uploads".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/common/expires_after.h"
#include "api/common/file_purposes.h"
#include "base/json/field.h"
#include "base/limits/file.h"

namespace api::uploads {

struct CreateRequest {
  std::string filename, purpose;
  std::int64_t bytes = 0;
  std::string mime_type;
  std::optional<ExpiresAfter> expires_after;
  static constexpr auto json_fields() {
    using R = CreateRequest;
    return std::tuple{json::field("filename", &R::filename).length_min(1),
                      json::field("purpose", &R::purpose).one_of(kFilePurposes),
                      json::field("bytes", &R::bytes).min(0).max(limits::upload_bytes_max),
                      json::field("mime_type", &R::mime_type),
                      json::field("expires_after", &R::expires_after)};
  }
  static constexpr bool json_closed = true;
};

struct CompleteRequest {
  std::vector<std::string> part_ids;  // in the order of the bytes
  std::optional<std::string> md5;     // of the whole, hex
  static constexpr auto json_fields() {
    return std::tuple{
        json::field("part_ids", &CompleteRequest::part_ids).length_max(limits::upload_parts_max),
        json::field("md5", &CompleteRequest::md5)};
  }
  static constexpr bool json_closed = true;
};

}  // namespace api::uploads
