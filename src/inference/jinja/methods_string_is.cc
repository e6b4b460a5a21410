// The `is...` methods of strings.
#include <algorithm>
#include <array>

#include "inference/jinja/methods.h"
#include "inference/jinja/python_text.h"

namespace inference::jinja {
namespace {

bool is_alphanumeric(char32_t c) {
  return is_alphabetic(c) || is_decimal(c) || is_digit(c) || is_numeric(c);
}

// At least one character, and all of the kind.
template <bool (*matches)(char32_t)>
Value all(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "is", {});
  const auto text = to_code_points(object.as_string());
  return Value::boolean(!text.empty() && std::all_of(text.begin(), text.end(), matches));
}

template <bool (*matches)(char32_t), bool (*contradicts)(char32_t)>
Value cased(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "is", {});
  const auto text = to_code_points(object.as_string());
  return Value::boolean(std::any_of(text.begin(), text.end(), matches) &&
                        std::none_of(text.begin(), text.end(), contradicts) &&
                        std::none_of(text.begin(), text.end(), is_title));
}

Value ascii(Interpreter&, const Value& object, const Arguments&) {
  return Value::boolean(is_ascii(object.as_string()));
}

Value printable(Interpreter&, const Value& object, const Arguments&) {
  const auto text = to_code_points(object.as_string());
  return Value::boolean(std::all_of(text.begin(), text.end(), is_printable));
}

Value title_cased(Interpreter&, const Value& object, const Arguments&) {
  bool in_word = false;
  bool any = false;
  for (const auto c : to_code_points(object.as_string())) {
    if (is_upper(c) || is_title(c)) {
      if (in_word) return Value::boolean(false);
      in_word = any = true;
    } else if (is_lower(c)) {
      if (!in_word) return Value::boolean(false);
    } else {
      in_word = false;
    }
  }
  return Value::boolean(any);
}

Value identifier(Interpreter&, const Value& object, const Arguments&) {
  const auto text = to_code_points(object.as_string());
  if (text.empty() || is_numeric(text[0])) return Value::boolean(false);
  return Value::boolean(std::all_of(text.begin(), text.end(), is_word));
}

constexpr std::array test_methods = {
    Method{"isalnum", all<is_alphanumeric>},
    Method{"isalpha", all<is_alphabetic>},
    Method{"isascii", ascii},
    Method{"isdecimal", all<is_decimal>},
    Method{"isdigit", all<is_digit>},
    Method{"isidentifier", identifier},
    Method{"islower", cased<is_lower, is_upper>},
    Method{"isnumeric", all<is_numeric>},
    Method{"isprintable", printable},
    Method{"isspace", all<is_space>},
    Method{"istitle", title_cased},
    Method{"isupper", cased<is_upper, is_lower>},
};

}  // namespace

std::span<const Method> string_test_methods() {
  return test_methods;
}

}  // namespace inference::jinja
