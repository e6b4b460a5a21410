#include "api/responses/input_files.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/limits/document.h"

namespace api::responses {
namespace {

using base::awaitable;

std::unexpected<Error> at(Error error, std::string path) {
  error.param = std::move(path);
  if (error.code == ErrorCode::Unsupported || error.code == ErrorCode::Timeout)
    error.code = ErrorCode::InvalidRequest;
  return fail(std::move(error));
}

struct DataUrl {
  std::string bytes, media_type;
};

// "data:application/pdf;base64,..." (RFC 2397), or the base64 alone.
std::optional<DataUrl> decode_data(std::string_view text) {
  DataUrl out;
  if (text.starts_with("data:")) {
    const auto comma = text.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    const auto head = text.substr(5, comma - 5);
    if (!head.ends_with(";base64")) return std::nullopt;
    out.media_type = std::string(head.substr(0, head.find(';')));
    text.remove_prefix(comma + 1);
  }
  auto bytes = base::base64_decode(text);
  if (!bytes) return std::nullopt;
  out.bytes = std::move(*bytes);
  return out;
}

std::string last_segment(const std::string& target) {
  const auto path = target.substr(0, target.find('?'));
  return path.substr(path.rfind('/') + 1);
}

inference::Part as_text(const std::string& name, const std::string& text) {
  return inference::TextPart{name.empty() ? fmt::format("File:\n{}\n", text)
                                          : fmt::format("File \"{}\":\n{}\n", name, text)};
}

std::string picture_type(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG")) return "image/png";
  if (bytes.starts_with("\xFF\xD8\xFF")) return "image/jpeg";
  if (bytes.starts_with("GIF8")) return "image/gif";
  if (bytes.starts_with("RIFF") && bytes.substr(8).starts_with("WEBP")) return "image/webp";
  return {};
}

}  // namespace

http::ClientOptions InputFiles::client_options(bool allow_private) {
  http::ClientOptions options;
  options.redirects_max = 3;
  if (!allow_private) options.address_policy = &http::is_public_address;
  return options;
}

awaitable<Result<InputFiles::File>> InputFiles::stored(base::ProjectId project, std::string id) {
  auto file = co_await files_.get(std::move(project), std::move(id));
  if (!file) co_return fail(file.error());
  const std::string name = file->filename;
  auto bytes = co_await files_.read(std::move(*file), limits::input_file_bytes_max);
  if (!bytes) co_return fail(bytes.error());
  co_return File{.bytes = std::move(*bytes), .name = name, .media_type = {}};
}

awaitable<Result<InputFiles::File>> InputFiles::fetch(std::string url) {
  auto parsed = http::parse_url(url);
  if (!parsed) co_return fail(parsed.error());
  http::ClientRequest request;
  request.url = *parsed;
  request.head_time_max = limits::input_file_fetch_time_max;
  auto response = co_await client_.send(std::move(request));
  if (!response || response->status() != 200) {
    const std::string why =
        !response ? response.error().message : fmt::format("it answered {}", response->status());
    co_return fail(ErrorCode::InvalidRequest,
                   fmt::format("Error while downloading {}: {}", url, why), {}, "invalid_value");
  }
  File out{.bytes = {}, .name = last_segment(parsed->target), .media_type = {}};
  out.media_type = std::string(response->headers().get("content-type"));
  auto body = co_await response->body(limits::input_file_bytes_max);
  if (!body) co_return fail(body.error());
  out.bytes = std::move(*body);
  co_return out;
}

awaitable<Result<std::string>> InputFiles::text_of(File file) {
  auto input = documents::Input::from(file.bytes);
  if (!input) co_return fail(input.error());
  auto document = co_await extractor_.extract(std::move(*input), file.name, file.media_type);
  if (!document) co_return fail(document.error());
  co_return document->text();
}

std::optional<InputFiles::Known> InputFiles::known(const std::string& project,
                                                   const std::string& id) {
  return known_.with([&](std::list<Known>& all) -> std::optional<Known> {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Known& each) {
      return each.project == project && each.id == id;
    });
    if (found == all.end()) return std::nullopt;
    all.splice(all.begin(), all, found);
    return all.front();
  });
}

void InputFiles::remember(Known fresh) {
  known_.with([&](std::list<Known>& all) {
    all.push_front(std::move(fresh));
    std::size_t bytes = 0;
    for (auto it = all.begin(); it != all.end();) {
      bytes += it->text.size();
      it = bytes > limits::input_file_texts_bytes_max ? all.erase(it) : std::next(it);
    }
  });
}

awaitable<Result<std::vector<inference::Part>>> InputFiles::read(base::ProjectId project,
                                                                 json::Object part,
                                                                 std::string path) {
  using Parts = std::vector<inference::Part>;
  const std::string id(json::string_or(part, "file_id"));
  const bool picture = json::string_or(part, "type") == "input_image";
  std::string where = "file_id";
  File file;
  if (!id.empty()) {
    // Also for a text that is known: the file may be gone, or another's.
    auto there = co_await files_.get(project, id);
    if (!there) co_return at(there.error(), path + ".file_id");
    if (!picture) {
      if (const auto text = known(project.value, id))
        co_return Parts{as_text(text->name, text->text)};
    }
    auto loaded = co_await stored(project, id);
    if (!loaded) co_return at(loaded.error(), path + ".file_id");
    file = std::move(*loaded);
  } else if (const auto data = json::string_or(part, "file_data"); !data.empty()) {
    where = "file_data";
    auto decoded = decode_data(data);
    if (!decoded || decoded->bytes.size() > limits::input_file_bytes_max) {
      co_return fail(decoded ? ErrorCode::TooLarge : ErrorCode::InvalidRequest,
                     decoded ? fmt::format("Invalid '{}.file_data': at most {} bytes can be read.",
                                           path, limits::input_file_bytes_max)
                             : fmt::format("Invalid '{}.file_data': expected a base64-encoded data "
                                           "URL with a MIME type (e.g. "
                                           "'data:application/pdf;base64,...').",
                                           path),
                     path + ".file_data", "invalid_value");
    }
    file = {.bytes = std::move(decoded->bytes), .name = {}, .media_type = decoded->media_type};
  } else {
    where = "file_url";
    auto fetched = co_await fetch(std::string(json::string_or(part, "file_url")));
    if (!fetched) co_return at(fetched.error(), path + ".file_url");
    file = std::move(*fetched);
  }
  if (const auto given = json::string_or(part, "filename"); !given.empty()) file.name = given;
  if (picture) {
    const auto type = picture_type(file.bytes);
    if (type.empty())
      co_return fail(ErrorCode::InvalidRequest, "The file is no picture that can be read here.",
                     path + ".file_id", "invalid_value");
    co_return Parts{
        inference::ImagePart{"data:" + type + ";base64," + base::base64_encode(file.bytes),
                             std::string(json::string_or(part, "detail"))}};
  }
  const std::string name = file.name;
  auto text = co_await text_of(std::move(file));
  if (!text) co_return at(text.error(), path + "." + where);
  if (!id.empty()) remember({project.value, id, name, *text});
  co_return Parts{as_text(name, *text)};
}

}  // namespace api::responses
