// Walks the syntax tree once and writes the text. Lives for one render on one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "inference/jinja/ast.h"
#include "inference/jinja/callable.h"
#include "inference/jinja/value.h"

namespace inference::jinja {

// The variables of a loop's or macro's body. Those at the top of the template are in the
// interpreter.
struct Scope {
  const Scope* parent = nullptr;  // null: the top of the template
  std::vector<std::pair<NameId, Value>> variables;

  void set(NameId id, Value value);
};

struct Caps {
  std::size_t steps_max;
  std::size_t output_bytes_max;
};

class Interpreter {
 public:
  Interpreter(const SyntaxTree& tree, Caps caps, base::UnixTime now);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // A variable the template can read.
  void define(std::string_view name, Value value);
  std::string run();

  // --- for filters, methods and global functions ---
  // object.name; `stable_name` must outlive the value.
  Value attribute(const Value& object, const std::string& stable_name);
  Value subscript(const Value& object, const Value& key);
  Value call(const Value& callee, const Arguments& arguments);
  base::UnixTime now() const { return now_; }
  // Counts one unit of time; raises when too many were spent.
  void step();
  // Keeps the namespace until the end of the render, where cycles through it are cut.
  Value make_namespace(Entries members);

 private:
  friend class Macro;
  friend class Loop;
  enum class Flow { Normal, Break, Continue };
  class Depth;

  // Texts written while this lives go into a buffer of their own.
  class Capture {
   public:
    explicit Capture(Interpreter& interpreter);
    ~Capture();
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;
    Value take() { return Value::string(std::move(text_)); }

   private:
    Interpreter& interpreter_;
    std::string text_;
    std::string* outer_;
  };

  // --- statements ---
  Flow execute(const Body& body, Scope* scope);
  Flow execute(const TextStatement& statement, Scope* scope);
  Flow execute(const PrintStatement& statement, Scope* scope);
  Flow execute(const IfStatement& statement, Scope* scope);
  Flow execute(const ForStatement& statement, Scope* scope);
  Flow execute(const SetStatement& statement, Scope* scope);
  Flow execute(const SetBlockStatement& statement, Scope* scope);
  Flow execute(const WithStatement& statement, Scope* scope);
  Flow execute(const MacroStatement& statement, Scope* scope);
  Flow execute(const CallStatement& statement, Scope* scope);
  Flow execute(const FilterStatement& statement, Scope* scope);
  Flow execute(const ScopeStatement& statement, Scope* scope);
  Flow execute(const BreakStatement&, Scope*) { return Flow::Break; }
  Flow execute(const ContinueStatement&, Scope*) { return Flow::Continue; }
  // `depth0` counts the calls of a recursive loop inside itself.
  void run_loop(const ForStatement& statement, const Value& iterable, const Scope* scope,
                std::int64_t depth0);
  Items loop_items(const ForStatement& statement, const Value& iterable, const Scope* scope);
  void assign(const Target& target, const Value& value, Scope* scope);
  Value apply_filters(const Expressions& filters, Value value, const Scope* scope);
  Value make_macro(const MacroDefinition& definition, NameId id, const Scope* scope);
  Value call_macro(class Macro& macro, const Arguments& arguments);
  // The arguments no parameter takes: `varargs`, `kwargs`, `caller` where the body mentions them.
  void set_surplus(const Signature& signature, const Arguments& arguments, Scope& scope);
  void set_special(std::string_view name, Value value, Scope& scope);
  void write(std::string_view text);

  // --- expressions ---
  Value evaluate(const Expression& expression, const Scope* scope);
  Value evaluate(const ConstantNode& node, const Scope*) { return node.value; }
  Value evaluate(const NameNode& node, const Scope* scope);
  Value evaluate(const ListNode& node, const Scope* scope);
  Value evaluate(const TupleNode& node, const Scope* scope);
  Value evaluate(const DictNode& node, const Scope* scope);
  Value evaluate(const AttributeNode& node, const Scope* scope);
  Value evaluate(const SubscriptNode& node, const Scope* scope);
  Value evaluate(const SliceNode& node, const Scope* scope);
  Value evaluate(const CallNode& node, const Scope* scope);
  Value evaluate(const FilterNode& node, const Scope* scope);
  Value evaluate(const TestNode& node, const Scope* scope);
  Value evaluate(const NotNode& node, const Scope* scope);
  Value evaluate(const SignNode& node, const Scope* scope);
  Value evaluate(const AndNode& node, const Scope* scope);
  Value evaluate(const OrNode& node, const Scope* scope);
  Value evaluate(const BinaryNode& node, const Scope* scope);
  Value evaluate(const ConcatNode& node, const Scope* scope);
  Value evaluate(const CompareNode& node, const Scope* scope);
  Value evaluate(const ConditionNode& node, const Scope* scope);
  Items evaluate_all(const Expressions& expressions, const Scope* scope);
  Arguments evaluate(const CallArguments& arguments, const Scope* scope);
  const Value* find(NameId id, const Scope* scope) const;

  const SyntaxTree& tree_;
  const Caps caps_;
  const base::UnixTime now_;
  std::size_t steps_ = 0;
  std::size_t depth_ = 0;
  NameId loop_id_ = -1;     // of the name `loop`; -1 when the template does not mention it
  std::vector<Value> top_;  // by NameId
  std::string text_;
  std::string* out_ = &text_;
  // What could hold itself, directly or not: emptied at the end.
  std::vector<std::shared_ptr<Dict>> namespaces_;
  std::vector<std::shared_ptr<class Macro>> closures_;
};

}  // namespace inference::jinja
