#include "inference/jinja/callable.h"

#include <algorithm>

namespace inference::jinja {

const Value* Arguments::find(std::string_view name) const {
  for (const auto& [key, value] : named) {
    if (key == name) return &value;
  }
  return nullptr;
}

Bound::Bound(const Arguments& arguments, std::string_view function,
             std::initializer_list<std::string_view> parameters, std::size_t required)
    : function_(function), values_(parameters.size()) {
  if (arguments.positional.size() > parameters.size()) {
    raise(function_ + "() takes at most " + std::to_string(parameters.size()) + " arguments (" +
          std::to_string(arguments.positional.size()) + " given)");
  }
  for (std::size_t i = 0; i < arguments.positional.size(); ++i)
    values_[i] = arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    const auto found = std::find(parameters.begin(), parameters.end(), name);
    if (found == parameters.end()) {
      raise(function_ + "() got an unexpected keyword argument '" + name + "'");
    }
    auto& slot = values_[static_cast<std::size_t>(found - parameters.begin())];
    if (slot) raise(function_ + "() got multiple values for argument '" + name + "'");
    slot = value;
  }
  for (std::size_t i = 0; i < required; ++i) {
    if (!values_[i]) {
      raise(function_ + "() missing a required argument: '" + std::string(parameters.begin()[i]) +
            "'");
    }
  }
}

std::int64_t Bound::integer(std::size_t index, std::int64_t otherwise) const {
  if (!has(index)) return otherwise;
  if (!values_[index]->is_integral()) {
    if (values_[index]->is_undefined()) values_[index]->raise_undefined();
    raise(function_ + "(): '" + std::string(type_name(*values_[index])) +
          "' object cannot be interpreted as an integer");
  }
  return values_[index]->as_int();
}

bool Bound::boolean(std::size_t index, bool otherwise) const {
  return has(index) ? truthy(*values_[index]) : otherwise;
}

std::string_view Bound::string(std::size_t index, std::string_view otherwise) const {
  if (!has(index)) return otherwise;
  if (!values_[index]->is_string()) {
    raise(function_ + "() argument must be str, not " + std::string(type_name(*values_[index])));
  }
  return values_[index]->as_string();
}

}  // namespace inference::jinja
