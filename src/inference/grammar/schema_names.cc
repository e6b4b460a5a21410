#include "inference/grammar/schema_names.h"

#include <algorithm>
#include <array>

namespace inference::grammar {
namespace {

constexpr int kDepthMax = 800;  // of values within values

// Their members have names of their own: none of them is a keyword.
constexpr std::array<std::string_view, 7> kMaps{
    "properties",       "patternProperties", "$defs", "definitions", "dependencies",
    "dependentSchemas", "dependentRequired"};
// Values, not schemas.
constexpr std::array<std::string_view, 5> kValues{"enum", "const", "default", "examples",
                                                  "example"};

// One token of a JSON pointer, with ~0, ~1 and percent escapes undone.
std::string pointer_token(std::string_view token) {
  std::string out;
  const auto hex = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '%' && i + 2 < token.size() && hex(token[i + 1]) >= 0 &&
        hex(token[i + 2]) >= 0) {
      out += static_cast<char>(hex(token[i + 1]) * 16 + hex(token[i + 2]));
      i += 2;
    } else if (token[i] == '~' && i + 1 < token.size() &&
               (token[i + 1] == '0' || token[i + 1] == '1')) {
      out += token[++i] == '0' ? '~' : '/';
    } else {
      out += token[i];
    }
  }
  return out;
}

const json::Value* follow_pointer(const json::Value& root, std::string_view pointer) {
  const json::Value* at = &root;
  while (!pointer.empty() && at) {
    pointer.remove_prefix(1);  // the slash
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    const std::string token = pointer_token(pointer.substr(0, end));
    pointer.remove_prefix(end);
    if (const auto* array = at->if_array()) {
      std::size_t index = 0;
      const bool number = !token.empty() && token.size() < 9 &&
                          std::ranges::all_of(token, [](char c) { return c >= '0' && c <= '9'; });
      for (const char c : token)
        index = number ? index * 10 + static_cast<std::size_t>(c - '0') : 0;
      at = number && index < array->size() ? &(*array)[index] : nullptr;
    } else {
      at = json::find(*at, token);
    }
  }
  return at;
}

SchemaNames::Target one_of(const std::vector<const json::Value*>& parts) {
  if (parts.empty()) return {};
  return {parts[0], parts.size() > 1};
}

}  // namespace

SchemaNames::SchemaNames(const json::Value& root, bool is_old) : root_(root), is_old_(is_old) {
  add(root, &root, /*is_schema=*/true, 0);
}

// Returns the resource that the value's own parts belong to.
const json::Value* SchemaNames::add_names(const json::Value& value, const json::Value* resource) {
  const json::Object& schema = value.get_object();
  for (const std::string_view keyword : {"$id", "id"}) {
    const std::string_view id = json::string_or(schema, keyword);
    if (id.empty()) continue;
    if (id.starts_with('#')) {
      anchors_[{resource, std::string(id)}].push_back(&value);
      continue;
    }
    ids_.emplace_back(id, &value);
    if ((keyword == "id") == is_old_) resource = &value;
  }
  for (const std::string_view keyword : {"$anchor", "$dynamicAnchor"}) {
    const std::string_view name = json::string_or(schema, keyword);
    if (name.empty()) continue;
    Parts& same = anchors_[{resource, "#" + std::string(name)}];
    if (std::ranges::find(same, &value) == same.end()) same.push_back(&value);
    if (keyword == "$dynamicAnchor") dynamic_[std::string(name)].push_back(&value);
  }
  return resource;
}

void SchemaNames::add(const json::Value& value, const json::Value* resource, bool is_schema,
                      int depth) {
  if (depth > kDepthMax) return;
  if (const auto* array = value.if_array()) {
    for (const json::Value& element : *array) add(element, resource, is_schema, depth + 1);
    return;
  }
  const auto* object = value.if_object();
  if (!object) return;
  if (is_schema) resource = add_names(value, resource);
  if (resource != &root_) resources_.emplace(object, resource);
  for (const auto& [key, member] : *object) {
    const std::string_view name = key;
    if (is_schema && std::ranges::find(kValues, name) != kValues.end()) continue;
    const bool is_map = is_schema && std::ranges::find(kMaps, name) != kMaps.end();
    add(member, resource, !is_map, depth + 1);
  }
}

const json::Value* SchemaNames::resource_of(const json::Object& object) const {
  const auto found = resources_.find(&object);
  return found == resources_.end() ? &root_ : found->second;
}

SchemaNames::Target SchemaNames::in_resource(const json::Value& resource,
                                             std::string_view fragment) const {
  if (fragment.size() <= 1) return {&resource};
  if (fragment.starts_with("#/")) return {follow_pointer(resource, fragment.substr(1))};
  const auto found = anchors_.find({&resource, std::string(fragment)});
  return found == anchors_.end() ? Target{} : one_of(found->second);
}

// An identifier as it is written, or the last part of one that the name is relative to.
SchemaNames::Target SchemaNames::document(std::string_view name) const {
  Parts same, below;
  const bool is_relative = name.find(':') == name.npos;
  for (const auto& [id, schema] : ids_) {
    const std::string_view address = std::string_view(id).substr(0, id.find('#'));
    if (address == name) {
      same.push_back(schema);
    } else if (is_relative && address.ends_with("/" + std::string(name))) {
      below.push_back(schema);
    }
  }
  return one_of(same.empty() ? below : same);
}

SchemaNames::Target SchemaNames::find(const json::Object& from, std::string_view reference) const {
  const std::size_t hash = std::min(reference.find('#'), reference.size());
  const std::string_view name = reference.substr(0, hash), fragment = reference.substr(hash);
  if (!name.empty()) {
    const Target whole = document(name);
    return whole.schema && !whole.is_ambiguous ? in_resource(*whole.schema, fragment) : whole;
  }
  const json::Value* resource = resource_of(from);
  const Target target = in_resource(*resource, fragment);
  // Many schemas give every part an identifier, and still mean the whole document.
  return target.schema || resource == &root_ ? target : in_resource(root_, fragment);
}

SchemaNames::Target SchemaNames::find_dynamic(const json::Object& from,
                                              std::string_view reference) const {
  Target target = find(from, reference);
  const std::size_t hash = reference.find('#');
  if (!target.schema || hash == reference.npos) return target;
  const auto same = dynamic_.find(reference.substr(hash + 1));
  const bool is_dynamic = same != dynamic_.end() &&
                          std::ranges::find(same->second, target.schema) != same->second.end();
  target.is_ambiguous |= is_dynamic && same->second.size() > 1;
  return target;
}

SchemaNames::Target SchemaNames::find_recursive(const json::Object& from) const {
  const json::Value* resource = resource_of(from);
  const auto* flag = json::find(*resource, "$recursiveAnchor");
  const bool is_dynamic = flag && flag->is_bool() && flag->get_bool();
  return {resource, is_dynamic && resource != &root_};
}

}  // namespace inference::grammar
