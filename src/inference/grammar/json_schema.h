// JSON Schema, drafts 3 to 2020-12, compiled to grammars of the engine. What cannot be enforced is
// refused with an error that names the keyword and its path; it is never ignored.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/json/value.h"
#include "engine/grammar/grammar.h"

namespace inference::grammar {

enum class Whitespace { Compact, Spaced, Flexible };  // none; one space after , and :; any, bounded

struct SchemaOptions {
  bool strict = false;  // the API's subset rules, and unknown formats are errors
  // Strict errors begin "Invalid schema for response_format 'NAME': "; this is `response_format
  // 'NAME'` or `function 'NAME'`.
  std::string subject = {};
  bool schema_order = false;  // properties come in the order in which the schema names them
  Whitespace whitespace = Whitespace::Flexible;
  // Of this thread's CPU time, when several schemas share one budget; zero: a budget of its own.
  std::chrono::nanoseconds deadline = {};
};

// When a compilation that begins now has to be over.
std::chrono::nanoseconds compile_deadline();

engine::grammar::Spacing spacing(Whitespace whitespace);

// Spends at most limits::grammar_compile_time_max and a bounded number of terms and nodes.
Result<std::shared_ptr<const engine::grammar::Grammar>> compile_json_schema(
    const json::Value& schema, const SchemaOptions& options = {});

// Any JSON object: the response format `json_object`.
std::shared_ptr<const engine::grammar::Grammar> any_json_object(
    Whitespace whitespace = Whitespace::Flexible);

// The schema as a node of a grammar under construction, for grammars that have values inside.
Result<engine::grammar::NodeId> add_json_schema(engine::grammar::Tables& tables,
                                                const json::Value& schema,
                                                const SchemaOptions& options = {});

// As add_json_schema, and refuses what no value is found for that satisfies it.
Result<engine::grammar::NodeId> add_satisfiable_schema(engine::grammar::Tables& tables,
                                                       const json::Value& schema,
                                                       const SchemaOptions& options = {});

// Tables for a new grammar, with the syntax of JSON numbers and the budgets of the limits.
std::unique_ptr<engine::grammar::Tables> new_tables();

// What the API refuses in a strict schema beyond what cannot be enforced.
Status check_strict_subset(const json::Value& schema, const std::string& subject);

}  // namespace inference::grammar
