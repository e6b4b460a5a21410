#include "api/responses/types.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "api/responses/function_schema.h"
#include "base/json/codec.h"

namespace api::responses {
namespace {

std::unexpected<Error> invalid(const json::Path& path, std::string message) {
  return fail(ErrorCode::InvalidRequest, std::move(message), path.str(), "invalid_value");
}

constexpr const char* kNamePattern = "^[a-zA-Z0-9_-]+$";

Status read_name(std::string& out, const json::Object& object, const json::Path& parent) {
  const json::Path path = parent.member("name");
  const json::Value* value = json::find(object, "name");
  if (!value) return json::errors::missing(path);
  json::Constraints limits;
  limits.length_min = 1;
  limits.length_max = limits::tool_name_chars_max;
  if (auto status = json::errors::read_string(out, *value, path, limits); !status) return status;
  const bool plain = std::ranges::all_of(
      out, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
  if (!plain) {
    return invalid(path, fmt::format("Invalid '{}': string does not match pattern. Expected a "
                                     "string that matches the pattern '{}'.",
                                     path.str(), kNamePattern));
  }
  return {};
}

struct FunctionTool {
  std::optional<std::string> type;
  json::Value name;
  std::optional<std::string> description;
  std::optional<json::Object> parameters, output_schema;
  std::optional<bool> strict, defer_loading;
  std::optional<std::vector<std::string>> allowed_callers;
  static constexpr auto json_fields() {
    using F = FunctionTool;
    return std::tuple{json::field("type", &F::type),
                      json::field("name", &F::name),
                      json::field("description", &F::description),
                      json::field("parameters", &F::parameters),
                      json::field("strict", &F::strict),
                      json::field("output_schema", &F::output_schema),
                      json::field("defer_loading", &F::defer_loading),
                      json::field("allowed_callers", &F::allowed_callers)};
  }
  static constexpr bool json_closed = true;
};

struct CustomFormat {
  std::string type;
  std::optional<std::string> syntax, definition;
  static constexpr std::array<std::string_view, 2> kTypes{"text", "grammar"};
  static constexpr std::array<std::string_view, 2> kSyntaxes{"lark", "regex"};
  static constexpr auto json_fields() {
    return std::tuple{json::field("type", &CustomFormat::type).one_of(kTypes),
                      json::field("syntax", &CustomFormat::syntax).one_of(kSyntaxes),
                      json::field("definition", &CustomFormat::definition)};
  }
  static constexpr bool json_closed = true;
};

struct CustomTool {
  std::optional<std::string> type;
  json::Value name;
  std::optional<std::string> description;
  std::optional<CustomFormat> format;
  std::optional<bool> defer_loading;
  std::optional<std::vector<std::string>> allowed_callers;
  static constexpr auto json_fields() {
    using C = CustomTool;
    return std::tuple{json::field("type", &C::type),
                      json::field("name", &C::name),
                      json::field("description", &C::description),
                      json::field("format", &C::format),
                      json::field("defer_loading", &C::defer_loading),
                      json::field("allowed_callers", &C::allowed_callers)};
  }
  static constexpr bool json_closed = true;
};

Result<json::Object> read_function(const json::Object& given, const json::Path& path) {
  std::string name;
  if (auto status = read_name(name, given, path); !status) return fail(status.error());
  auto read = json::read<FunctionTool>(given, path);
  if (!read) return fail(read.error());
  bool strict = read->strict.value_or(true);
  if (!read->strict && read->parameters) {
    auto closed = strict_form(*read->parameters, name);
    strict = closed.has_value();
    if (closed) read->parameters = std::move(closed);
  }
  json::Object out{{"type", "function"},
                   {"description", json::write(read->description)},
                   {"name", name},
                   {"parameters", json::write(read->parameters)},
                   {"strict", strict}};
  if (read->output_schema) out["output_schema"] = *read->output_schema;
  if (read->defer_loading) out["defer_loading"] = *read->defer_loading;
  if (read->allowed_callers) out["allowed_callers"] = json::write(*read->allowed_callers);
  return out;
}

Result<json::Object> read_custom(const json::Object& given, const json::Path& path) {
  std::string name;
  if (auto status = read_name(name, given, path); !status) return fail(status.error());
  auto read = json::read<CustomTool>(given, path);
  if (!read) return fail(read.error());
  json::Object out{{"type", "custom"}, {"name", name}};
  if (read->description) out["description"] = *read->description;
  const CustomFormat format = read->format.value_or(CustomFormat{"text", {}, {}});
  if (format.type == "grammar") {
    const json::Path format_path = path.member("format");
    for (const auto& [member, value] :
         {std::pair{"syntax", &format.syntax}, std::pair{"definition", &format.definition}}) {
      const json::Path at = format_path.member(member);
      if (!*value) return json::errors::missing(at);
    }
  }
  out["format"] = json::write(format);
  if (read->defer_loading) out["defer_loading"] = *read->defer_loading;
  if (read->allowed_callers) out["allowed_callers"] = json::write(*read->allowed_callers);
  return out;
}

Result<json::Object> read_namespace(const json::Object& given, const json::Path& path) {
  std::string name;
  if (auto status = read_name(name, given, path); !status) return fail(status.error());
  const json::Path tools_path = path.member("tools");
  const json::Value* tools = json::find(given, "tools");
  if (!tools) return json::errors::missing(tools_path);
  std::vector<Tool> inner;
  json::Constraints limits;
  limits.length_max = limits::tools_max;
  if (auto status = json::read_into(inner, *tools, tools_path, limits); !status)
    return fail(status.error());
  json::Object out{{"type", "namespace"},
                   {"name", name},
                   {"description", std::string(json::string_or(given, "description"))},
                   {"tools", json::write(inner)}};
  return out;
}

Result<ToolChoice::Named> read_named(const json::Value& value, const json::Path& path) {
  const auto* object = value.if_object();
  if (!object) return json::errors::type(path, "an object", value);
  const json::Path type_path = path.member("type");
  const json::Value* type = json::find(*object, "type");
  if (!type) return json::errors::missing(type_path);
  ToolChoice::Named out;
  if (auto status = json::errors::read_string(out.type, *type, type_path, {}); !status)
    return fail(status.error());
  const bool by_name = out.type == "function" || out.type == "custom" || out.type == "namespace";
  if (!by_name) {
    out.name = out.type;
    return out;
  }
  const json::Path name_path = path.member("name");
  const json::Value* name = json::find(*object, "name");
  if (!name) return json::errors::missing(name_path);
  if (auto status = json::errors::read_string(out.name, *name, name_path, {}); !status)
    return fail(status.error());
  return out;
}

Result<ToolChoice> read_allowed(const json::Object& object, const json::Path& path) {
  static constexpr std::array<std::string_view, 2> kModes{"auto", "required"};
  ToolChoice out;
  const json::Path mode_path = path.member("mode");
  const json::Value* mode = json::find(object, "mode");
  if (!mode) return json::errors::missing(mode_path);
  json::Constraints modes;
  modes.values = kModes;
  if (auto status = json::errors::read_string(out.mode, *mode, mode_path, modes); !status)
    return fail(status.error());
  const json::Path tools_path = path.member("tools");
  const json::Value* tools = json::find(object, "tools");
  if (!tools) return json::errors::missing(tools_path);
  const auto* array = tools->if_array();
  if (!array) return json::errors::type(tools_path, "an array of objects", *tools);
  json::Constraints some;
  some.length_min = 1;
  some.length_max = limits::tools_max;
  if (auto status = json::errors::check_array_length(tools_path, array->size(), some); !status)
    return fail(status.error());
  for (std::size_t i = 0; i < array->size(); ++i) {
    auto named = read_named((*array)[i], tools_path.element(i));
    if (!named) return fail(named.error());
    out.only.push_back(std::move(*named));
  }
  return out;
}

Result<std::string> read_id(const json::Value& value, const json::Path& path,
                            std::string_view prefix) {
  std::string id;
  if (auto status = json::errors::read_string(id, value, path, {}); !status)
    return fail(status.error());
  if (!id.starts_with(prefix)) {
    return invalid(path, fmt::format("Invalid '{}': '{}'. Expected an ID that begins with '{}'.",
                                     path.str(), id, prefix));
  }
  return id;
}

// How the real API shortens names in some sentences: 'fil...lts'.
std::string elided(std::string_view name) {
  return fmt::format("'{}...{}'", name.substr(0, 3), name.substr(name.size() - 3));
}

}  // namespace

Result<Tool> Tool::from_json(const json::Value& value, const json::Path& path) {
  const auto* object = value.if_object();
  if (!object) return json::errors::type(path, "an object", value);
  const json::Path type_path = path.member("type");
  const json::Value* type = json::find(*object, "type");
  if (!type) return json::errors::missing(type_path);
  Tool out;
  if (auto status = json::errors::read_string(out.type, *type, type_path, {}); !status)
    return fail(status.error());
  Result<json::Object> body = *object;
  if (out.type == "function") body = read_function(*object, path);
  if (out.type == "custom") body = read_custom(*object, path);
  if (out.type == "namespace") body = read_namespace(*object, path);
  if (!body) return fail(body.error());
  out.body = std::move(*body);
  return out;
}

Result<ToolChoice> ToolChoice::from_json(const json::Value& value, const json::Path& path) {
  static constexpr std::array<std::string_view, 3> kModes{"none", "auto", "required"};
  ToolChoice out;
  if (value.is_string()) {
    json::Constraints modes;
    modes.values = kModes;
    if (auto status = json::errors::read_string(out.mode, value, path, modes); !status)
      return fail(status.error());
  } else if (const auto* object = value.if_object()) {
    if (json::string_or(*object, "type") == "allowed_tools") {
      auto allowed = read_allowed(*object, path);
      if (!allowed) return allowed;
      out = std::move(*allowed);
    } else {
      auto named = read_named(value, path);
      if (!named) return fail(named.error());
      out.mode = "required";
      out.only.push_back(std::move(*named));
    }
  } else {
    return json::errors::type(path, "one of an object or 'none', 'auto', or 'required'", value);
  }
  out.shown = value;
  return out;
}

Result<TextFormat> TextFormat::from_json(const json::Value& value, const json::Path& path) {
  static constexpr std::array<std::string_view, 3> kTypes{"json_object", "text", "json_schema"};
  const auto* object = value.if_object();
  if (!object) return json::errors::type(path, "an object", value);
  TextFormat out;
  const json::Path type_path = path.member("type");
  const json::Value* type = json::find(*object, "type");
  if (!type) return json::errors::missing(type_path);
  json::Constraints types;
  types.values = kTypes;
  if (auto status = json::errors::read_string(out.type, *type, type_path, types); !status)
    return fail(status.error());
  if (out.type != "json_schema") {
    if (auto status = json::errors::refuse_unknown(path, *object, {"type"}); !status)
      return fail(status.error());
    return out;
  }
  if (auto status = read_name(out.name, *object, path); !status) return fail(status.error());
  const json::Path schema_path = path.member("schema");
  const json::Value* schema = json::find(*object, "schema");
  if (!schema) return json::errors::missing(schema_path);
  if (!schema->is_object()) return json::errors::type(schema_path, "an object", *schema);
  out.schema = schema->get_object();
  for (const auto& [name, member] : {std::pair{"description", &out.description}}) {
    const json::Path at = path.member(name);
    if (const json::Value* given = json::find(*object, name)) {
      if (auto status = json::read_into(*member, *given, at, {}); !status)
        return fail(status.error());
    }
  }
  const json::Path strict_path = path.member("strict");
  if (const json::Value* strict = json::find(*object, "strict")) {
    if (auto status = json::read_into(out.strict, *strict, strict_path, {}); !status)
      return fail(status.error());
  }
  if (auto status = json::errors::refuse_unknown(
          path, *object, {"type", "name", "schema", "description", "strict"});
      !status)
    return fail(status.error());
  return out;
}

json::Value TextFormat::to_json() const {
  if (type != "json_schema") return json::Object{{"type", type}};
  json::Object out{{"type", type}, {"name", name}, {"schema", schema}};
  if (description) out["description"] = *description;
  out["strict"] = strict.value_or(false);
  return out;
}

Result<Effort> Effort::from_json(const json::Value& value, const json::Path& path) {
  static constexpr std::array<std::string_view, 7> kEfforts{"none", "minimal", "low", "medium",
                                                            "high", "xhigh",   "max"};
  Effort out;
  if (value.is_string()) {
    json::Constraints efforts;
    efforts.values = kEfforts;
    if (auto status = json::errors::read_string(out.value, value, path, efforts); !status)
      return fail(status.error());
    return out;
  }
  if (value.is_object() || value.is_array()) {
    const std::string list =
        "one of one of " + json::errors::quoted_list(kEfforts, "or") + " or integer";
    return json::errors::type(path, list, value);
  }
  return json::errors::type(path, "one of 'minimal', 'low', 'medium', or 'high'", value);
}

Result<ConversationRef> ConversationRef::from_json(const json::Value& value,
                                                   const json::Path& path) {
  const json::Value* given = &value;
  if (const auto* object = value.if_object()) {
    const json::Path at = path.member("id");
    given = json::find(*object, "id");
    if (!given) return json::errors::missing(at);
    if (auto status = json::errors::refuse_unknown(path, *object, {"id"}); !status)
      return fail(status.error());
  }
  auto id = read_id(*given, path, "conv");
  if (!id) return fail(id.error());
  return ConversationRef{std::move(*id)};
}

Result<ResponseRef> ResponseRef::from_json(const json::Value& value, const json::Path& path) {
  auto id = read_id(value, path, "resp");
  if (!id) return fail(id.error());
  return ResponseRef{std::move(*id)};
}

Result<IncludeList> IncludeList::from_json(const json::Value& value, const json::Path& path) {
  const auto* array = value.if_array();
  if (!array) {
    std::string names;
    for (const auto name : items::include_names())
      names += (names.empty() ? "" : ", ") + elided(name);
    return json::errors::type(path, "an array of " + names, value);
  }
  IncludeList out;
  json::Constraints known;
  known.values = items::include_names();
  for (std::size_t i = 0; i < array->size(); ++i) {
    std::string name;
    const json::Path at = path.element(i);
    if (auto status = json::errors::read_string(name, (*array)[i], at, known); !status)
      return fail(status.error());
    out.names.push_back(std::move(name));
  }
  return out;
}

json::Value IncludeList::to_json() const {
  return json::write(names);
}

items::Include CreateRequest::includes() const {
  return include ? items::Include::of(include->names) : items::Include{};
}

}  // namespace api::responses
