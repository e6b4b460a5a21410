#include "inference/grammar/json_schema.h"

#include <algorithm>

#include "base/limits/grammar.h"
#include "engine/grammar/example.h"
#include "engine/grammar/thread_time.h"
#include "inference/grammar/numbers.h"
#include "inference/grammar/schema_compiler.h"
#include "inference/grammar/unsatisfiable.h"

namespace inference::grammar {
namespace {

using engine::grammar::Grammar;
using engine::grammar::NodeId;
using engine::grammar::Rules;

constexpr std::size_t kExampleAttempts = 10'000;

std::shared_ptr<const Grammar> of_value(std::unique_ptr<engine::grammar::Tables> tables,
                                        NodeId node, Whitespace whitespace) {
  Grammar::Parts parts{
      .tables = std::move(tables), .rules = {}, .start = 0, .spacing = spacing(whitespace)};
  parts.start = parts.rules.add_rule();
  parts.rules.add_edge(parts.rules.start(parts.start),
                       {Rules::Read::Value, node, parts.rules.end(parts.start)});
  parts.rules.close(parts.start);
  return std::make_shared<Grammar>(std::move(parts));
}

// Schemas that share a budget share that of the proofs as well.
std::chrono::nanoseconds proof_time_left(std::chrono::nanoseconds deadline) {
  constexpr std::chrono::nanoseconds all = limits::grammar_proof_time_max;
  if (deadline.count() == 0) return all;
  return std::min(all, deadline + all - engine::grammar::thread_time());
}

}  // namespace

engine::grammar::Spacing spacing(Whitespace whitespace) {
  switch (whitespace) {
    case Whitespace::Compact: return engine::grammar::kCompact;
    case Whitespace::Spaced: return engine::grammar::kSpaced;
    case Whitespace::Flexible: return engine::grammar::kFlexible;
  }
  return engine::grammar::kCompact;
}

std::unique_ptr<engine::grammar::Tables> new_tables() {
  auto tables = std::make_unique<engine::grammar::Tables>(limits::grammar_terms_max,
                                                          limits::grammar_nodes_max);
  tables->shapes.set_number_syntax(number_syntax(tables->terms));
  return tables;
}

Result<NodeId> add_json_schema(engine::grammar::Tables& tables, const json::Value& schema,
                               const SchemaOptions& options) {
  if (options.strict) {
    if (auto allowed = check_strict_subset(schema, options.subject); !allowed) {
      return fail(std::move(allowed.error()));
    }
  }
  return SchemaCompiler(tables, schema, options).compile();
}

Result<NodeId> add_satisfiable_schema(engine::grammar::Tables& tables, const json::Value& schema,
                                      const SchemaOptions& options) {
  const auto first = static_cast<NodeId>(tables.nodes.size());
  auto node = add_json_schema(tables, schema, options);
  if (!node) return node;
  if (options.deadline.count() != 0 && engine::grammar::thread_time() > options.deadline)
    return fail(ErrorCode::TooLarge, "Invalid schema: compiling it takes too long.");
  const auto example = engine::grammar::find_example(tables, *node, kExampleAttempts,
                                                     proof_time_left(options.deadline));
  if (tables.terms.exhausted() || tables.nodes.exhausted() || tables.shapes.exhausted()) {
    return fail(ErrorCode::TooLarge,
                "Invalid schema: 'schema' at #: it is too large or too complex to enforce.", "#");
  }
  if (example.text) return node;
  const bool is_needed = tables.nodes.has_dead_ends(first) || tables.languages.any_uncertain();
  if (example.is_certain || is_needed)
    return fail(unsatisfiable(schema, options, example.is_certain));
  return node;
}

Result<std::shared_ptr<const Grammar>> compile_json_schema(const json::Value& schema,
                                                           const SchemaOptions& options) {
  auto tables = new_tables();
  auto node = add_json_schema(*tables, schema, options);
  if (!node) return fail(std::move(node.error()));
  return of_value(std::move(tables), *node, options.whitespace);
}

std::shared_ptr<const Grammar> any_json_object(Whitespace whitespace) {
  auto tables = new_tables();
  const NodeId node = tables->nodes.kinds(only(engine::grammar::Kind::Record));
  return of_value(std::move(tables), node, whitespace);
}

}  // namespace inference::grammar
