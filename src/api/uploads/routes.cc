#include "api/uploads/routes.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "api/common/api_error.h"
#include "api/common/json_body.h"
#include "api/common/upload_sink.h"
#include "api/uploads/types.h"
#include "base/encoding.h"
#include "base/json/codec.h"
#include "base/json/errors.h"
#include "gateway/caller.h"
#include "http/multipart.h"

namespace api::uploads {
namespace {

using base::awaitable;

constexpr std::array<std::string_view, 7> kLinesTypes{"text/jsonl",
                                                      "application/jsonl",
                                                      "application/x-ndjson",
                                                      "application/jsonlines",
                                                      "application/x-jsonlines",
                                                      "application/json",
                                                      "text/plain"};
constexpr std::array<std::string_view, 4> kImageTypes{"image/png", "image/jpeg", "image/gif",
                                                      "image/webp"};

// What a purpose accepts; empty for any type.
std::span<const std::string_view> types_for(std::string_view purpose) {
  if (purpose == "batch" || purpose == "fine-tune") return kLinesTypes;
  if (purpose == "vision") return kImageTypes;
  return {};
}

void check_mime_type(const CreateRequest& wire) {
  const auto slash = wire.mime_type.find('/');
  if (slash == 0 || slash == std::string::npos || slash + 1 == wire.mime_type.size()) {
    reject(ErrorCode::InvalidRequest,
           fmt::format("Invalid 'mime_type': '{}'. Expected a MIME type such as 'text/plain'.",
                       wire.mime_type),
           "mime_type", "invalid_value");
  }
  const std::string_view essence =
      std::string_view(wire.mime_type).substr(0, wire.mime_type.find(';'));
  const auto allowed = types_for(wire.purpose);
  if (allowed.empty() || std::ranges::find(allowed, essence) != allowed.end()) return;
  reject(ErrorCode::InvalidRequest,
         fmt::format("Invalid 'mime_type': '{}' is not supported for purpose '{}'. Supported MIME "
                     "types are: {}.",
                     wire.mime_type, wire.purpose, json::errors::quoted_list(allowed, "and")),
         "mime_type", "invalid_value");
}

http::Response json_response(const json::Object& object) {
  return http::Response::json(json::dump(object));
}

}  // namespace

void UploadsRoutes::add_to(http::Router& router) {
  router.post("/v1/uploads", this, &UploadsRoutes::create);
  router.post(
      "/v1/uploads/{upload_id}/parts", this, &UploadsRoutes::add_part,
      {.body_bytes_max = limits::upload_part_bytes_max + limits::multipart_overhead_bytes_max});
  router.post("/v1/uploads/{upload_id}/complete", this, &UploadsRoutes::complete);
  router.post("/v1/uploads/{upload_id}/cancel", this, &UploadsRoutes::cancel);
}

// POST /v1/uploads
awaitable<http::Response> UploadsRoutes::create(http::Request& request) {
  const json::Value body = co_await json_body(request);
  const auto wire = or_throw(json::read<CreateRequest>(body));
  check_mime_type(wire);
  or_throw(check_file_name(wire.purpose, wire.filename));

  Upload wanted;
  wanted.project = request.get<gateway::Caller>().project;
  wanted.filename = wire.filename;
  wanted.purpose = wire.purpose;
  wanted.bytes = wire.bytes;
  wanted.file_expires_after_seconds = default_file_expiry_seconds(wire.purpose);
  if (wire.expires_after) wanted.file_expires_after_seconds = wire.expires_after->seconds;
  auto created = co_await service_.create(std::move(wanted));
  co_return json_response(upload_object(or_throw(std::move(created)), std::nullopt));
}

// POST /v1/uploads/{upload_id}/parts, multipart/form-data with `data`.
awaitable<http::Response> UploadsRoutes::add_part(http::Request& request) {
  const auto project = request.get<gateway::Caller>().project;
  const std::string id(request.path_param("upload_id"));
  auto open_now = co_await service_.check_open(project, id);
  or_throw(std::move(open_now));

  http::OpenSink open = [this](const http::PartHead& head,
                               const http::Form&) -> Result<std::unique_ptr<http::PartSink>> {
    if (head.name != "data")
      return fail(ErrorCode::InvalidRequest, fmt::format("Unknown parameter: '{}'.", head.name),
                  head.name, "unknown_parameter");
    return std::make_unique<UploadSink>(service_.files().blobs(), service_.files().pools(),
                                        limits::upload_part_bytes_max, "data");
  };
  auto read = co_await http::read_form(request, std::move(open));
  http::Form form = or_throw(std::move(read));
  const http::FormFile* data = form.file("data");
  if (!data)
    reject(ErrorCode::InvalidRequest, "Missing required parameter: 'data'.", "data",
           "missing_required_parameter");
  auto added =
      co_await service_.add_part(project, id, static_cast<UploadSink&>(*data->sink).stored());
  co_return json_response(part_object(or_throw(std::move(added)), id));
}

// POST /v1/uploads/{upload_id}/complete
awaitable<http::Response> UploadsRoutes::complete(http::Request& request) {
  const json::Value body = co_await json_body(request);
  auto wire = or_throw(json::read<CompleteRequest>(body));
  UploadsService::Complete wanted{.project = request.get<gateway::Caller>().project,
                                  .id = std::string(request.path_param("upload_id")),
                                  .part_ids = std::move(wire.part_ids),
                                  .md5 = std::move(wire.md5)};
  auto completed = co_await service_.complete(std::move(wanted));
  const Completed done = or_throw(std::move(completed));
  co_return json_response(upload_object(done.upload, done.file));
}

// POST /v1/uploads/{upload_id}/cancel
awaitable<http::Response> UploadsRoutes::cancel(http::Request& request) {
  auto cancelled = co_await service_.cancel(request.get<gateway::Caller>().project,
                                            std::string(request.path_param("upload_id")));
  co_return json_response(upload_object(or_throw(std::move(cancelled)), std::nullopt));
}

}  // namespace api::uploads
