#include "api/items/content.h"

#include <algorithm>
#include <array>
#include <span>

#include "api/items/parse.h"
#include "base/json/errors.h"
#include "base/limits/item.h"

namespace api::items {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 9> kAnyPart{
    "input_text", "input_image",         "input_audio",  "output_text",      "refusal",
    "input_file", "computer_screenshot", "summary_text", "encrypted_content"};
constexpr std::array<std::string_view, 5> kUserParts{"input_text", "input_image", "input_file",
                                                     "scoped_content", "input_audio"};
constexpr std::array<std::string_view, 2> kAssistantParts{"output_text", "refusal"};
constexpr std::array<std::string_view, 3> kOutputParts{"input_text", "input_image", "input_file"};
constexpr std::array<std::string_view, 4> kDetails{"low", "high", "auto", "original"};
constexpr std::array<std::string_view, 2> kAudioFormats{"wav", "mp3"};

bool has(Names names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

Status check_text(const json::Object& part, const json::Path& path, std::string_view name) {
  const json::Path at = path.member(name);
  const json::Value* value = json::find(part, name);
  if (!value) return json::errors::missing(at);
  json::Constraints limits;
  limits.length_max = limits::item_text_chars_max;
  std::string ignored;
  return json::errors::read_string(ignored, *value, at, limits);
}

Status check_strings(const json::Object& part, const json::Path& path, Names names) {
  for (const auto name : names) {
    const json::Value* value = json::find(part, name);
    if (!value || value->is_null() || value->is_string()) continue;
    const json::Path at = path.member(name);
    return json::errors::type(at, "a string", *value);
  }
  return {};
}

Status check_known(const json::Object& part, const json::Path& path, Names names) {
  std::vector<std::string_view> known{"type", "prompt_cache_breakpoint"};
  known.insert(known.end(), names.begin(), names.end());
  return json::errors::refuse_unknown(path, part, known);
}

Status check_text_part(json::Object& part, const json::Path& path) {
  static constexpr std::array<std::string_view, 1> kNames{"text"};
  if (auto status = check_text(part, path, "text"); !status) return status;
  return check_known(part, path, kNames);
}

Status check_output_text(json::Object& part, const json::Path& path) {
  static constexpr std::array<std::string_view, 4> kNames{"text", "annotations", "logprobs",
                                                          "parsed"};
  if (auto status = check_text(part, path, "text"); !status) return status;
  if (auto status = check_known(part, path, kNames); !status) return status;
  part.erase("parsed");  // an SDK's own addition to what it was sent
  for (const std::string_view list : {"annotations", "logprobs"}) {
    json::Value& value = part[list];
    if (value.is_null()) value = json::Array();
    const json::Path at = path.member(list);
    if (!value.is_array()) return json::errors::type(at, "an array", value);
  }
  return {};
}

Status check_refusal(json::Object& part, const json::Path& path) {
  static constexpr std::array<std::string_view, 1> kNames{"refusal"};
  if (auto status = check_text(part, path, "refusal"); !status) return status;
  return check_known(part, path, kNames);
}

Status check_image(json::Object& part, const json::Path& path) {
  static constexpr std::array<std::string_view, 3> kNames{"image_url", "file_id", "detail"};
  if (auto status = check_strings(part, path, kNames); !status) return status;
  if (auto status = check_known(part, path, kNames); !status) return status;
  const bool given =
      !json::string_or(part, "image_url").empty() || !json::string_or(part, "file_id").empty();
  const json::Path url_path = path.member("image_url");
  if (!given) return json::errors::missing(url_path);
  json::Value& detail = part["detail"];
  if (detail.is_null()) detail = "auto";
  const json::Path at = path.member("detail");
  if (!has(kDetails, detail.get_string()))
    return json::errors::value(at, std::string_view(detail.get_string()), kDetails);
  return {};
}

Status check_file(json::Object& part, const json::Path& path) {
  static constexpr std::array<std::string_view, 5> kNames{"file_id", "file_url", "file_data",
                                                          "filename", "detail"};
  if (auto status = check_strings(part, path, kNames); !status) return status;
  if (auto status = check_known(part, path, kNames); !status) return status;
  const bool given = std::ranges::any_of(std::span(kNames).first(3), [&](std::string_view name) {
    return !json::string_or(part, name).empty();
  });
  const json::Path at = path.member("file_id");
  if (!given) return json::errors::missing(at);
  return {};
}

Status check_audio(json::Object& part, const json::Path& path) {
  static constexpr std::array<std::string_view, 1> kNames{"input_audio"};
  const json::Path at = path.member("input_audio");
  const json::Value* value = json::find(part, "input_audio");
  if (!value) return json::errors::missing(at);
  const auto* audio = value->if_object();
  if (!audio) return json::errors::type(at, "an object", *value);
  const json::Path data_path = at.member("data");
  if (!json::find(*audio, "data")) return json::errors::missing(data_path);
  if (auto status = check_text(*audio, at, "data"); !status) return status;
  const json::Path format_path = at.member("format");
  const json::Value* format = json::find(*audio, "format");
  if (!format) return json::errors::missing(format_path);
  json::Constraints formats;
  formats.values = kAudioFormats;
  std::string ignored;
  if (auto status = json::errors::read_string(ignored, *format, format_path, formats); !status)
    return status;
  return check_known(part, path, kNames);
}

Status check_part(json::Object& part, const json::Path& path) {
  const std::string_view type = json::string_or(part, "type");
  if (type == "input_text") return check_text_part(part, path);
  if (type == "output_text") return check_output_text(part, path);
  if (type == "refusal") return check_refusal(part, path);
  if (type == "input_image") return check_image(part, path);
  if (type == "input_file") return check_file(part, path);
  if (type == "input_audio") return check_audio(part, path);
  return {};
}

// Every part of the list, which may hold those types only. `generic` decides the wording for a type
// that is no part at all.
Status check_parts(json::Array& parts, const json::Path& path, Names allowed) {
  json::Constraints limits;
  limits.length_max = limits::content_parts_max;
  if (auto status = json::errors::check_array_length(path, parts.size(), limits); !status)
    return status;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const json::Path at = path.element(i);
    auto* part = parts[i].if_object();
    if (!part) return json::errors::type(at, "an object", parts[i]);
    const json::Path type_path = at.member("type");
    const json::Value* type = json::find(*part, "type");
    if (!type) return json::errors::missing(type_path);
    const std::string name =
        type->is_string() ? std::string(type->get_string()) : json::dump(*type);
    if (!has(allowed, name)) {
      if (!has(kAnyPart, name)) return json::errors::value(type_path, name, kAnyPart);
      return json::errors::value(at, name, allowed);
    }
    if (auto status = check_part(*part, at); !status) return status;
  }
  return {};
}

}  // namespace

Result<json::Array> parse_content(const json::Value& value, const json::Path& path,
                                  std::string_view role) {
  const bool assistant = role == "assistant";
  if (const auto* text = value.if_string()) {
    json::Constraints limits;
    limits.length_max = limits::item_text_chars_max;
    if (auto status = json::errors::check_string_length(path, *text, limits); !status)
      return fail(status.error());
    json::Object part{{"type", assistant ? "output_text" : "input_text"}, {"text", *text}};
    if (assistant) {
      part["annotations"] = json::Array();
      part["logprobs"] = json::Array();
    }
    return json::Array{std::move(part)};
  }
  const auto* array = value.if_array();
  if (!array) return json::errors::type(path, "one of a string or array of objects", value);
  json::Array parts = *array;
  const Names allowed = assistant ? Names(kAssistantParts) : Names(kUserParts);
  if (auto status = check_parts(parts, path, allowed); !status) return fail(status.error());
  return parts;
}

Status check_output_parts(json::Value& output, const json::Path& path) {
  if (const auto* text = output.if_string()) {
    json::Constraints limits;
    limits.length_max = limits::item_text_chars_max;
    return json::errors::check_string_length(path, *text, limits);
  }
  auto* parts = output.if_array();
  if (!parts) return json::errors::type(path, "one of a string or array of objects", output);
  return check_parts(*parts, path, kOutputParts);
}

}  // namespace api::items
