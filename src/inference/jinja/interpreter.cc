// Expressions. Statements are in interpreter_statements.cc.
#include "inference/jinja/interpreter.h"

#include "base/limits/chat_template.h"
#include "inference/jinja/interpreter_objects.h"
#include "inference/jinja/operators.h"
#include "inference/jinja/python_text.h"

namespace inference::jinja {

// Evaluation follows the tree with the machine's stack, which must not run out.
class Interpreter::Depth {
 public:
  explicit Depth(Interpreter& interpreter) : interpreter_(interpreter) {
    if (interpreter.depth_ >= limits::template_depth_max) {
      throw Failure{ErrorCode::ResourceExhausted, "the template recurses too deeply"};
    }
    ++interpreter.depth_;
  }
  ~Depth() { --interpreter_.depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;

 private:
  Interpreter& interpreter_;
};

void Scope::set(NameId id, Value value) {
  for (auto& [name, old] : variables) {
    if (name == id) {
      old = std::move(value);
      return;
    }
  }
  variables.emplace_back(id, std::move(value));
}

Interpreter::Interpreter(const SyntaxTree& tree, Caps caps, base::UnixTime now)
    : tree_(tree), caps_(caps), now_(now), top_(tree.names.size()) {
  for (std::size_t i = 0; i < tree.names.size(); ++i) {
    if (tree.names[i] == "loop") loop_id_ = static_cast<NameId>(i);
    if (auto global = find_global(tree.names[i])) {
      top_[i] = std::move(*global);
    } else {
      top_[i] = Value::undefined(&tree.names[i], false);
    }
  }
}

Interpreter::~Interpreter() {
  for (const auto& members : namespaces_) members->entries.clear();
  for (const auto& macro : closures_) macro->captured.clear();
}

void Interpreter::define(std::string_view name, Value value) {
  for (std::size_t i = 0; i < tree_.names.size(); ++i) {
    if (tree_.names[i] == name) top_[i] = std::move(value);
  }
}

std::string Interpreter::run() {
  execute(tree_.body, nullptr);
  return std::move(text_);
}

void Interpreter::step() {
  if (++steps_ > caps_.steps_max) {
    throw Failure{ErrorCode::ResourceExhausted,
                  "the template takes more than " + std::to_string(caps_.steps_max) + " steps"};
  }
}

Value Interpreter::make_namespace(Entries members) {
  auto dict = std::make_shared<Dict>(Entries{});
  for (auto& [name, value] : members) dict->set(name.as_string(), std::move(value));
  namespaces_.push_back(dict);
  return Value::name_space(std::move(dict));
}

const Value* Interpreter::find(NameId id, const Scope* scope) const {
  for (; scope; scope = scope->parent) {
    for (const auto& [name, value] : scope->variables) {
      if (name == id) return &value;
    }
  }
  return &top_[static_cast<std::size_t>(id)];
}

Value Interpreter::attribute(const Value& object, const std::string& stable_name) {
  switch (object.kind()) {
    case Kind::Undefined: object.raise_undefined();
    case Kind::Namespace:
      if (const auto* found = object.as_dict().find(stable_name)) return *found;
      break;
    case Kind::Callable:
      if (auto found = object.as_callable().attribute(stable_name)) return *found;
      break;
    default:
      if (auto method = find_method(object, stable_name)) return *method;
      if (!object.is_dict()) break;
      if (const auto* found = object.as_dict().find(stable_name)) return *found;
  }
  return Value::undefined(&stable_name, true);
}

Value Interpreter::subscript(const Value& object, const Value& key) {
  if (object.is_undefined()) object.raise_undefined();
  if (object.is_dict()) {
    if (const auto* found = object.as_dict().find(key)) return *found;
  } else if (key.is_integral()) {
    const auto size = length(object);
    auto at = key.as_int();
    if (size && at < 0) at += *size;
    if (!size || at < 0 || at >= *size) return Value();
    const auto index = static_cast<std::size_t>(at);
    switch (object.kind()) {
      case Kind::String: {
        const auto& text = object.as_string();
        if (is_ascii(text)) return Value::string(std::string(1, text[index]), object.is_markup());
        Charge::work(text.size() * sizeof(std::string_view));
        return Value::string(std::string(characters(text)[index]), object.is_markup());
      }
      case Kind::List:
      case Kind::Tuple: return object.as_sequence().items[index];
      case Kind::Range:
        return Value::integer(object.as_range().start + at * object.as_range().step);
      default: return Value();
    }
  }
  if (!key.is_string()) return Value();
  if (auto method = find_method(object, key.as_string())) return *method;
  if (object.is(Kind::Namespace)) {
    if (const auto* found = object.as_dict().find(key)) return *found;
  }
  if (object.is(Kind::Callable)) {
    if (auto found = object.as_callable().attribute(key.as_string())) return *found;
  }
  return Value();
}

Value Interpreter::call(const Value& callee, const Arguments& arguments) {
  if (callee.is_undefined()) callee.raise_undefined();
  if (!callee.is(Kind::Callable)) {
    raise("'" + std::string(type_name(callee)) + "' object is not callable");
  }
  step();
  const Depth depth(*this);
  return callee.as_callable().call(*this, arguments);
}

Value Interpreter::evaluate(const Expression& expression, const Scope* scope) {
  step();
  const Depth depth(*this);
  return std::visit([&](const auto& node) { return evaluate(node, scope); }, expression.node);
}

Value Interpreter::evaluate(const NameNode& node, const Scope* scope) {
  return *find(node.id, scope);
}

Items Interpreter::evaluate_all(const Expressions& expressions, const Scope* scope) {
  Items items;
  items.reserve(expressions.size());
  for (const auto& expression : expressions) items.push_back(evaluate(*expression, scope));
  return items;
}

Value Interpreter::evaluate(const ListNode& node, const Scope* scope) {
  return Value::list(evaluate_all(node.items, scope));
}

Value Interpreter::evaluate(const TupleNode& node, const Scope* scope) {
  return Value::tuple(evaluate_all(node.items, scope));
}

Value Interpreter::evaluate(const DictNode& node, const Scope* scope) {
  Entries entries;
  entries.reserve(node.entries.size());
  for (const auto& [key, value] : node.entries) {
    auto name = evaluate(*key, scope);
    if (name.is(Kind::List) || name.is_dict()) {
      raise("unhashable type: '" + std::string(type_name(name)) + "'");
    }
    entries.emplace_back(std::move(name), evaluate(*value, scope));
  }
  return Value::dict(std::move(entries));
}

Value Interpreter::evaluate(const AttributeNode& node, const Scope* scope) {
  return attribute(evaluate(*node.object, scope), node.name);
}

Value Interpreter::evaluate(const SubscriptNode& node, const Scope* scope) {
  const auto object = evaluate(*node.object, scope);
  if (const auto* constant = std::get_if<ConstantNode>(&node.key->node);
      constant && constant->value.is_string() && object.is_dict()) {
    // as below, but an undefined result remembers the name
    const auto& name = constant->value.as_string();
    if (const auto* found = object.as_dict().find(name)) return *found;
    return attribute(object, name);
  }
  return subscript(object, evaluate(*node.key, scope));
}

Value Interpreter::evaluate(const SliceNode& node, const Scope* scope) {
  const auto bound = [&](const ExpressionPtr& expression) {
    return expression ? evaluate(*expression, scope) : Value::none();
  };
  const auto object = evaluate(*node.object, scope);
  const auto start = bound(node.start);
  const auto stop = bound(node.stop);
  return slice(object, start, stop, bound(node.step));
}

Arguments Interpreter::evaluate(const CallArguments& arguments, const Scope* scope) {
  Arguments out;
  out.positional = evaluate_all(arguments.positional, scope);
  for (const auto& [name, value] : arguments.named)
    out.named.emplace_back(name, evaluate(*value, scope));
  if (arguments.spread) {
    const auto spread = evaluate(*arguments.spread, scope);
    const Iteration iteration(spread);
    for (const auto& item : iteration.items()) out.positional.push_back(item);
  }
  if (arguments.named_spread) {
    const auto spread = evaluate(*arguments.named_spread, scope);
    if (!spread.is_dict()) raise("argument after ** must be a mapping");
    for (const auto& [name, value] : spread.as_dict().entries) {
      if (!name.is_string()) raise("keywords must be strings");
      if (out.find(name.as_string())) {
        raise("got multiple values for keyword argument '" + name.as_string() + "'");
      }
      out.named.emplace_back(name.as_string(), value);
    }
  }
  return out;
}

Value Interpreter::evaluate(const CallNode& node, const Scope* scope) {
  const auto callee = evaluate(*node.callee, scope);
  return call(callee, evaluate(node.arguments, scope));
}

Value Interpreter::evaluate(const FilterNode& node, const Scope* scope) {
  if (!node.filter) raise("No filter named '" + node.name + "'.");
  const auto object = evaluate(*node.object, scope);
  return node.filter(*this, object, evaluate(node.arguments, scope));
}

Value Interpreter::evaluate(const TestNode& node, const Scope* scope) {
  if (!node.test) raise("No test named '" + node.name + "'.");
  const auto object = evaluate(*node.object, scope);
  return node.test(*this, object, evaluate(node.arguments, scope));
}

Value Interpreter::evaluate(const NotNode& node, const Scope* scope) {
  return Value::boolean(!truthy(evaluate(*node.operand, scope)));
}

Value Interpreter::evaluate(const SignNode& node, const Scope* scope) {
  const auto operand = evaluate(*node.operand, scope);
  return node.negative ? negate(operand) : plus(operand);
}

Value Interpreter::evaluate(const AndNode& node, const Scope* scope) {
  auto left = evaluate(*node.left, scope);
  return truthy(left) ? evaluate(*node.right, scope) : left;
}

Value Interpreter::evaluate(const OrNode& node, const Scope* scope) {
  auto left = evaluate(*node.left, scope);
  return truthy(left) ? left : evaluate(*node.right, scope);
}

Value Interpreter::evaluate(const BinaryNode& node, const Scope* scope) {
  const auto left = evaluate(*node.left, scope);
  return calculate(node.op, left, evaluate(*node.right, scope));
}

Value Interpreter::evaluate(const ConcatNode& node, const Scope* scope) {
  std::string text;
  for (const auto& part : node.parts) {
    text += to_text(evaluate(*part, scope));
    check_size(static_cast<std::int64_t>(text.size()));
  }
  return Value::string(std::move(text));
}

Value Interpreter::evaluate(const CompareNode& node, const Scope* scope) {
  auto left = evaluate(*node.first, scope);
  for (const auto& [op, operand] : node.rest) {
    auto right = evaluate(*operand, scope);
    if (!compare(op, left, right)) return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Value Interpreter::evaluate(const ConditionNode& node, const Scope* scope) {
  if (truthy(evaluate(*node.test, scope))) return evaluate(*node.then, scope);
  return node.otherwise ? evaluate(*node.otherwise, scope) : Value();
}

}  // namespace inference::jinja
