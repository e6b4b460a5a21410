#include "api/responses/function_schema.h"

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

}  // namespace api::responses
