#include "inference/grammar/schema_compiler.h"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "base/limits/grammar.h"
#include "inference/grammar/numbers.h"

namespace inference::grammar {
namespace {

using engine::grammar::kAllKinds;
using engine::grammar::kAlways;
using engine::grammar::Kind;
using engine::grammar::kNever;
using engine::grammar::kNone;
using engine::grammar::only;

constexpr int kSchemaDepthMax = 400;  // of keywords within keywords, references included
constexpr int kWorkPerCheck = 64;     // schemas between two looks at the clock

std::chrono::nanoseconds cpu_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// A step of a JSON pointer.
std::string escaped(std::string_view step) {
  std::string out;
  for (const char c : step) {
    if (c == '~') out += "~0";
    if (c == '/') out += "~1";
    if (c != '~' && c != '/') out += c;
  }
  return out;
}

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

}  // namespace

std::chrono::nanoseconds compile_deadline() {
  return cpu_time() + limits::grammar_compile_time_max;
}

Draft draft_of(const json::Value& schema) {
  const auto* object = schema.if_object();
  const std::string_view uri = object ? json::string_or(*object, "$schema") : std::string_view();
  if (uri.find("draft-03") != uri.npos) return Draft::D3;
  if (uri.find("draft-04") != uri.npos) return Draft::D4;
  if (uri.find("draft-06") != uri.npos) return Draft::D6;
  if (uri.find("draft-07") != uri.npos) return Draft::D7;
  if (uri.find("2019-09") != uri.npos) return Draft::D2019;
  return Draft::D2020;
}

// Names a keyword, and perhaps a name or index below it, as long as it lives.
class SchemaCompiler::Step {
 public:
  Step(SchemaCompiler& compiler, std::string_view keyword, std::string_view name = {})
      : compiler_(compiler), n_(name.data() ? 2 : 1) {
    compiler.path_.push_back(keyword);
    if (name.data()) compiler.path_.push_back(name);
  }
  ~Step() { compiler_.path_.resize(compiler_.path_.size() - n_); }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

 private:
  SchemaCompiler& compiler_;
  std::size_t n_;
};

SchemaCompiler::SchemaCompiler(engine::grammar::Tables& tables, const json::Value& root,
                               const SchemaOptions& options)
    : tables_(tables),
      terms_(tables.terms),
      nodes_(tables.nodes),
      root_(root),
      options_(options),
      draft_(draft_of(root)),
      integer_(nodes_.number(integer_spelling(terms_))),
      deadline_(options.deadline.count() != 0 ? options.deadline : compile_deadline()) {}

Result<engine::grammar::NodeId> SchemaCompiler::compile(const json::Value& part) {
  const NodeId result = node(part);
  if (error_) return fail(*error_);
  if (nodes_.exhausted() || terms_.exhausted()) {
    return fail(ErrorCode::TooLarge, "Invalid schema: it is too large or too complex to enforce.");
  }
  if (!nodes_.well_founded()) {
    return fail(ErrorCode::InvalidRequest,
                "Invalid schema: a '$ref' refers to itself without a property or item in between, "
                "or through too many others.",
                "$ref");
  }
  return result;
}

std::string SchemaCompiler::path(std::string_view keyword) const {
  std::string text = "#";
  for (const std::string_view step : path_) text += "/" + escaped(step.substr(0, 100));
  if (!keyword.empty()) text += "/" + escaped(keyword.substr(0, 100));
  return text;
}

SchemaCompiler::NodeId SchemaCompiler::refuse(std::string_view keyword, std::string_view why,
                                              ErrorCode code) {
  if (!error_) {
    error_ = Error{code,
                   fmt::format("Invalid schema: '{}' at {}: {}.",
                               keyword.empty() ? "schema" : keyword, path(keyword), why),
                   path(keyword)};
  }
  return kNever;
}

bool SchemaCompiler::spent() {
  if (error_) return true;
  if (++work_ % kWorkPerCheck == 0 && cpu_time() > deadline_) {
    refuse({}, "compiling it takes too long", ErrorCode::TooLarge);
  }
  if (nodes_.exhausted() || terms_.exhausted()) {
    refuse({}, "it is too large or too complex to enforce", ErrorCode::TooLarge);
  }
  return error_.has_value();
}

const json::Value* SchemaCompiler::find(const json::Object& schema,
                                        std::string_view keyword) const {
  return json::find(schema, keyword);
}

SchemaCompiler::NodeId SchemaCompiler::node_at(const json::Value& schema, std::string_view keyword,
                                               std::string_view name) {
  const Step step(*this, keyword, name);
  return node(schema);
}

SchemaCompiler::NodeId SchemaCompiler::node(const json::Value& schema) {
  if (spent()) return kNever;
  if (schema.is_bool()) return schema.get_bool() ? kAlways : kNever;
  if (!schema.is_object()) return refuse({}, "a schema is an object or a boolean");
  if (const auto found = done_.find(&schema); found != done_.end()) return found->second;
  if (const auto open = holes_.find(&schema); open != holes_.end()) {
    if (open->second == kNone) open->second = nodes_.hole();
    return open->second;
  }
  if (depth_ >= kSchemaDepthMax) {
    return refuse({}, fmt::format("it is nested more than {} levels deep", kSchemaDepthMax),
                  ErrorCode::TooLarge);
  }
  ++depth_;
  holes_.emplace(&schema, kNone);
  const NodeId result = keywords(schema.get_object());
  const NodeId hole = holes_.at(&schema);
  if (hole != kNone) nodes_.fill(hole, result);
  holes_.erase(&schema);
  --depth_;
  done_.emplace(&schema, result);
  return result;
}

SchemaCompiler::NodeId SchemaCompiler::keywords(const json::Object& schema) {
  Parts parts;
  if (find(schema, "$ref") && !from(Draft::D2019)) {  // hides everything beside it
    add_reference(schema, parts);
    return nodes_.all(parts);
  }
  add_type(schema, parts);
  add_enumeration(schema, parts);
  add_text(schema, parts);
  add_number(schema, parts);
  add_record(schema, parts);
  add_list(schema, parts);
  add_reference(schema, parts);
  add_combinations(schema, parts);
  add_dependencies(schema, parts);
  add_unevaluated(schema, parts);
  if (draft_ == Draft::D3) add_draft3(schema, parts);
  return nodes_.all(parts);
}

SchemaCompiler::Parts SchemaCompiler::nodes(const json::Object& schema, std::string_view keyword) {
  Parts result;
  const json::Value* value = find(schema, keyword);
  if (!value) return result;
  const auto* array = value->if_array();
  if (!array || array->empty()) {
    refuse(keyword, "a list of schemas is expected");
    return result;
  }
  for (std::size_t i = 0; i < array->size() && !error_; ++i) {
    const std::string index = std::to_string(i);
    result.push_back(node_at((*array)[i], keyword, index));
  }
  return result;
}

void SchemaCompiler::index_names(const json::Value& value, int depth) {
  if (depth > kSchemaDepthMax) return;
  if (const auto* object = value.if_object()) {
    for (const auto& [key, member] : *object) {
      if (member.is_string()) {
        const std::string text(member.get_string());
        if (key == "$anchor" || key == "$dynamicAnchor") names_.emplace("#" + text, &value);
        if (key == "$id" || key == "id") names_.emplace(text, &value);
      }
      if (key != "enum" && key != "const") index_names(member, depth + 1);
    }
  } else if (const auto* array = value.if_array()) {
    for (const json::Value& element : *array) index_names(element, depth + 1);
  }
}

const json::Value* SchemaCompiler::resolve(std::string_view reference) {
  if (reference == "#" || reference.empty()) return &root_;
  if (reference.starts_with("#/")) {
    if (const auto* found = follow_pointer(root_, reference.substr(1))) return found;
  }
  if (!names_indexed_) {
    names_indexed_ = true;
    index_names(root_, 0);
  }
  if (const auto found = names_.find(reference); found != names_.end()) return found->second;
  const std::size_t hash = std::min(reference.find('#'), reference.size());
  const std::string_view document = reference.substr(0, hash), fragment = reference.substr(hash);
  // The document part: an $id as written, or the last part of one that this one is relative to.
  const json::Value* base = nullptr;
  for (const auto& [name, schema] : names_) {
    if (name.starts_with('#')) continue;
    const std::string_view id = std::string_view(name).substr(0, name.find('#'));
    if (id.empty() || document.empty()) continue;
    if (id == document ||
        (document.find(':') == document.npos && id.ends_with("/" + std::string(document)))) {
      base = schema;
    }
  }
  if (document.empty()) base = &root_;
  if (!base || fragment.size() <= 1) return base;
  if (fragment.starts_with("#/")) return follow_pointer(*base, fragment.substr(1));
  const auto found = names_.find(fragment);
  return found == names_.end() ? nullptr : found->second;
}

void SchemaCompiler::add_reference(const json::Object& schema, Parts& parts) {
  for (const std::string_view keyword : {"$ref", "$dynamicRef", "$recursiveRef"}) {
    const json::Value* value = find(schema, keyword);
    if (!value || (keyword != "$ref" && !from(Draft::D2019))) continue;
    if (!value->is_string()) {
      refuse(keyword, "a text is expected");
      return;
    }
    const std::string_view reference = value->get_string();
    const json::Value* target = resolve(reference);
    if (!target) {
      const bool local = reference.starts_with('#');
      refuse(keyword,
             local ? fmt::format("'{}' was not found in the schema", reference.substr(0, 100))
                   : fmt::format("'{}' is another document; those are not fetched",
                                 reference.substr(0, 100)));
      return;
    }
    const Step step(*this, keyword);
    parts.push_back(node(*target));
  }
}

void SchemaCompiler::add_combinations(const json::Object& schema, Parts& parts) {
  if (!from(Draft::D4)) return;
  if (find(schema, "allOf")) parts.push_back(nodes_.all(nodes(schema, "allOf")));
  if (find(schema, "anyOf")) parts.push_back(nodes_.any(nodes(schema, "anyOf")));
  if (find(schema, "oneOf")) parts.push_back(nodes_.exactly_one(nodes(schema, "oneOf")));
  if (const auto* inner = find(schema, "not")) {
    parts.push_back(nodes_.negation(node_at(*inner, "not")));
  }
  const auto* condition = find(schema, "if");
  if (!condition || !from(Draft::D7)) return;
  const auto* then_schema = find(schema, "then");
  const auto* else_schema = find(schema, "else");
  if (!then_schema && !else_schema) return;
  const NodeId holds = node_at(*condition, "if");
  const NodeId fails = nodes_.negation(holds);
  if (then_schema) parts.push_back(nodes_.any(fails, node_at(*then_schema, "then")));
  if (else_schema) parts.push_back(nodes_.any(holds, node_at(*else_schema, "else")));
}

SchemaCompiler::NodeId SchemaCompiler::type_node(std::string_view type) {
  if (type == "null") return nodes_.kinds(only(Kind::Null));
  if (type == "boolean") return nodes_.kinds(only(Kind::False) | only(Kind::True));
  if (type == "string") return nodes_.kinds(only(Kind::Text));
  if (type == "number") return nodes_.kinds(only(Kind::Number));
  if (type == "object") return nodes_.kinds(only(Kind::Record));
  if (type == "array") return nodes_.kinds(only(Kind::List));
  if (type == "any" && draft_ == Draft::D3) return kAlways;
  return refuse("type", fmt::format("'{}' is not a type", type.substr(0, 100)));
}

void SchemaCompiler::add_type(const json::Object& schema, Parts& parts) {
  const auto* type = find(schema, "type");
  if (!type) return;
  Parts options;
  bool integer = false, number = false;
  const auto add = [&](const json::Value& one) {
    if (one.is_string()) {
      const std::string_view name = one.get_string();
      number |= name == "number" || name == "any";
      if (name == "integer") {
        integer = true;
      } else {
        options.push_back(type_node(name));
      }
    } else if (draft_ == Draft::D3) {
      options.push_back(node_at(one, "type"));
    } else {
      refuse("type", "a type or a list of types is expected");
    }
  };
  if (const auto* array = type->if_array()) {
    for (const json::Value& one : *array) add(one);
  } else {
    add(*type);
  }
  if (!integer) return parts.push_back(nodes_.any(options));
  // Other kinds as they are, numbers only when spelt without a fraction.
  options.push_back(nodes_.kinds(only(Kind::Number)));
  parts.push_back(nodes_.any(options));
  if (!number) parts.push_back(integer_);
}

void SchemaCompiler::add_draft3(const json::Object& schema, Parts& parts) {
  if (const auto* extends = find(schema, "extends")) {
    if (extends->is_array()) {
      parts.push_back(nodes_.all(nodes(schema, "extends")));
    } else {
      parts.push_back(node_at(*extends, "extends"));
    }
  }
  if (const auto* disallow = find(schema, "disallow")) {
    json::Object types;
    types["type"] = *disallow;
    Parts inner;
    add_type(types, inner);
    parts.push_back(nodes_.negation(nodes_.all(inner)));
  }
}

}  // namespace inference::grammar
