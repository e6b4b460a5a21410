#include "inference/grammar/unsatisfiable.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/limits/grammar.h"
#include "engine/grammar/example.h"
#include "engine/grammar/thread_time.h"
#include "inference/grammar/schema_compiler.h"

namespace inference::grammar {
namespace {

constexpr std::size_t kAttempts = 2'000;
constexpr int kDepthMax = 24;

// Keywords that no value depends on by themselves, and those that others read.
constexpr std::string_view kHarmless[] = {"$schema", "$defs",   "definitions", "title",   "id",
                                          "$id",     "default", "description", "examples"};

class Blame {
 public:
  Blame(const json::Value& root, const SchemaOptions& options) : root_(root), options_(options) {
    options_.strict = false;
    options_.deadline = end_;
  }

  std::string path() const { return path_; }

  // The keyword, at `path`; empty when no single one is to blame.
  std::string find(const json::Value& schema) {
    const json::Value* at = &schema;
    for (int depth = 0; depth < kDepthMax; ++depth) {
      const json::Value* inner = needed_without_value(*at);
      if (!inner) break;
      at = inner;
    }
    return at->is_object() ? keyword(at->get_object()) : std::string();
  }

 private:
  bool has_value(const json::Value& part) {
    const auto left = end_ - engine::grammar::thread_time();
    if (left.count() <= 0) return true;
    auto tables = new_tables();
    const auto node = SchemaCompiler(*tables, root_, options_).compile(part);
    return !node || engine::grammar::find_example(*tables, *node, kAttempts, left).text.has_value();
  }

  const json::Value* blamed(const json::Value& part, std::string step) {
    if (has_value(part)) return nullptr;
    path_ += step;
    return &part;
  }

  // A part that every value of the schema has, or satisfies.
  const json::Value* needed_without_value(const json::Value& schema) {
    const auto* object = schema.if_object();
    if (!object) return nullptr;
    const auto* properties = json::find(*object, "properties");
    const auto* required = json::find(*object, "required");
    if (properties && required && required->is_array()) {
      for (const json::Value& name : required->get_array()) {
        const auto* part = name.is_string() ? json::find(*properties, name.get_string()) : nullptr;
        if (!part) continue;
        const auto step = fmt::format("/properties/{}", std::string_view(name.get_string()));
        if (const auto* found = blamed(*part, step)) return found;
      }
    }
    if (const auto* all = json::find(*object, "allOf"); all && all->is_array()) {
      for (std::size_t i = 0; i < all->get_array().size(); ++i) {
        const auto step = fmt::format("/allOf/{}", i);
        if (const auto* found = blamed(all->get_array()[i], step)) return found;
      }
    }
    const auto* items = json::find(*object, "items");
    const auto* least = json::find(*object, "minItems");
    if (items && items->is_object() && least && least->is_int64() && least->get_int64() > 0)
      return blamed(*items, "/items");
    return nullptr;
  }

  // Without its type almost any schema has a value, so that is asked last.
  std::string keyword(const json::Object& schema) {
    for (const auto& [key, value] : schema) {
      if (key == "type" ||
          std::ranges::find(kHarmless, std::string_view(key)) != std::end(kHarmless))
        continue;
      if (is_to_blame(schema, key)) return std::string(key);
    }
    return schema.contains("type") && is_to_blame(schema, "type") ? "type" : std::string();
  }

  bool is_to_blame(const json::Object& schema, std::string_view keyword) {
    json::Object without = schema;
    without.erase(keyword);
    return has_value(json::Value(std::move(without)));
  }

  const json::Value& root_;
  SchemaOptions options_;
  std::string path_ = "#";
  // Of this thread's CPU time.
  const std::chrono::nanoseconds end_ =
      engine::grammar::thread_time() + limits::grammar_blame_time_max;
};

}  // namespace

Error unsatisfiable(const json::Value& schema, const SchemaOptions& options, bool is_certain) {
  Blame blame(schema, options);
  const std::string keyword = blame.find(schema);
  const std::string_view why = is_certain
                                   ? "no value can satisfy it together with what is beside it"
                                   : "no value was found that satisfies it together with "
                                     "what is beside it";
  const std::string path = keyword.empty() ? blame.path() : blame.path() + "/" + keyword;
  return {ErrorCode::InvalidRequest,
          fmt::format("Invalid schema: '{}' at {}: {}.", keyword.empty() ? "schema" : keyword, path,
                      why),
          path};
}

}  // namespace inference::grammar
