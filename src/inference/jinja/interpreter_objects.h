// The callable objects that belong to a running template: macros and the `loop` variable.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "inference/jinja/interpreter.h"

namespace inference::jinja {

class Macro final : public Callable, public std::enable_shared_from_this<Macro> {
 public:
  Macro(const MacroDefinition& definition_in, NameId id_in)
      : definition(definition_in), id(id_in), charge_(sizeof(Macro)) {}

  Value call(Interpreter& interpreter, const Arguments& arguments) override;
  std::optional<Value> attribute(std::string_view name) override;
  std::string describe() const override;

  const MacroDefinition& definition;  // owned by the syntax tree
  const NameId id;                    // its own name; -1 for the block of a {% call %}
  bool is_inner = false;              // defined in a scope, not at the top of the template
  // What the scopes around the definition held; the top of the template is not copied.
  std::vector<std::pair<NameId, Value>> captured;

 private:
  Charge charge_;
};

// The `loop` variable of one run of a loop.
class Loop final : public Callable, public std::enable_shared_from_this<Loop> {
 public:
  Loop(const ForStatement& statement, std::span<const Value> items, const Scope* scope,
       std::int64_t depth0)
      : statement_(statement), items_(items), scope_(scope), depth0_(depth0) {}

  void move_to(std::size_t index) { index_ = index; }
  // The loop is over: what it refers to goes away.
  void end();

  // loop(items): a recursive loop runs again on these.
  Value call(Interpreter& interpreter, const Arguments& arguments) override;
  std::optional<Value> attribute(std::string_view name) override;
  std::optional<std::int64_t> size() const override {
    return static_cast<std::int64_t>(items_.size());
  }
  std::string describe() const override;
  bool changed(const Items& values);

 private:
  const ForStatement& statement_;
  std::span<const Value> items_;
  const Scope* scope_;
  std::int64_t depth0_;
  std::size_t index_ = 0;
  bool is_running_ = true;
  std::optional<Items> last_changed_;
};

}  // namespace inference::jinja
