// Conditions on files' attributes, as SQL with bound parameters: names and values are never part of
// the text.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "store/db/session.h"

namespace store {

// Text, number or truth, as the API's attributes are. Kinds never equal one another.
using Attribute = std::variant<std::string, double, bool>;

struct AttributeFilter {
  enum class Compare { Eq, Ne, Gt, Gte, Lt, Lte, In, NotIn };
  // A comparison...
  Compare compare = Compare::Eq;
  std::string name;
  std::vector<Attribute> values;  // one, but for In and NotIn
  // ... unless it is one of these. A file without the attribute fits no comparison.
  enum class Join { None, And, Or } join = Join::None;
  std::vector<AttributeFilter> parts;
};

// A statement under construction: each bound value is the next `$n`. Lives as long as its params
// are used; values are kept by it.
class Statement {
 public:
  // Adds a value and returns its placeholder.
  std::string bind(std::string value);
  std::string bind(std::int64_t value);
  std::string bind(double value);

  std::string sql;
  std::vector<Param> params() const;

 private:
  using Value = std::variant<std::string, std::int64_t, double>;
  std::vector<std::unique_ptr<Value>> values_;  // addresses stay
};

// A condition on the columns project, store and file of the table or alias `files`.
std::string condition(Statement& statement, const AttributeFilter& filter,
                      const std::string& files);

}  // namespace store
