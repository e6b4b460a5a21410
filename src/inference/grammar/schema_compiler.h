// The compiler behind json_schema.h: one method per group of keywords.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "inference/grammar/json_schema.h"
#include "inference/grammar/schema_names.h"

namespace inference::grammar {

enum class Draft { D3, D4, D6, D7, D2019, D2020 };
Draft draft_of(const json::Value& schema);

// Used once. Errors are kept: after the first one, nodes mean nothing.
class SchemaCompiler {
 public:
  SchemaCompiler(engine::grammar::Tables& tables, const json::Value& root,
                 const SchemaOptions& options);
  Result<engine::grammar::NodeId> compile() { return compile(root_); }
  // A part alone, which may refer to the rest.
  Result<engine::grammar::NodeId> compile(const json::Value& part);

 private:
  using NodeId = engine::grammar::NodeId;
  using TermId = engine::grammar::TermId;
  using Parts = std::vector<NodeId>;

  // Where in the schema the compiler is; the names live as long as the schema.
  class Step;

  NodeId node(const json::Value& schema);
  NodeId node_at(const json::Value& schema, std::string_view keyword, std::string_view name = {});
  NodeId keywords(const json::Object& schema);
  Parts nodes(const json::Object& schema, std::string_view keyword);

  // schema_compiler.cc
  void add_reference(const json::Object& schema, Parts& parts);
  SchemaNames::Target resolve(const json::Object& from, std::string_view keyword,
                              std::string_view reference);
  void add_combinations(const json::Object& schema, Parts& parts);
  void add_type(const json::Object& schema, Parts& parts);
  NodeId type_node(std::string_view type);
  void add_draft3(const json::Object& schema, Parts& parts);

  // schema_scalars.cc
  void add_text(const json::Object& schema, Parts& parts);
  void add_number(const json::Object& schema, Parts& parts);
  void add_bound(const json::Object& schema, std::string_view keyword, Parts& parts);
  void add_enumeration(const json::Object& schema, Parts& parts);
  NodeId any_of_values(const json::Array& values);
  NodeId constant(const json::Value& value, int depth);
  TermId pattern(const json::Value& pattern, std::string_view keyword);
  std::optional<TermId> format(std::string_view name);
  TermId common_email();

  // schema_containers.cc
  void add_record(const json::Object& schema, Parts& parts);
  bool add_keys(const json::Object& schema, engine::grammar::RecordRule& rule);
  void add_required(const json::Object& schema, engine::grammar::RecordRule& rule);
  void add_list(const json::Object& schema, Parts& parts);
  void add_dependencies(const json::Object& schema, Parts& parts);
  NodeId requires_keys(const std::vector<std::string>& names);
  void add_unevaluated(const json::Object& schema, Parts& parts);
  bool gather_evaluated(const json::Object& schema, int depth, std::vector<std::string>& keys,
                        std::vector<TermId>& patterns, std::size_t& items, bool& all_keys,
                        bool& all_items);

  bool count(const json::Object& schema, std::string_view keyword, std::uint32_t& out);
  const json::Value* find(const json::Object& schema, std::string_view keyword) const;
  bool from(Draft draft) const { return draft_ >= draft; }
  NodeId refuse(std::string_view keyword, std::string_view why,
                ErrorCode code = ErrorCode::InvalidRequest);
  std::string path(std::string_view keyword) const;
  bool spent();

  engine::grammar::Tables& tables_;
  engine::grammar::Terms& terms_;
  engine::grammar::Nodes& nodes_;
  const json::Value& root_;
  const SchemaOptions& options_;
  Draft draft_;
  std::vector<std::string_view> path_;
  std::optional<Error> error_;
  std::unordered_map<const json::Value*, NodeId> done_;
  std::unordered_map<const json::Value*, NodeId> holes_;  // of schemas that are being compiled
  std::optional<SchemaNames> names_;                      // once a reference was met
  std::unordered_map<std::string, TermId> patterns_;
  NodeId integer_;  // numbers without a fraction
  int depth_ = 0;
  int work_ = 0;
  std::chrono::nanoseconds deadline_;  // of this thread's CPU time
};

}  // namespace inference::grammar
