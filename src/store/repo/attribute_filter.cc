#include "store/repo/attribute_filter.h"

namespace store {
namespace {

using Compare = AttributeFilter::Compare;

const char* operator_of(Compare compare) {
  switch (compare) {
    case Compare::Eq:
    case Compare::In: return "=";
    case Compare::Ne:
    case Compare::NotIn: return "<>";
    case Compare::Gt: return ">";
    case Compare::Gte: return ">=";
    case Compare::Lt: return "<";
    case Compare::Lte: return "<=";
  }
  return "=";
}

// `a` is the attribute's row. A value of another kind is unequal and not comparable.
std::string compared(Statement& statement, Compare compare, const Attribute& value) {
  const bool negative = compare == Compare::Ne || compare == Compare::NotIn;
  const char* kind = std::holds_alternative<std::string>(value) ? "text"
                     : std::holds_alternative<double>(value)    ? "number"
                                                                : "truth";
  std::string test = operator_of(compare);
  if (const auto* text = std::get_if<std::string>(&value)) {
    test = "a.text_value " + test + " " + statement.bind(*text);
  } else {
    const auto* number = std::get_if<double>(&value);
    const double bound = number ? *number : (std::get<bool>(value) ? 1.0 : 0.0);
    test = "a.number_value " + test + " " + statement.bind(bound);
  }
  const std::string same_kind = "a.kind = '" + std::string(kind) + "'";
  return negative ? "(NOT " + same_kind + " OR " + test + ")"
                  : "(" + same_kind + " AND " + test + ")";
}

}  // namespace

std::string Statement::bind(std::string value) {
  values_.push_back(std::make_unique<Value>(std::move(value)));
  return "$" + std::to_string(values_.size());
}

std::string Statement::bind(std::int64_t value) {
  values_.push_back(std::make_unique<Value>(value));
  return "$" + std::to_string(values_.size());
}

std::string Statement::bind(double value) {
  values_.push_back(std::make_unique<Value>(value));
  return "$" + std::to_string(values_.size());
}

std::vector<Param> Statement::params() const {
  std::vector<Param> out;
  for (const auto& value : values_)
    std::visit([&](const auto& each) { out.push_back(Param(each)); }, *value);
  return out;
}

std::string condition(Statement& statement, const AttributeFilter& filter,
                      const std::string& files) {
  using Join = AttributeFilter::Join;
  if (filter.join != Join::None) {
    std::string out;
    for (const auto& part : filter.parts) {
      if (!out.empty()) out += filter.join == Join::And ? " AND " : " OR ";
      out += condition(statement, part, files);
    }
    if (out.empty()) return filter.join == Join::And ? "1 = 1" : "1 = 0";
    return "(" + out + ")";
  }
  const bool all = filter.compare == Compare::NotIn;  // of a list: none may be equal, or one is
  std::string values;
  for (const auto& value : filter.values) {
    if (!values.empty()) values += all ? " AND " : " OR ";
    values += compared(statement, filter.compare, value);
  }
  if (values.empty()) values = all ? "1 = 1" : "1 = 0";
  return "EXISTS (SELECT 1 FROM file_attributes a WHERE a.project = " + files +
         ".project AND a.store = " + files + ".store AND a.file = " + files +
         ".file AND a.name = " + statement.bind(filter.name) + " AND (" + values + "))";
}

}  // namespace store
