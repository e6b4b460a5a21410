// The rules of the API for schemas with `strict: true`, in its words.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "inference/grammar/json_schema.h"

namespace inference::grammar {
namespace {

constexpr std::size_t kPropertiesMax = 5'000;
constexpr int kNestingMax = 10;
constexpr std::size_t kNameCharsMax = 120'000;
constexpr std::size_t kEnumValuesMax = 1'000;
constexpr std::size_t kLongEnumValues = 250;
constexpr std::size_t kLongEnumCharsMax = 15'000;
constexpr int kDepthMax = 400;

constexpr std::array<std::string_view, 19> kRefusedKeywords{"allOf",
                                                            "oneOf",
                                                            "not",
                                                            "if",
                                                            "then",
                                                            "else",
                                                            "dependentRequired",
                                                            "dependentSchemas",
                                                            "dependencies",
                                                            "patternProperties",
                                                            "propertyNames",
                                                            "unevaluatedProperties",
                                                            "unevaluatedItems",
                                                            "minProperties",
                                                            "maxProperties",
                                                            "minContains",
                                                            "maxContains",
                                                            "contains",
                                                            "uniqueItems"};

class StrictSubset {
 public:
  StrictSubset(const json::Value& root, const std::string& subject)
      : root_(root), subject_(subject) {}

  Status check() {
    if (!root_.is_object()) return violation("schema must be a JSON Schema of 'type: \"object\"'");
    const auto& object = root_.get_object();
    const std::string_view type = json::string_or(object, "type");
    if (type != "object") {
      const auto* value = json::find(object, "type");
      return violation(
          fmt::format("schema must be a JSON Schema of 'type: \"object\"', got 'type: {}'",
                      value ? json::dump(*value) : "\"None\""));
    }
    return visit(root_, 0, 0);
  }

 private:
  std::string context() const {
    std::string text = "(";
    for (const std::string& step : path_) text += (text.size() > 1 ? ", '" : "'") + step + "'";
    return text + (path_.size() == 1 ? ",)" : ")");
  }

  std::unexpected<Error> violation(std::string_view reason) const {
    return fail(
        ErrorCode::InvalidRequest,
        fmt::format("Invalid schema for {}: In context={}, {}.", subject_, context(), reason), {},
        "invalid_json_schema");
  }

  Status visit_at(std::initializer_list<std::string_view> steps, const json::Value& schema,
                  int nesting, int depth) {
    for (const std::string_view step : steps) path_.emplace_back(step);
    auto result = visit(schema, nesting, depth + 1);
    if (result) path_.resize(path_.size() - steps.size());
    return result;
  }

  Status visit(const json::Value& value, int nesting, int depth) {
    if (depth > kDepthMax) return violation("schema is nested too deeply");
    if (!value.is_object()) return violation("schema must have a 'type' key");
    const auto& schema = value.get_object();
    for (const std::string_view keyword : kRefusedKeywords) {
      if (json::find(schema, keyword))
        return violation(fmt::format("'{}' is not permitted", keyword));
    }
    constexpr std::array<std::string_view, 6> kShapes{"type", "$ref",  "anyOf",
                                                      "enum", "const", "properties"};
    if (std::ranges::none_of(kShapes, [&](auto keyword) { return json::find(schema, keyword); }))
      return violation("schema must have a 'type' key");
    if (auto ok = reference(schema); !ok) return ok;
    if (auto ok = enumeration(schema); !ok) return ok;
    if (has_type(schema, "object") || json::find(schema, "properties")) {
      if (auto ok = object(schema, nesting, depth); !ok) return ok;
    }
    if (auto ok = list(schema, nesting, depth); !ok) return ok;
    if (auto ok = visit_each(schema, "anyOf", nesting, depth); !ok) return ok;
    for (const std::string_view keyword : {"$defs", "definitions"}) {
      const auto* definitions = json::find(schema, keyword);
      if (!definitions || !definitions->is_object()) continue;
      for (const auto& [name, member] : definitions->get_object()) {
        if (auto ok = visit_at({keyword, name}, member, 0, depth); !ok) return ok;
      }
    }
    return {};
  }

  static bool has_type(const json::Object& schema, std::string_view name) {
    const auto* type = json::find(schema, "type");
    const auto is_it = [&](const json::Value& one) {
      return one.is_string() && one.get_string() == name;
    };
    if (!type) return false;
    return type->is_array() ? std::ranges::any_of(type->get_array(), is_it) : is_it(*type);
  }

  Status visit_each(const json::Object& schema, std::string_view keyword, int nesting, int depth) {
    const auto* parts = json::find(schema, keyword);
    if (!parts || !parts->is_array()) return {};
    for (std::size_t i = 0; i < parts->get_array().size(); ++i) {
      const std::string index = std::to_string(i);
      auto ok = visit_at({keyword, index}, parts->get_array()[i], nesting, depth);
      if (!ok) return ok;
    }
    return {};
  }

  Status list(const json::Object& schema, int nesting, int depth) {
    const auto* items = json::find(schema, "items");
    const bool has_prefix = json::find(schema, "prefixItems") || (items && items->is_array());
    if (has_type(schema, "array") && !items && !has_prefix)
      return violation("array schema missing items");
    for (const std::string_view keyword : {"items", "additionalItems"}) {
      const auto* part = json::find(schema, keyword);
      const bool is_end = part && has_prefix && part->is_bool() && !part->get_bool();
      if (!part || part->is_array() || is_end) continue;
      if (auto ok = visit_at({keyword}, *part, nesting + 1, depth); !ok) return ok;
    }
    if (auto ok = visit_each(schema, "items", nesting + 1, depth); !ok) return ok;
    return visit_each(schema, "prefixItems", nesting + 1, depth);
  }

  Status object(const json::Object& schema, int nesting, int depth) {
    if (nesting >= kNestingMax) {
      return violation(
          fmt::format("{} levels of nesting exceeds limit of {}", nesting + 1, kNestingMax));
    }
    const auto* additional = json::find(schema, "additionalProperties");
    if (!additional || !additional->is_bool() || additional->get_bool()) {
      return violation("'additionalProperties' is required to be supplied and to be false");
    }
    const auto* properties = json::find(schema, "properties");
    if (!properties || !properties->is_object()) return {};
    const auto* required = json::find(schema, "required");
    const auto missing = [&](std::string_view key) {
      if (!required || !required->is_array()) return true;
      return std::ranges::none_of(required->get_array(), [&](const json::Value& name) {
        return name.is_string() && name.get_string() == key;
      });
    };
    for (const json::Value& name :
         required && required->is_array() ? required->get_array() : json::Array()) {
      if (!name.is_string() || json::find(*properties, name.get_string())) continue;
      return violation(fmt::format(
          "'required' is required to be supplied and to be an array including every key "
          "in properties. Extra required key '{}' supplied",
          std::string_view(name.get_string())));
    }
    n_properties_ += properties->get_object().size();
    if (n_properties_ > kPropertiesMax) {
      return violation(
          fmt::format("{} object properties exceeds limit of {}", n_properties_, kPropertiesMax));
    }
    for (const auto& [key, member] : properties->get_object()) {
      if (missing(key)) {
        return violation(
            fmt::format("'required' is required to be supplied and to be an array "
                        "including every key in properties. Missing '{}'",
                        std::string_view(key)));
      }
      if (auto ok = spend_characters(key.size()); !ok) return ok;
      if (auto ok = visit_at({"properties", key}, member, nesting + 1, depth); !ok) return ok;
    }
    return {};
  }

  Status reference(const json::Object& schema) {
    const std::string_view target = json::string_or(schema, "$ref");
    if (target.empty() || target == "#") return {};
    const json::Value* found = nullptr;
    for (const std::string_view prefix : {"#/$defs/", "#/definitions/"}) {
      if (!target.starts_with(prefix)) continue;
      const auto* all = json::find(root_, prefix.substr(2, prefix.size() - 3));
      const std::string_view name = target.substr(prefix.size());
      found = all ? json::find(*all, name.substr(0, name.find('/'))) : nullptr;
    }
    if (found || target.starts_with("#/properties/")) return {};
    return violation(
        fmt::format("reference to component '{}' which was not found in the schema", target));
  }

  Status enumeration(const json::Object& schema) {
    if (const auto* value = json::find(schema, "const"); value && value->is_string()) {
      if (auto ok = spend_characters(value->get_string().size()); !ok) return ok;
    }
    const auto* values = json::find(schema, "enum");
    if (!values || !values->is_array()) return {};
    std::size_t n_chars = 0;
    for (const json::Value& value : values->get_array()) {
      if (value.is_string()) n_chars += value.get_string().size();
    }
    n_enum_values_ += values->get_array().size();
    if (n_enum_values_ > kEnumValuesMax) {
      return violation(
          fmt::format("{} enum values exceeds limit of {}", n_enum_values_, kEnumValuesMax));
    }
    if (values->get_array().size() > kLongEnumValues && n_chars > kLongEnumCharsMax) {
      return violation(fmt::format("enum of {} values has {} characters, which exceeds limit of {}",
                                   values->get_array().size(), n_chars, kLongEnumCharsMax));
    }
    return spend_characters(n_chars);
  }

  Status spend_characters(std::size_t n) {
    n_chars_ += n;
    if (n_chars_ <= kNameCharsMax) return {};
    return violation(
        fmt::format("total string length of names and values exceeds limit of {}", kNameCharsMax));
  }

  const json::Value& root_;
  const std::string& subject_;
  std::vector<std::string> path_;
  std::size_t n_properties_ = 0, n_enum_values_ = 0, n_chars_ = 0;
};

}  // namespace

Status check_strict_subset(const json::Value& schema, const std::string& subject) {
  return StrictSubset(schema, subject).check();
}

}  // namespace inference::grammar
