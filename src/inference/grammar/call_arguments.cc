#include "inference/grammar/call_arguments.h"

#include <algorithm>

#include <boost/algorithm/string/replace.hpp>
#include <fmt/format.h>

#include "inference/chat_template/messages.h"
#include "inference/grammar/plain_string.h"

namespace inference::grammar {
namespace {

using output::CallForm;

std::string subject_of(const Tool& tool) {
  return fmt::format("function '{}'", tool.name);
}

ErrorPaths paths_of(const Tool& tool, std::string_view below = {}) {
  const std::string base = tool.path.empty() ? "tools" : tool.path + ".parameters";
  return {.schema = base + std::string(below),
          .strict = base,
          .strict_code = "invalid_function_parameters"};
}

// Schemas without a type describe the arguments, which are an object; no schema means none.
json::Object object_schema(const Tool& tool) {
  if (tool.kind == Tool::Kind::Custom) {
    return {{"type", "object"},
            {"properties", {{custom_tool_parameter, {{"type", "string"}}}}},
            {"required", json::Array{custom_tool_parameter}},
            {"additionalProperties", false}};
  }
  const auto* given = tool.parameters.if_object();
  if (!given)
    return {{"type", "object"}, {"properties", json::Object()}, {"additionalProperties", false}};
  json::Object schema = *given;
  if (!schema.contains("type")) schema["type"] = "object";
  return schema;
}

Part json_object(const Tool& tool, bool is_free) {
  if (tool.kind == Tool::Kind::Custom && !tool.format.empty()) {
    const std::string param = tool.path.empty() ? "tools" : tool.path + ".format";
    return {Sequence{{{Text{fmt::format("{{\"{}\": \"", custom_tool_parameter)}},
                      {GrammarText{tool.format[0], /*quoted=*/true, param}},
                      {Text{"\"}"}}}}};
  }
  if (is_free) return {JsonValue{.schema = json::Object{{"type", "object"}}}};
  return {JsonValue{.schema = object_schema(tool),
                    .strict = tool.strict,
                    .schema_order = tool.strict,
                    .subject = subject_of(tool),
                    .paths = paths_of(tool)}};
}

struct Parameter {
  std::string name;
  json::Value schema;
  bool is_required = false;
};

// The declared parameters in order, each with the definitions that it may refer to.
std::vector<Parameter> parameters_of(const json::Object& schema) {
  std::vector<Parameter> parameters;
  const auto* properties = json::find(schema, "properties");
  if (!properties || !properties->is_object()) return parameters;
  const auto* required = json::find(schema, "required");
  for (const auto& [name, given] : properties->get_object()) {
    Parameter parameter{.name = std::string(name), .schema = given};
    if (auto* object = parameter.schema.if_object(); object && !is_plain_string(given)) {
      for (const std::string_view definitions : {"$defs", "definitions", "$schema"}) {
        const auto* all = json::find(schema, definitions);
        if (all && !object->contains(definitions)) (*object)[definitions] = *all;
      }
    }
    parameter.is_required =
        required && required->is_array() &&
        std::ranges::find(required->get_array(), json::Value(name)) != required->get_array().end();
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

JsonValue parameter_value(const Tool& tool, const Parameter& parameter) {
  // The rules of strict schemas are about the whole, which is checked as such.
  return {.schema = parameter.schema,
          .schema_order = tool.strict,
          .subject = subject_of(tool),
          .paths = paths_of(tool, ".properties." + parameter.name)};
}

Part optional_unless(bool is_required, Part part) {
  if (is_required) return part;
  return {Repeat{.part = {std::move(part)}, .count_min = 0, .count_max = 1, .separator = {}}};
}

// A tag per parameter.
class TagWriter {
 public:
  TagWriter(const Tool& tool, const output::ToolSyntax& syntax) : tool_(tool), syntax_(syntax) {}

  Part write(bool is_free) const {
    const json::Object schema = object_schema(tool_);
    const auto parameters = parameters_of(schema);
    if (tool_.kind == Tool::Kind::Custom) return custom();
    const auto* additional = json::find(schema, "additionalProperties");
    const bool is_closed = additional && additional->is_bool() && !additional->get_bool();
    if (is_free || (parameters.empty() && !is_closed)) return any_number();
    std::vector<Part> parts;
    for (const Parameter& parameter : parameters)
      parts.push_back(optional_unless(parameter.is_required, one(parameter)));
    return {Sequence{std::move(parts)}};
  }

 private:
  std::string stop(std::string_view name) const {
    return boost::algorithm::replace_all_copy(std::string(syntax_.tags.value_end), "%", name);
  }
  // Some families close with the parameter's name.
  std::string after(std::string_view name) const {
    const std::string text(syntax_.frame.parameter_after);
    return text.empty() ? stop(name) + "\n" : text;
  }

  std::string between(bool is_string) const {
    std::string text(syntax_.frame.parameter_between);
    if (is_string) return text;
    boost::algorithm::replace_all(text, "string=\"true\"", "string=\"false\"");
    boost::algorithm::replace_all(text, "type=\"string\"", "type=\"object\"");
    return text;
  }

  Part one(const Parameter& parameter) const {
    const bool is_string = is_plain_string(parameter.schema);
    const std::string header =
        std::string(syntax_.frame.parameter_before) + parameter.name + between(is_string);
    if (is_string) {
      return {Sequence{{{Text{header}},
                        {PlainString{.schema = parameter.schema,
                                     .stop = stop(parameter.name),
                                     .then = after(parameter.name),
                                     .paths = paths_of(tool_, ".properties." + parameter.name)}}}}};
    }
    return {Sequence{
        {{Text{header}}, {parameter_value(tool_, parameter)}, {Text{after(parameter.name)}}}}};
  }

  Part custom() const {
    const std::string name(custom_tool_parameter);
    const std::string header = std::string(syntax_.frame.parameter_before) + name + between(true);
    if (tool_.format.empty()) {
      return {Sequence{{{Text{header}}, {FreeText{.stops = {stop(name)}, .then = after(name)}}}}};
    }
    const std::string param = tool_.path.empty() ? "tools" : tool_.path + ".format";
    return {Sequence{
        {{Text{header}}, {GrammarText{tool_.format[0], false, param}}, {Text{after(name)}}}}};
  }

  // Of any names; the end of such a value must not depend on the name.
  Part any_number() const {
    if (syntax_.tags.value_end.find('%') != std::string_view::npos) return {Sequence{}};
    Part any{Sequence{{{Text{std::string(syntax_.frame.parameter_before)}},
                       {Pattern{"[A-Za-z_][A-Za-z0-9_-]{0,63}"}},
                       {Text{between(true)}},
                       {FreeText{.stops = {stop({})}, .then = after({})}}}}};
    return {Repeat{.part = {std::move(any)}, .separator = {}}};
  }

  const Tool& tool_;
  const output::ToolSyntax& syntax_;
};

// key=value, key=value. What is required comes first: the commas are then no question.
Part python_arguments(const Tool& tool, bool is_free) {
  if (tool.kind == Tool::Kind::Custom) {
    const std::string param = tool.path.empty() ? "tools" : tool.path + ".format";
    const std::string header = fmt::format("{}=", custom_tool_parameter);
    if (tool.format.empty())
      return {Sequence{{{Text{header}}, {JsonValue{.schema = json::Object{{"type", "string"}}}}}}};
    return {Sequence{{{Text{header + "\""}},
                      {GrammarText{tool.format[0], /*quoted=*/true, param}},
                      {Text{"\""}}}}};
  }
  auto parameters = parameters_of(object_schema(tool));
  if (is_free) {
    for (Parameter& parameter : parameters) parameter.schema = true;
  }
  std::ranges::stable_partition(parameters, &Parameter::is_required);
  const auto one = [&](const Parameter& parameter) {
    return Part{Sequence{{{Text{parameter.name + "="}}, {parameter_value(tool, parameter)}}}};
  };
  std::vector<Part> parts, options;
  std::size_t first = 0;
  for (; first < parameters.size() && parameters[first].is_required; ++first) {
    if (first > 0) parts.push_back({Text{", "}});
    parts.push_back(one(parameters[first]));
  }
  // Whichever optional one comes first, then any of those behind it.
  const auto further = [&](std::size_t from) {
    std::vector<Part> rest;
    for (std::size_t i = from; i < parameters.size(); ++i)
      rest.push_back(optional_unless(false, {Sequence{{{Text{", "}}, one(parameters[i])}}}));
    return Part{Sequence{std::move(rest)}};
  };
  if (first > 0) {
    parts.push_back(further(first));
    return {Sequence{std::move(parts)}};
  }
  options.push_back({Sequence{}});
  for (std::size_t i = 0; i < parameters.size(); ++i)
    options.push_back({Sequence{{one(parameters[i]), further(i + 1)}}});
  return {Choice{std::move(options)}};
}

}  // namespace

Status check_parameters(const Tool& tool) {
  if (tool.kind == Tool::Kind::Custom || tool.parameters.is_null()) return {};
  const auto* object = tool.parameters.if_object();
  const auto* type = object ? json::find(*object, "type") : nullptr;
  const std::string param = paths_of(tool).schema;
  if (object && !object->empty() && type && type->is_string() && type->get_string() != "object") {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("Invalid schema for {}: schema must be a JSON Schema of 'type: "
                            "\"object\"', got 'type: {}'.",
                            subject_of(tool), json::dump(*type)),
                param, "invalid_function_parameters");
  }
  if (!tool.strict) return {};
  auto strict = check_strict_subset(object_schema(tool), subject_of(tool));
  if (strict) return {};
  strict.error().param = param;
  strict.error().reason = "invalid_function_parameters";
  return strict;
}

Part call_arguments(const Tool& tool, const output::ToolSyntax& syntax, bool is_free) {
  switch (syntax.form) {
    case CallForm::Tags: return TagWriter(tool, syntax).write(is_free);
    case CallForm::Python: return python_arguments(tool, is_free);
    default: return json_object(tool, is_free);
  }
}

}  // namespace inference::grammar
