#include "inference/jinja/interpreter_objects.h"

#include <algorithm>

namespace inference::jinja {
namespace {

// loop.cycle and loop.changed: they may outlive the run of the loop.
class LoopMethod final : public Callable {
 public:
  LoopMethod(bool is_cycle, std::shared_ptr<Loop> loop, std::size_t index)
      : is_cycle_(is_cycle), loop_(std::move(loop)), index_(index) {}

  Value call(Interpreter&, const Arguments& arguments) override {
    const auto& values = arguments.positional;
    if (!is_cycle_) return Value::boolean(loop_->changed(values));
    if (values.empty()) raise("no items for cycling given");
    return values[index_ % values.size()];
  }

 private:
  bool is_cycle_;
  std::shared_ptr<Loop> loop_;  // shared with the scope of the loop
  std::size_t index_;
};

}  // namespace

Value Macro::call(Interpreter& interpreter, const Arguments& arguments) {
  return interpreter.call_macro(*this, arguments);
}

std::optional<Value> Macro::attribute(std::string_view name) {
  const auto& signature = definition.signature;
  if (name == "name") return Value::string(signature.name);
  if (name == "catch_kwargs") return Value::boolean(signature.uses_kwargs);
  if (name == "catch_varargs") return Value::boolean(signature.uses_varargs);
  if (name == "caller") return Value::boolean(signature.uses_caller);
  if (name == "arguments") {
    Items names;
    for (const auto& parameter : signature.parameters)
      names.push_back(Value::string(parameter.name));
    return Value::tuple(std::move(names));
  }
  return std::nullopt;
}

std::string Macro::describe() const {
  return "<Macro '" + definition.signature.name + "'>";
}

void Loop::end() {
  is_running_ = false;
  items_ = {};
  scope_ = nullptr;
  last_changed_.reset();
}

Value Loop::call(Interpreter& interpreter, const Arguments& arguments) {
  if (!statement_.recursive) {
    raise("The loop must have the 'recursive' marker to be called recursively.");
  }
  if (!is_running_) raise("the loop is over");
  if (arguments.positional.size() != 1 || !arguments.named.empty()) {
    raise("loop() takes one argument");
  }
  Interpreter::Capture capture(interpreter);
  interpreter.run_loop(statement_, arguments.positional[0], scope_, depth0_ + 1);
  return capture.take();
}

bool Loop::changed(const Items& values) {
  if (!is_running_) return false;
  if (last_changed_ &&
      std::equal(values.begin(), values.end(), last_changed_->begin(), last_changed_->end(), equal))
    return false;
  last_changed_ = values;
  return true;
}

std::optional<Value> Loop::attribute(std::string_view name) {
  if (!is_running_) return std::nullopt;
  const auto index = static_cast<std::int64_t>(index_);
  const auto size = static_cast<std::int64_t>(items_.size());
  if (name == "index") return Value::integer(index + 1);
  if (name == "index0") return Value::integer(index);
  if (name == "first") return Value::boolean(index == 0);
  if (name == "last") return Value::boolean(index + 1 == size);
  if (name == "length") return Value::integer(size);
  if (name == "revindex") return Value::integer(size - index);
  if (name == "revindex0") return Value::integer(size - index - 1);
  if (name == "depth") return Value::integer(depth0_ + 1);
  if (name == "depth0") return Value::integer(depth0_);
  if (name == "previtem") return index > 0 ? items_[index_ - 1] : Value();
  if (name == "nextitem") return index + 1 < size ? items_[index_ + 1] : Value();
  if (name == "cycle" || name == "changed") {
    return Value::callable(
        std::make_shared<LoopMethod>(name == "cycle", shared_from_this(), index_));
  }
  return std::nullopt;
}

std::string Loop::describe() const {
  return "<LoopContext " + std::to_string(index_ + 1) + "/" + std::to_string(items_.size()) + ">";
}

}  // namespace inference::jinja
