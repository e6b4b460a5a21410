// Statements, loops and macros.
#include <algorithm>

#include "inference/jinja/interpreter.h"
#include "inference/jinja/interpreter_objects.h"

namespace inference::jinja {

Interpreter::Capture::Capture(Interpreter& interpreter)
    : interpreter_(interpreter), outer_(interpreter.out_) {
  interpreter_.out_ = &text_;
}
Interpreter::Capture::~Capture() {
  interpreter_.out_ = outer_;
}

void Interpreter::write(std::string_view text) {
  if (out_->size() + text.size() > caps_.output_bytes_max) {
    throw Failure{
        ErrorCode::ResourceExhausted,
        "the template writes more than " + std::to_string(caps_.output_bytes_max) + " bytes"};
  }
  *out_ += text;
}

Interpreter::Flow Interpreter::execute(const Body& body, Scope* scope) {
  for (const auto& statement : body) {
    step();
    const auto flow =
        std::visit([&](const auto& node) { return execute(node, scope); }, statement.node);
    if (flow != Flow::Normal) return flow;
  }
  return Flow::Normal;
}

Interpreter::Flow Interpreter::execute(const TextStatement& statement, Scope*) {
  write(statement.text);
  return Flow::Normal;
}

Interpreter::Flow Interpreter::execute(const PrintStatement& statement, Scope* scope) {
  const auto value = evaluate(*statement.value, scope);
  if (value.is_string()) {
    write(value.as_string());
  } else {
    write(to_text(value));
  }
  return Flow::Normal;
}

Interpreter::Flow Interpreter::execute(const IfStatement& statement, Scope* scope) {
  for (const auto& [test, body] : statement.branches) {
    if (truthy(evaluate(*test, scope))) return execute(body, scope);
  }
  return execute(statement.otherwise, scope);
}

void Interpreter::assign(const Target& target, const Value& value, Scope* scope) {
  if (target.is_tuple) {
    const Iteration iteration(value);
    const auto items = iteration.items();
    if (items.size() != target.parts.size()) {
      raise(items.size() < target.parts.size()
                ? "not enough values to unpack (expected " + std::to_string(target.parts.size()) +
                      ", got " + std::to_string(items.size()) + ")"
                : "too many values to unpack (expected " + std::to_string(target.parts.size()) +
                      ")");
    }
    for (std::size_t i = 0; i < items.size(); ++i) assign(target.parts[i], items[i], scope);
    return;
  }
  if (!target.member.empty()) {
    const auto& object = *find(target.id, scope);
    if (!object.is(Kind::Namespace)) raise("cannot assign attribute on non-namespace object");
    object.as_namespace().set(target.member, value);
    return;
  }
  if (scope) {
    scope->set(target.id, value);
  } else {
    top_[static_cast<std::size_t>(target.id)] = value;
  }
}

Interpreter::Flow Interpreter::execute(const SetStatement& statement, Scope* scope) {
  assign(statement.target, evaluate(*statement.value, scope), scope);
  return Flow::Normal;
}

Interpreter::Flow Interpreter::execute(const SetBlockStatement& statement, Scope* scope) {
  Value text;
  {
    Scope inner{scope, {}};
    Capture capture(*this);
    execute(statement.body, &inner);
    text = capture.take();
  }
  assign(statement.target, apply_filters(statement.filters, std::move(text), scope), scope);
  return Flow::Normal;
}

Value Interpreter::apply_filters(const Expressions& filters, Value value, const Scope* scope) {
  for (const auto& expression : filters) {
    const auto& node = std::get<FilterNode>(expression->node);
    step();
    if (!node.filter) raise("No filter named '" + node.name + "'.");
    value = node.filter(*this, value, evaluate(node.arguments, scope));
  }
  return value;
}

Interpreter::Flow Interpreter::execute(const FilterStatement& statement, Scope* scope) {
  Value text;
  {
    Scope inner{scope, {}};
    Capture capture(*this);
    execute(statement.body, &inner);
    text = capture.take();
  }
  write(to_text(apply_filters(statement.filters, std::move(text), scope)));
  return Flow::Normal;
}

Interpreter::Flow Interpreter::execute(const WithStatement& statement, Scope* scope) {
  Scope inner{scope, {}};
  // The values see the scope outside, not each other.
  for (const auto& [target, value] : statement.bindings) {
    assign(target, evaluate(*value, scope), &inner);
  }
  return execute(statement.body, &inner);
}

Interpreter::Flow Interpreter::execute(const ScopeStatement& statement, Scope* scope) {
  Scope inner{scope, {}};
  return execute(statement.body, &inner);
}

// --- loops ---

Interpreter::Flow Interpreter::execute(const ForStatement& statement, Scope* scope) {
  run_loop(statement, evaluate(*statement.iterable, scope), scope, 0);
  return Flow::Normal;
}

Items Interpreter::loop_items(const ForStatement& statement, const Value& iterable,
                              const Scope* scope) {
  const Iteration iteration(iterable);
  Items items;
  Scope inner{scope, {}};
  for (const auto& item : iteration.items()) {
    step();
    assign(statement.target, item, &inner);
    if (truthy(evaluate(*statement.condition, &inner))) items.push_back(item);
  }
  return items;
}

void Interpreter::run_loop(const ForStatement& statement, const Value& iterable, const Scope* scope,
                           std::int64_t depth0) {
  const Value chosen =
      statement.condition ? Value::list(loop_items(statement, iterable, scope)) : Value();
  const Iteration iteration(statement.condition ? chosen : iterable);
  const auto items = iteration.items();

  const auto loop = std::make_shared<Loop>(statement, items, scope, depth0);
  struct Ended {
    Loop& loop;
    ~Ended() { loop.end(); }
  } ended{*loop};
  const Value loop_value = Value::callable(loop);

  Scope inner{scope, {}};
  for (std::size_t i = 0; i < items.size(); ++i) {
    step();
    loop->move_to(i);
    inner.variables.clear();
    if (loop_id_ >= 0) inner.set(loop_id_, loop_value);
    assign(statement.target, items[i], &inner);
    if (execute(statement.body, &inner) == Flow::Break) break;
  }
  if (items.empty()) {
    inner.variables.clear();
    execute(statement.otherwise, &inner);
  }
}

// --- macros ---

Value Interpreter::make_macro(const MacroDefinition& definition, NameId id, const Scope* scope) {
  auto macro = std::make_shared<Macro>(definition, id);
  macro->is_inner = scope != nullptr;
  for (; scope; scope = scope->parent) {
    for (const auto& [name, value] : scope->variables) {
      if (name == id) continue;
      // the innermost of a name comes first and is the one found
      macro->captured.emplace_back(name, value);
    }
  }
  if (!macro->captured.empty()) closures_.push_back(macro);
  return Value::callable(std::move(macro));
}

Interpreter::Flow Interpreter::execute(const MacroStatement& statement, Scope* scope) {
  const auto macro = make_macro(*statement.macro, statement.id, scope);
  Target target;
  target.id = statement.id;
  assign(target, macro, scope);
  return Flow::Normal;
}

Interpreter::Flow Interpreter::execute(const CallStatement& statement, Scope* scope) {
  const auto& node = std::get<CallNode>(statement.call->node);
  const auto callee = evaluate(*node.callee, scope);
  auto arguments = evaluate(node.arguments, scope);
  arguments.named.emplace_back("caller", make_macro(*statement.caller, -1, scope));
  write(to_text(call(callee, arguments)));
  return Flow::Normal;
}

Value Interpreter::call_macro(Macro& macro, const Arguments& arguments) {
  const auto& signature = macro.definition.signature;
  const auto& parameters = signature.parameters;
  Scope outer{nullptr, macro.captured};
  if (macro.is_inner && macro.id >= 0) {  // so that it can call itself
    outer.set(macro.id, Value::callable(macro.shared_from_this()));
  }
  Scope scope{&outer, {}};
  const auto given = std::min(arguments.positional.size(), parameters.size());
  for (std::size_t i = 0; i < given; ++i) {
    if (arguments.find(parameters[i].name)) {
      raise("macro '" + signature.name + "' got multiple values for argument '" +
            parameters[i].name + "'");
    }
    scope.set(parameters[i].id, arguments.positional[i]);
  }
  for (std::size_t i = given; i < parameters.size(); ++i) {
    const auto& parameter = parameters[i];
    if (const auto* named = arguments.find(parameter.name)) {
      scope.set(parameter.id, *named);
    } else if (parameter.otherwise) {
      scope.set(parameter.id, evaluate(*parameter.otherwise, &scope));
    } else {
      scope.set(parameter.id, Value::undefined(&parameter.name, false));
    }
  }
  set_surplus(signature, arguments, scope);
  Capture capture(*this);
  execute(macro.definition.body, &scope);
  return capture.take();
}

void Interpreter::set_surplus(const Signature& signature, const Arguments& arguments,
                              Scope& scope) {
  const auto count = signature.parameters.size();
  if (signature.uses_varargs) {
    const auto surplus = std::min(arguments.positional.size(), count);
    set_special("varargs",
                Value::tuple({arguments.positional.begin() + static_cast<std::ptrdiff_t>(surplus),
                              arguments.positional.end()}),
                scope);
  } else if (arguments.positional.size() > count) {
    raise("macro '" + signature.name + "' takes not more than " + std::to_string(count) +
          " argument(s)");
  }
  Entries others;
  for (const auto& [name, value] : arguments.named) {
    const bool is_parameter = std::any_of(signature.parameters.begin(), signature.parameters.end(),
                                          [&](const auto& p) { return p.name == name; });
    if (is_parameter) continue;
    if (name == "caller" && signature.uses_caller) {
      set_special("caller", value, scope);
    } else if (signature.uses_kwargs) {
      others.emplace_back(Value::string(name), value);
    } else {
      raise("macro '" + signature.name + "' takes no keyword argument '" + name + "'");
    }
  }
  if (signature.uses_kwargs) set_special("kwargs", Value::dict(std::move(others)), scope);
  if (signature.uses_caller && !arguments.find("caller")) {
    set_special("caller", Value(), scope);
  }
}

void Interpreter::set_special(std::string_view name, Value value, Scope& scope) {
  for (std::size_t i = 0; i < tree_.names.size(); ++i) {
    if (tree_.names[i] == name) scope.set(static_cast<NameId>(i), std::move(value));
  }
}

}  // namespace inference::jinja
