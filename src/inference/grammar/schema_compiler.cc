#include "inference/grammar/schema_compiler.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/limits/grammar.h"
#include "engine/grammar/thread_time.h"
#include "inference/grammar/numbers.h"

namespace inference::grammar {
namespace {

using engine::grammar::kAllKinds;
using engine::grammar::kAlways;
using engine::grammar::Kind;
using engine::grammar::kNever;
using engine::grammar::kNone;
using engine::grammar::only;

constexpr int kWorkPerCheck = 64;  // schemas between two looks at the clock

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

// The texts, when each option is one constant text and nothing else: a oneOf that is an enum. Those
// that are named twice satisfy two options and so are no values.
std::optional<json::Array> distinct_texts(const json::Value& options) {
  static constexpr std::array<std::string_view, 4> kNotes{"title", "description", "$comment",
                                                          "deprecated"};
  if (!options.is_array() || options.get_array().empty()) return std::nullopt;
  std::map<std::string_view, int> counts;
  for (const json::Value& option : options.get_array()) {
    const auto* object = option.if_object();
    const auto* text = object ? json::find(*object, "const") : nullptr;
    if (!text || !text->is_string()) return std::nullopt;
    for (const auto& [key, value] : *object) {
      const bool is_type = key == "type" && value.is_string() && value.get_string() == "string";
      if (key != "const" && !is_type &&
          std::ranges::find(kNotes, std::string_view(key)) == kNotes.end())
        return std::nullopt;
    }
    ++counts[text->get_string()];
  }
  json::Array texts;
  for (const auto& [text, n] : counts) {
    if (n == 1) texts.emplace_back(text);
  }
  return texts;
}

}  // namespace

std::chrono::nanoseconds compile_deadline() {
  return engine::grammar::thread_time() + limits::grammar_compile_time_max;
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
  if (++work_ % kWorkPerCheck == 0 && engine::grammar::thread_time() > deadline_) {
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
  if (depth_ >= limits::schema_depth_max) {
    return refuse({},
                  fmt::format("it is nested more than {} levels deep", limits::schema_depth_max),
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

SchemaNames::Target SchemaCompiler::resolve(const json::Object& from, std::string_view keyword,
                                            std::string_view reference) {
  if (!names_) names_.emplace(root_, !this->from(Draft::D6));
  if (keyword == "$dynamicRef") return names_->find_dynamic(from, reference);
  if (keyword == "$recursiveRef") return names_->find_recursive(from);
  return names_->find(from, reference);
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
    const auto [target, is_ambiguous] = resolve(schema, keyword, reference);
    if (is_ambiguous) {
      refuse(keyword,
             fmt::format("'{}' names more than one part of the schema", reference.substr(0, 100)));
      return;
    }
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
  if (const auto* options = find(schema, "oneOf")) {
    // Before draft 6 there are no constants.
    const auto texts = from(Draft::D6) ? distinct_texts(*options) : std::nullopt;
    parts.push_back(texts ? any_of_values(*texts) : nodes_.exactly_one(nodes(schema, "oneOf")));
  }
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
