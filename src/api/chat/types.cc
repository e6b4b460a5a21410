#include "api/chat/types.h"

#include "base/json/codec.h"

namespace api::chat {

Result<Content> Content::from_json(const json::Value& value, const json::Path& path) {
  Content out;
  if (const auto* text = value.if_string()) {
    ContentPart part;
    part.type = "text";
    part.text = std::string(*text);
    out.parts.push_back(std::move(part));
    return out;
  }
  if (!value.is_array())
    return json::errors::type(path, "one of a string or array of objects", value);
  if (auto status = json::read_into(out.parts, value, path, {}); !status)
    return fail(status.error());
  return out;
}

json::Value Content::to_json() const {
  return json::write(parts);
}

namespace {

// The name inside {"type":"function","function":{"name":...}} or the custom form.
Result<std::string> named_tool(const json::Value& value, const json::Path& path) {
  const auto* object = value.if_object();
  if (!object) return json::errors::type(path, "an object", value);
  static constexpr std::array<std::string_view, 3> kTypes{"function", "allowed_tools", "custom"};
  std::string type;
  const json::Value* given = json::find(*object, "type");
  if (!given) return json::errors::missing(path.member("type"));
  json::Constraints types;
  types.values = kTypes;
  const json::Path type_path = path.member("type");
  if (auto status = json::errors::read_string(type, *given, type_path, types); !status)
    return fail(status.error());

  const json::Path holder_path = path.member(type);
  const json::Value* holder = json::find(*object, type);
  if (!holder) return json::errors::missing(holder_path);
  const json::Path name_path = holder_path.member("name");
  const json::Value* name = json::find(*holder, "name");
  if (!name) return json::errors::missing(name_path);
  std::string out;
  if (auto status = json::errors::read_string(out, *name, name_path, {}); !status)
    return fail(status.error());
  return out;
}

struct Allowed {
  std::string mode;
  std::vector<json::Value> tools;
  static constexpr std::array<std::string_view, 2> kModes{"auto", "required"};
  static constexpr auto json_fields() {
    return std::tuple{json::field("mode", &Allowed::mode).one_of(kModes),
                      json::field("tools", &Allowed::tools).length_min(1)};
  }
};

Result<ToolChoice> allowed_tools(const json::Value& value, const json::Path& path) {
  const json::Value* inner = json::find(value, "allowed_tools");
  const json::Path at = path.member("allowed_tools");
  if (!inner) return json::errors::missing(at);
  auto allowed = json::read<Allowed>(*inner, at);
  if (!allowed) return fail(allowed.error());

  ToolChoice out{.mode = allowed->mode, .names = {}, .named = false};
  const json::Path tools_path = at.member("tools");
  for (std::size_t i = 0; i < allowed->tools.size(); ++i) {
    auto name = named_tool(allowed->tools[i], tools_path.element(i));
    if (!name) return fail(name.error());
    out.names.push_back(std::move(*name));
  }
  return out;
}

}  // namespace

Result<ToolChoice> ToolChoice::from_json(const json::Value& value, const json::Path& path) {
  static constexpr std::array<std::string_view, 3> kModes{"none", "auto", "required"};
  if (value.is_string()) {
    ToolChoice out;
    json::Constraints modes;
    modes.values = kModes;
    if (auto status = json::errors::read_string(out.mode, value, path, modes); !status)
      return fail(status.error());
    return out;
  }
  const auto* object = value.if_object();
  if (!object)
    return json::errors::type(path, "one of an object or 'none', 'auto', or 'required'", value);
  if (json::string_or(*object, "type") == "allowed_tools") return allowed_tools(value, path);
  auto name = named_tool(value, path);
  if (!name) return fail(name.error());
  return ToolChoice{.mode = "required", .names = {std::move(*name)}, .named = true};
}

json::Value ToolChoice::to_json() const {
  if (!named) return json::Value(mode);
  return json::Object{{"type", "function"}, {"function", {{"name", names.front()}}}};
}

}  // namespace api::chat
