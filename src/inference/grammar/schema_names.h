// What the references of a schema name: its parts by pointers, anchors and identifiers.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/json/value.h"

namespace inference::grammar {

// Borrows the schema. A part with an identifier of its own is a resource: pointers and anchors are
// read from the innermost one that a reference stands in.
class SchemaNames {
 public:
  // `is_old`: identifiers are called `id`, as in drafts 3 and 4.
  SchemaNames(const json::Value& root, bool is_old);

  struct Target {
    const json::Value* schema = nullptr;  // null when nothing has the name
    bool is_ambiguous = false;            // several parts have it
  };
  Target find(const json::Object& from, std::string_view reference) const;
  // The same for `$dynamicRef`: ambiguous where it depends on the way that led there.
  Target find_dynamic(const json::Object& from, std::string_view reference) const;
  // The same for `$recursiveRef`, which names the resource it stands in.
  Target find_recursive(const json::Object& from) const;

 private:
  using Parts = std::vector<const json::Value*>;
  void add(const json::Value& value, const json::Value* resource, bool is_schema, int depth);
  const json::Value* add_names(const json::Value& value, const json::Value* resource);
  const json::Value* resource_of(const json::Object& object) const;
  Target in_resource(const json::Value& resource, std::string_view fragment) const;
  Target document(std::string_view name) const;

  const json::Value& root_;
  const bool is_old_;
  std::map<std::pair<const json::Value*, std::string>, Parts> anchors_;  // by resource
  std::map<std::string, Parts, std::less<>> dynamic_;
  std::vector<std::pair<std::string, const json::Value*>> ids_;
  std::unordered_map<const json::Object*, const json::Value*> resources_;  // not those of the root
};

}  // namespace inference::grammar
