// Keywords about objects and arrays.
#include <algorithm>

#include <fmt/format.h>

#include "inference/grammar/schema_compiler.h"

namespace inference::grammar {
namespace {

using engine::grammar::kAlways;
using engine::grammar::Kind;
using engine::grammar::kNever;
using engine::grammar::kUnbounded;
using engine::grammar::ListRule;
using engine::grammar::only;
using engine::grammar::RecordRule;

}  // namespace

bool SchemaCompiler::add_keys(const json::Object& schema, RecordRule& rule) {
  bool any = false;
  if (const auto* properties = find(schema, "properties")) {
    const auto* object = properties->if_object();
    if (!object) return refuse("properties", "an object is expected"), false;
    for (const auto& [key, member] : *object) {
      RecordRule::Key entry{std::string(key), node_at(member, "properties", key)};
      entry.order = static_cast<std::uint32_t>(rule.keys.size());
      if (draft_ == Draft::D3 && member.is_object()) {
        const auto* required = find(member.get_object(), "required");
        entry.required = required && required->is_bool() && required->get_bool();
      }
      rule.keys.push_back(std::move(entry));
      if (error_) return false;
    }
    any = true;
  }
  if (const auto* patterns = find(schema, "patternProperties")) {
    const auto* object = patterns->if_object();
    if (!object) return refuse("patternProperties", "an object is expected"), false;
    for (const auto& [expression, member] : *object) {
      const TermId names = pattern(json::Value(expression), "patternProperties");
      rule.patterns.push_back({names, node_at(member, "patternProperties", expression)});
      if (error_) return false;
    }
    any = true;
  }
  if (const auto* additional = find(schema, "additionalProperties")) {
    rule.additional = node_at(*additional, "additionalProperties");
    any = true;
  }
  return any;
}

void SchemaCompiler::add_required(const json::Object& schema, RecordRule& rule) {
  std::ranges::sort(rule.keys, {}, &RecordRule::Key::name);
  const auto* required = find(schema, "required");
  if (!required || !from(Draft::D4)) return;
  const auto* array = required->if_array();
  if (!array) {
    // Written per property, as draft 3 had it: later drafts give that no meaning.
    if (!required->is_bool()) refuse("required", "a list of names is expected");
    return;
  }
  std::vector<std::string> undeclared;
  for (const json::Value& name : *array) {
    if (!name.is_string()) {
      refuse("required", "a list of names is expected");
      return;
    }
    const std::string text(name.get_string());
    const auto found = std::ranges::lower_bound(rule.keys, text, {}, &RecordRule::Key::name);
    if (found != rule.keys.end() && found->name == text) {
      found->required = true;
    } else {
      undeclared.push_back(text);
    }
  }
  std::ranges::sort(undeclared);
  undeclared.erase(std::ranges::unique(undeclared).begin(), undeclared.end());
  for (std::string& name : undeclared) {
    RecordRule::Key key{std::move(name), kAlways, /*required=*/true, /*declared=*/false};
    key.order = static_cast<std::uint32_t>(rule.keys.size());
    rule.keys.push_back(std::move(key));
  }
  std::ranges::sort(rule.keys, {}, &RecordRule::Key::name);
}

void SchemaCompiler::add_record(const json::Object& schema, Parts& parts) {
  RecordRule rule;
  bool any = add_keys(schema, rule);
  any |= find(schema, "required") != nullptr;
  if (error_) return;
  add_required(schema, rule);
  if (from(Draft::D4)) {
    any |= count(schema, "minProperties", rule.count_min);
    if (count(schema, "maxProperties", rule.count_max)) any = true;
  }
  if (const auto* names = find(schema, "propertyNames"); names && from(Draft::D6)) {
    const NodeId node = node_at(*names, "propertyNames");
    if (error_) return;
    if (const auto term = tables_.shapes.text_term(node)) {
      rule.names = *term;
    } else {
      refuse("propertyNames", "it refers to a schema that contains it");
    }
    any = true;
  }
  rule.ordered = options_.schema_order;
  if (any) parts.push_back(nodes_.record(std::move(rule)));
}

void SchemaCompiler::add_list(const json::Object& schema, Parts& parts) {
  ListRule rule;
  bool any = false;
  const auto* items = find(schema, "items");
  const bool tuple = items && items->is_array() && !from(Draft::D2020);
  if (const auto* prefix = find(schema, "prefixItems"); prefix && from(Draft::D2020)) {
    rule.prefix = nodes(schema, "prefixItems");
    any = true;
  }
  if (tuple) {
    if (!items->get_array().empty()) rule.prefix = nodes(schema, "items");
    if (const auto* rest = find(schema, "additionalItems")) {
      rule.items = node_at(*rest, "additionalItems");
    }
    any = true;
  } else if (items) {
    if (items->is_array()) {
      refuse("items", "a list of schemas is written 'prefixItems' in this draft");
      return;
    }
    rule.items = node_at(*items, "items");
    any = true;
  }
  if (const auto* contains = find(schema, "contains"); contains && from(Draft::D6)) {
    rule.contains = node_at(*contains, "contains");
    rule.contains_min = 1;
    if (from(Draft::D2019)) {
      count(schema, "minContains", rule.contains_min);
      if (!count(schema, "maxContains", rule.contains_max)) rule.contains_max = kUnbounded;
    }
    any = true;
  }
  any |= count(schema, "minItems", rule.count_min);
  any |= count(schema, "maxItems", rule.count_max);
  if (const auto* unique = find(schema, "uniqueItems"); unique && unique->is_bool()) {
    rule.unique = unique->get_bool();
    any |= rule.unique;
  }
  if (any && !error_) parts.push_back(nodes_.list(std::move(rule)));
}

engine::grammar::NodeId SchemaCompiler::requires_keys(const std::vector<std::string>& names) {
  RecordRule rule;
  for (const std::string& name : names) {
    rule.keys.push_back({name, kAlways, /*required=*/true, /*declared=*/false});
  }
  std::ranges::sort(rule.keys, {}, &RecordRule::Key::name);
  const auto repeated = std::ranges::unique(rule.keys, {}, &RecordRule::Key::name);
  rule.keys.erase(repeated.begin(), repeated.end());
  return nodes_.record(std::move(rule));
}

// "If this key is there, then ...": either it is not, or the rest holds. Values that are no objects
// satisfy both sides, so the kind is part of the first.
void SchemaCompiler::add_dependencies(const json::Object& schema, Parts& parts) {
  // The old keyword is still read in the later drafts: who writes it means it.
  std::vector<std::string_view> keywords{"dependencies"};
  if (from(Draft::D2019)) keywords = {"dependencies", "dependentRequired", "dependentSchemas"};
  for (const std::string_view keyword : keywords) {
    const auto* dependencies = find(schema, keyword);
    if (!dependencies) continue;
    const auto* object = dependencies->if_object();
    if (!object) {
      refuse(keyword, "an object is expected");
      return;
    }
    for (const auto& [key, member] : *object) {
      const NodeId absent = nodes_.any(nodes_.negation(requires_keys({std::string(key)})),
                                       nodes_.negation(nodes_.kinds(only(Kind::Record))));
      if (member.is_array() || member.is_string()) {
        std::vector<std::string> names;
        if (member.is_string()) names.emplace_back(member.get_string());
        for (const json::Value& name : member.is_array() ? member.get_array() : json::Array()) {
          if (!name.is_string()) {
            refuse(keyword, "a list of names is expected");
            return;
          }
          names.emplace_back(name.get_string());
        }
        if (!names.empty()) parts.push_back(nodes_.any(absent, requires_keys(names)));
      } else {
        parts.push_back(nodes_.any(absent, node_at(member, keyword, key)));
      }
      if (error_) return;
    }
  }
}

// What the keywords of this schema, and of those that hold with it in any case, evaluate. False
// when it depends on the value.
bool SchemaCompiler::gather_evaluated(const json::Object& schema, int depth,
                                      std::vector<std::string>& keys, std::vector<TermId>& patterns,
                                      std::size_t& items, bool& all_keys, bool& all_items) {
  if (depth > 32) return false;
  for (const std::string_view keyword :
       {"anyOf", "oneOf", "if", "dependencies", "dependentSchemas", "contains"}) {
    if (find(schema, keyword)) return false;
  }
  if (const auto* properties = find(schema, "properties"); properties && properties->is_object()) {
    for (const auto& [key, member] : properties->get_object()) keys.emplace_back(key);
  }
  if (const auto* names = find(schema, "patternProperties"); names && names->is_object()) {
    for (const auto& [expression, member] : names->get_object()) {
      patterns.push_back(pattern(json::Value(expression), "patternProperties"));
    }
  }
  all_keys |= find(schema, "additionalProperties") != nullptr ||
              (depth > 0 && find(schema, "unevaluatedProperties") != nullptr);
  const auto* prefix = find(schema, from(Draft::D2020) ? "prefixItems" : "items");
  if (prefix && prefix->is_array()) items = std::max(items, prefix->get_array().size());
  const auto* rest = find(
      schema, from(Draft::D2020) || !prefix || !prefix->is_array() ? "items" : "additionalItems");
  all_items |=
      (rest && !rest->is_array()) || (depth > 0 && find(schema, "unevaluatedItems") != nullptr);
  const auto inner = [&](const json::Value& value) {
    return !value.is_object() || gather_evaluated(value.get_object(), depth + 1, keys, patterns,
                                                  items, all_keys, all_items);
  };
  if (const auto* all = find(schema, "allOf"); all && all->is_array()) {
    for (const json::Value& part : all->get_array()) {
      if (!inner(part)) return false;
    }
  }
  if (const auto* reference = find(schema, "$ref"); reference && reference->is_string()) {
    const auto target = resolve(schema, "$ref", reference->get_string());
    if (target.schema && !inner(*target.schema)) return false;
  }
  return !find(schema, "$dynamicRef") && !find(schema, "$recursiveRef");
}

void SchemaCompiler::add_unevaluated(const json::Object& schema, Parts& parts) {
  if (!from(Draft::D2019)) return;
  const auto* properties = find(schema, "unevaluatedProperties");
  const auto* items = find(schema, "unevaluatedItems");
  if (!properties && !items) return;
  std::vector<std::string> keys;
  std::vector<TermId> patterns;
  std::size_t n_items = 0;
  bool all_keys = false, all_items = false;
  if (!gather_evaluated(schema, 0, keys, patterns, n_items, all_keys, all_items)) {
    refuse(properties ? "unevaluatedProperties" : "unevaluatedItems",
           "what is evaluated depends on the value; use 'additionalProperties' or 'items'");
    return;
  }
  if (properties && !all_keys) {
    RecordRule rule;
    for (std::string& key : keys) rule.keys.push_back({std::move(key)});
    std::ranges::sort(rule.keys, {}, &RecordRule::Key::name);
    const auto repeated = std::ranges::unique(rule.keys, {}, &RecordRule::Key::name);
    rule.keys.erase(repeated.begin(), repeated.end());
    for (const TermId names : patterns) rule.patterns.push_back({names, kAlways});
    rule.additional = node_at(*properties, "unevaluatedProperties");
    parts.push_back(nodes_.record(std::move(rule)));
  }
  if (items && !all_items) {
    ListRule rule;
    rule.prefix.assign(n_items, kAlways);
    rule.items = node_at(*items, "unevaluatedItems");
    parts.push_back(nodes_.list(std::move(rule)));
  }
}

}  // namespace inference::grammar
