// The functions every template can call.
#include <array>
#include <ctime>

#include "base/limits/chat_template.h"
#include "inference/jinja/filters.h"
#include "inference/jinja/interpreter.h"

namespace inference::jinja {
namespace {

struct Global {
  std::string_view name;
  Value (*function)(Interpreter& interpreter, const Arguments& arguments);
};

class GlobalFunction final : public Callable {
 public:
  explicit GlobalFunction(const Global& global) : global_(global) {}
  Value call(Interpreter& interpreter, const Arguments& arguments) override {
    return global_.function(interpreter, arguments);
  }
  std::string describe() const override { return "<function " + std::string(global_.name) + ">"; }

 private:
  const Global& global_;
};

class Cycler final : public Callable {
 public:
  explicit Cycler(Value items) : Callable(items.depth() + 1), items_(std::move(items)) {}

  Value call(Interpreter&, const Arguments&) override { raise("'Cycler' object is not callable"); }
  std::optional<Value> attribute(std::string_view name) override;
  std::string describe() const override { return "<Cycler>"; }

  const Value& current() const { return items_.as_sequence().items[at_]; }
  void advance() { at_ = (at_ + 1) % items_.as_sequence().items.size(); }
  void reset() { at_ = 0; }

 private:
  Value items_;  // a tuple, not empty
  std::size_t at_ = 0;

 public:
  std::weak_ptr<Cycler> this_;  // itself, for its methods
};

class CyclerMethod final : public Callable {
 public:
  CyclerMethod(std::shared_ptr<Cycler> cycler, bool is_next)
      : Callable(cycler->depth + 1), cycler_(std::move(cycler)), is_next_(is_next) {}
  Value call(Interpreter&, const Arguments&) override {
    if (!is_next_) {
      cycler_->reset();
      return Value::none();
    }
    const Value current = cycler_->current();
    cycler_->advance();
    return current;
  }

 private:
  std::shared_ptr<Cycler> cycler_;  // shared with the variable that holds the cycler
  bool is_next_;
};

std::optional<Value> Cycler::attribute(std::string_view name) {
  if (name == "current") return current();
  if (name != "next" && name != "reset") return std::nullopt;
  return Value::callable(std::make_shared<CyclerMethod>(this_.lock(), name == "next"));
}

// Nothing at the first call, the separator at all others.
class Joiner final : public Callable {
 public:
  explicit Joiner(Value separator)
      : Callable(separator.depth() + 1), separator_(std::move(separator)) {}
  Value call(Interpreter&, const Arguments&) override {
    if (was_called_) return separator_;
    was_called_ = true;
    return Value::string("");
  }

 private:
  Value separator_;
  bool was_called_ = false;
};

Value cycler(Interpreter&, const Arguments& arguments) {
  if (arguments.positional.empty()) raise("at least one item has to be provided");
  auto made = std::make_shared<Cycler>(Value::tuple(arguments.positional));
  made->this_ = made;
  return Value::callable(std::move(made));
}

Value joiner(Interpreter&, const Arguments& arguments) {
  const Bound bound(arguments, "joiner", {"sep"});
  return Value::callable(std::make_shared<Joiner>(bound.has(0) ? bound[0] : Value::string(", ")));
}

// dict(mapping or pairs, name=value...)
Entries entries_of(const Arguments& arguments, std::string_view function) {
  if (arguments.positional.size() > 1) {
    raise(std::string(function) + " expected at most 1 argument, got " +
          std::to_string(arguments.positional.size()));
  }
  Entries entries;
  if (!arguments.positional.empty()) {
    const auto& from = arguments.positional[0];
    if (from.is_dict() || from.is(Kind::Namespace)) {
      entries = from.as_dict().entries;
    } else {
      const Iteration iteration(from);
      for (const auto& pair : iteration.items()) {
        const Iteration parts(pair);
        if (parts.items().size() != 2) raise("dictionary update sequence elements must be pairs");
        entries.emplace_back(parts.items()[0], parts.items()[1]);
      }
    }
  }
  for (const auto& [name, value] : arguments.named) {
    entries.emplace_back(Value::string(name), value);
  }
  return entries;
}

Value dict(Interpreter&, const Arguments& arguments) {
  return Value::dict(entries_of(arguments, "dict"));
}

Value name_space(Interpreter& interpreter, const Arguments& arguments) {
  auto entries = entries_of(arguments, "namespace");
  for (const auto& [key, value] : entries) {
    if (!key.is_string()) raise("namespace members must have names");
  }
  return interpreter.make_namespace(std::move(entries));
}

Value range(Interpreter&, const Arguments& arguments) {
  if (!arguments.named.empty()) raise("range() takes no keyword arguments");
  if (arguments.positional.empty()) raise("range expected at least 1 argument, got 0");
  const Bound bound(arguments, "range", {"start", "stop", "step"}, 1);
  const bool only_stop = !bound.has(1);
  const auto start = only_stop ? 0 : bound.integer(0, 0);
  const auto stop = only_stop ? bound.integer(0, 0) : bound.integer(1, 0);
  const auto step = bound.integer(2, 1);
  if (step == 0) raise("range() arg 3 must not be zero");
  constexpr std::int64_t bound_max = std::int64_t{1} << 60;  // differences of these do not overflow
  for (const auto value : {start, stop, step}) {
    if (value > bound_max || value < -bound_max) raise("range() argument is too large");
  }
  const auto size = Range{start, stop, step}.size();
  if (size > static_cast<std::int64_t>(limits::template_range_items_max)) {
    raise("Range too big. The sandbox blocks ranges larger than MAX_RANGE (" +
          std::to_string(limits::template_range_items_max) + ").");
  }
  return Value::range(start, stop, step);
}

Value raise_exception(Interpreter&, const Arguments& arguments) {
  const Bound bound(arguments, "raise_exception", {"message"}, 1);
  raise(to_text(bound[0]));
}

Value strftime_now(Interpreter& interpreter, const Arguments& arguments) {
  const Bound bound(arguments, "strftime_now", {"format"}, 1);
  const std::string format(bound.string(0));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(interpreter.now());
  const auto time = static_cast<std::time_t>(seconds.time_since_epoch().count());
  std::tm parts{};
  gmtime_r(&time, &parts);
  if (format.empty()) return Value::string("");
  // A conversion makes at most a few dozen bytes of its two.
  check_size(static_cast<std::int64_t>(format.size()) * 64);
  std::string out(format.size() * 64 + 64, '\0');
  out.resize(std::strftime(out.data(), out.size(), format.c_str(), &parts));
  return Value::string(std::move(out));
}

constexpr std::array globals = {
    Global{"cycler", cycler},
    Global{"dict", dict},
    Global{"joiner", joiner},
    Global{"namespace", name_space},
    Global{"raise_exception", raise_exception},
    Global{"range", range},
    Global{"strftime_now", strftime_now},
};

}  // namespace

std::optional<Value> find_global(std::string_view name) {
  for (const auto& global : globals) {
    if (global.name == name) return Value::callable(std::make_shared<GlobalFunction>(global));
  }
  return std::nullopt;
}

}  // namespace inference::jinja
