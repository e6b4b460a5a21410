#include "api/responses/function_schema.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "inference/grammar/json_schema.h"

namespace api::responses {
namespace {

constexpr int kDepthMax = 32;

// Closes every object of the schema in place. False when it holds what strict schemas may not: they
// refuse some formats, which others only hint at.
bool close(json::Value& value, int depth) {
  auto* schema = value.if_object();
  if (!schema) return true;
  if (depth > kDepthMax || schema->contains("format")) return false;
  if (json::string_or(*schema, "type") == "object" && !schema->contains("additionalProperties"))
    (*schema)["additionalProperties"] = false;
  for (const char* keyword : {"properties", "$defs", "definitions"}) {
    auto* members = schema->if_contains(keyword);
    if (!members || !members->is_object()) continue;
    for (auto& [name, member] : members->get_object()) {
      if (!close(member, depth + 1)) return false;
    }
  }
  if (auto* items = schema->if_contains("items"); items && !close(*items, depth + 1)) return false;
  auto* options = schema->if_contains("anyOf");
  if (!options || !options->is_array()) return true;
  for (auto& option : options->get_array()) {
    if (!close(option, depth + 1)) return false;
  }
  return true;
}

}  // namespace

std::optional<json::Object> strict_form(const json::Object& parameters, std::string_view function) {
  json::Value closed = parameters;
  if (!close(closed, 0)) return std::nullopt;
  const auto allowed =
      inference::grammar::check_strict_subset(closed, fmt::format("function '{}'", function));
  if (!allowed) return std::nullopt;
  return std::move(closed.get_object());
}

json::Object written_form(const json::Object& parameters) {
  static constexpr std::array<std::string_view, 9> kOthers{"additionalProperties",
                                                           "unevaluatedProperties",
                                                           "patternProperties",
                                                           "$ref",
                                                           "allOf",
                                                           "anyOf",
                                                           "oneOf",
                                                           "if",
                                                           "dependentSchemas"};
  const json::Value* properties = json::find(parameters, "properties");
  const auto* named = properties ? properties->if_object() : nullptr;
  const bool says = std::ranges::any_of(
      kOthers, [&](std::string_view keyword) { return parameters.contains(keyword); });
  if (says || !named || named->empty()) return parameters;
  if (const json::Value* required = json::find(parameters, "required");
      required && required->is_array()) {
    for (const json::Value& name : required->get_array()) {
      if (!name.is_string() || !named->contains(name.get_string())) return parameters;
    }
  }
  json::Object out = parameters;
  out["additionalProperties"] = false;
  return out;
}

}  // namespace api::responses
