#include "api/files/routes.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "api/common/api_error.h"
#include "api/common/expires_after.h"
#include "api/common/file_purposes.h"
#include "api/common/list.h"
#include "api/common/upload_sink.h"
#include "base/encoding.h"
#include "base/json/codec.h"
#include "base/limits/file.h"
#include "gateway/caller.h"

namespace api::files {
namespace {

using base::awaitable;

void check_purpose(std::string_view purpose) {
  if (std::find(kFilePurposes.begin(), kFilePurposes.end(), purpose) != kFilePurposes.end()) return;
  reject(ErrorCode::InvalidRequest,
         fmt::format("'{}' is not one of ['fine-tune', 'assistants', 'batch', 'user_data', "
                     "'vision', 'evals'] - 'purpose'",
                     base::utf8_repair(purpose)),
         "purpose");
}

// expires_after[anchor], expires_after[seconds], or the object as JSON in one field.
std::optional<std::int64_t> expiry_of(const http::Form& form, std::string_view purpose) {
  json::Object given;
  if (const auto text = form.field("expires_after")) {
    const json::Value value = or_throw(json::parse(*text));
    if (const auto* object = value.if_object()) given = *object;
  }
  if (const auto anchor = form.field("expires_after[anchor]")) given["anchor"] = *anchor;
  if (const auto seconds = form.field("expires_after[seconds]")) {
    std::int64_t value = 0;
    const auto [end, error] =
        std::from_chars(seconds->data(), seconds->data() + seconds->size(), value);
    if (error == std::errc() && end == seconds->data() + seconds->size())
      given["seconds"] = value;
    else
      given["seconds"] = *seconds;
  }
  if (!given.empty()) {
    const ExpiresAfter expires =
        or_throw(json::read<ExpiresAfter>(given, {.key = "expires_after"}));
    return expires.seconds;
  }
  return default_file_expiry_seconds(purpose);
}

// Names are data: only characters that could break out of the header are taken away.
std::string content_disposition(const std::string& filename) {
  std::string plain;
  for (const unsigned char c : filename)
    plain += c < 0x20 || c >= 0x7f || c == '"' || c == '\\' ? '_' : static_cast<char>(c);
  return fmt::format("attachment; filename=\"{}\"; filename*=UTF-8''{}", plain,
                     http::percent_encode(filename));
}

}  // namespace

void FilesRoutes::add_to(http::Router& router) {
  router.post("/v1/files", this, &FilesRoutes::create,
              {.body_bytes_max = limits::file_bytes_max + limits::multipart_overhead_bytes_max});
  router.get("/v1/files", this, &FilesRoutes::list);
  router.get("/v1/files/{file_id}", this, &FilesRoutes::retrieve);
  router.del("/v1/files/{file_id}", this, &FilesRoutes::remove);
  router.get("/v1/files/{file_id}/content", this, &FilesRoutes::content);
}

// POST /v1/files, multipart/form-data with `file`, `purpose` and optional `expires_after[...]`.
awaitable<http::Response> FilesRoutes::create(http::Request& request) {
  const auto project = request.get<gateway::Caller>().project;
  http::OpenSink open = [this](const http::PartHead& head,
                               const http::Form&) -> Result<std::unique_ptr<http::PartSink>> {
    if (head.name != "file")
      return fail(ErrorCode::InvalidRequest, fmt::format("Unknown parameter: '{}'.", head.name),
                  head.name);
    return std::make_unique<UploadSink>(files_.blobs(), files_.pools(), limits::file_bytes_max);
  };
  auto read = co_await http::read_form(request, std::move(open));
  http::Form form = or_throw(std::move(read));

  const auto purpose = form.field("purpose");
  if (!purpose)
    reject(ErrorCode::InvalidRequest, "Missing required parameter: 'purpose'.", "purpose",
           "missing_required_parameter");
  check_purpose(*purpose);
  http::FormFile* file = form.file("file");
  if (!file)
    reject(ErrorCode::InvalidRequest, "Missing required parameter: 'file'.", "file",
           "missing_required_parameter");
  const std::string filename = base::utf8_repair(file->head.filename.value_or("file"));
  or_throw(check_file_name(*purpose, filename));

  StoredFiles::Create wanted{.project = project,
                             .filename = filename.empty() ? "file" : filename,
                             .purpose = std::string(*purpose),
                             .contents = static_cast<UploadSink&>(*file->sink).stored(),
                             .expires_after_seconds = expiry_of(form, *purpose)};
  auto created = co_await files_.create(std::move(wanted));
  co_return http::Response::json(json::dump(file_object(or_throw(std::move(created)))));
}

// GET /v1/files
awaitable<http::Response> FilesRoutes::list(http::Request& request) {
  const PageRules rules{.limit_default = limits::files_page_max,
                        .limit_max = limits::files_page_max};
  std::optional<std::string> purpose;
  if (const auto given = request.query().get("purpose")) purpose = std::string(*given);
  auto found = co_await files_.list(request.get<gateway::Caller>().project, purpose,
                                    page_request(request, rules));
  const auto page = or_throw(std::move(found));
  std::vector<ListedObject> objects;
  for (const auto& file : page.entries) objects.push_back({file.id, file_object(file)});
  co_return http::Response::json(list_body(objects, page.has_more));
}

// GET /v1/files/{file_id}
awaitable<http::Response> FilesRoutes::retrieve(http::Request& request) {
  auto found = co_await files_.get(request.get<gateway::Caller>().project,
                                   std::string(request.path_param("file_id")));
  co_return http::Response::json(json::dump(file_object(or_throw(std::move(found)))));
}

// DELETE /v1/files/{file_id}
awaitable<http::Response> FilesRoutes::remove(http::Request& request) {
  const std::string id(request.path_param("file_id"));
  auto removed = co_await files_.remove(request.get<gateway::Caller>().project, id);
  or_throw(std::move(removed));
  const json::Object body{{"id", id}, {"object", "file"}, {"deleted", true}};
  co_return http::Response::json(json::dump(body));
}

// GET /v1/files/{file_id}/content: the exact bytes that were uploaded.
awaitable<http::Response> FilesRoutes::content(http::Request& request) {
  auto found = co_await files_.get(request.get<gateway::Caller>().project,
                                   std::string(request.path_param("file_id")));
  const StoredFile file = or_throw(std::move(found));
  auto opened = co_await base::on_pool(files_.pools().store, [&] { return files_.open(file); });
  auto reader = or_throw(std::move(opened));
  auto response = http::Response::stream(
      "application/octet-stream", http::bind_later(this, &FilesRoutes::send, std::move(reader)),
      static_cast<std::uint64_t>(file.bytes));
  response.headers.set("content-disposition", content_disposition(file.filename));
  co_return response;
}

awaitable<> FilesRoutes::send(http::BodyWriter& writer, std::unique_ptr<blob::BlobReader> reader) {
  std::string piece(256 * 1024, '\0');
  std::int64_t offset = 0;
  while (offset < reader->size()) {
    auto n = co_await base::on_pool(files_.pools().store, [&] {
      return reader->read(offset, std::as_writable_bytes(std::span(piece)));
    });
    const std::size_t bytes = or_throw(std::move(n));
    if (bytes == 0)
      reject(ErrorCode::CorruptData, "The file's contents are shorter than they were.");
    co_await writer.write(std::string_view(piece).substr(0, bytes));
    offset += static_cast<std::int64_t>(bytes);
  }
}

}  // namespace api::files
