// Filters that make text.
#include <algorithm>
#include <array>
#include <cmath>

#include "inference/jinja/filters_shared.h"
#include "inference/jinja/json_text.h"
#include "inference/jinja/operators.h"
#include "inference/jinja/python_text.h"
#include "inference/jinja/wrap.h"

namespace inference::jinja {
namespace {

// The text of the value; charged as work, since most filters read all of it.
std::string text_of(const Value& value) {
  std::string text = to_text(value);
  Charge::work(text.size());
  return text;
}

template <std::string (*function)(std::string_view)>
Value case_filter(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "filter", {});
  return Value::string(function(text_of(value)), value.is_markup());
}

// Jinja's own idea of words: they begin after white space, hyphens and opening brackets.
std::string title_words(std::string_view text) {
  std::string out;
  bool starts = true;
  for (const auto character : characters(text)) {
    const auto c = to_code_points(character)[0];
    const bool is_border =
        is_space(c) || std::u32string_view(U"-({[<").find(c) != std::u32string_view::npos;
    out += starts && !is_border ? upper(character) : lower(character);
    starts = is_border;
  }
  return out;
}

Value trim(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "trim", {"chars"});
  std::optional<std::string_view> chars;
  if (bound.has_not_none(0)) chars = bound.string(0);
  return Value::string(std::string(strip(text_of(value), Side::Both, chars)), value.is_markup());
}

Value replace_filter(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "replace", {"old", "new", "count"}, 2);
  const auto text = text_of(value);
  const auto with = text_of(bound[1]);
  check_size(static_cast<std::int64_t>(with.size()));
  return Value::string(
      replace(text, to_text(bound[0]), with, bound.has_not_none(2) ? bound.integer(2, -1) : -1));
}

Value indent(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "indent", {"width", "first", "blank"});
  if (!value.is_string()) {
    if (value.is_undefined()) value.raise_undefined();
    raise("unsupported operand type(s) for +=: '" + std::string(type_name(value)) + "' and 'str'");
  }
  std::string indention;
  if (bound.has(0) && bound[0].is_string()) {
    indention = bound[0].as_string();
  } else {
    const auto width = bound.integer(0, 4);
    check_size(width);
    indention.assign(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)), ' ');
  }
  const bool first = bound.boolean(1, false);
  const bool blank = bound.boolean(2, false);
  const std::string text = text_of(value) + "\n";
  std::string out;
  bool is_first = true;
  for (const auto line : split_lines(text)) {
    if (!is_first) out += '\n';
    if (is_first ? first : (blank || !line.empty())) out += indention;
    out += line;
    is_first = false;
    check_size(static_cast<std::int64_t>(out.size()));
  }
  return Value::string(std::move(out), value.is_markup());
}

Value center(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "center", {"width"});
  return Value::string(pad_text(text_of(value), bound.integer(0, 80), " ", Alignment::Center));
}

Value truncate(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "truncate", {"length", "killwords", "end", "leeway"});
  const auto text = text_of(value);
  const std::string end = bound.has(2) ? to_text(bound[2]) : "...";
  const auto end_size = static_cast<std::int64_t>(count_characters(end));
  const auto size_max = bound.integer(0, 255);
  const auto leeway = bound.has_not_none(3) ? bound.integer(3, 5) : 5;
  if (size_max < end_size) {
    raise("expected length >= " + std::to_string(end_size) + ", got " + std::to_string(size_max));
  }
  if (leeway < 0) raise("expected leeway >= 0, got " + std::to_string(leeway));
  const auto parts = characters(text);
  if (static_cast<std::int64_t>(parts.size()) - leeway <= size_max) return value;
  std::string cut;
  for (std::int64_t i = 0; i < size_max - end_size; ++i) cut += parts[static_cast<std::size_t>(i)];
  if (!bound.boolean(1, false)) cut = split(cut, " ", 1, true)[0];
  return Value::string(cut + end);
}

Value wordwrap(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "wordwrap",
                    {"width", "break_long_words", "wrapstring", "break_on_hyphens"});
  if (!value.is_string()) raise("'" + std::string(type_name(value)) + "' object has no lines");
  const auto text = text_of(value);
  const WrapStyle style{.width = bound.integer(0, 79),
                        .breaks_long_words = bound.boolean(1, true),
                        .breaks_on_hyphens = bound.boolean(3, true)};
  const std::string glue = bound.has_not_none(2) ? to_text(bound[2]) : "\n";
  std::string out;
  bool is_first = true;
  for (const auto line : split_lines(text)) {
    if (!is_first) out += glue;
    is_first = false;
    const auto wrapped = wrap_line(line, style);
    for (std::size_t i = 0; i < wrapped.size(); ++i) {
      if (i) out += glue;
      out += wrapped[i];
      check_size(static_cast<std::int64_t>(out.size()));
    }
  }
  return Value::string(std::move(out));
}

Value wordcount(Interpreter&, const Value& value, const Arguments&) {
  std::int64_t count = 0;
  bool in_word = false;
  for (const auto c : to_code_points(text_of(value))) {
    if (is_word(c) && !in_word) ++count;
    in_word = is_word(c);
  }
  return Value::integer(count);
}

Value string_filter(Interpreter&, const Value& value, const Arguments&) {
  return value.is_string() ? value : Value::string(to_text(value));
}

Value escape(Interpreter&, const Value& value, const Arguments&) {
  return value.is_markup() ? value : Value::string(escape_html(text_of(value)), true);
}

Value force_escape(Interpreter&, const Value& value, const Arguments&) {
  return Value::string(escape_html(text_of(value)), true);
}

Value safe(Interpreter&, const Value& value, const Arguments&) {
  return Value::string(to_text(value), true);
}

Value striptags(Interpreter&, const Value& value, const Arguments&) {
  return Value::string(strip_tags(text_of(value)));
}

Value format(Interpreter&, const Value& value, const Arguments& arguments) {
  if (!arguments.positional.empty() && !arguments.named.empty()) {
    raise("can't handle positional and keyword arguments at the same time");
  }
  const Value text = value.is_string() ? value : Value::string(to_text(value));
  if (arguments.named.empty()) return format_percent(text, Value::tuple(arguments.positional));
  Entries entries;
  for (const auto& [name, argument] : arguments.named) {
    entries.emplace_back(Value::string(name), argument);
  }
  return format_percent(text, Value::dict(std::move(entries)));
}

Value join(Interpreter& interpreter, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "join", {"d", "attribute"});
  const auto glue = bound.has(0) ? to_text(bound[0]) : std::string();
  const AttributePath path(bound.has(1) ? bound[1] : Value::none());
  const Iteration iteration(value);
  std::string out;
  bool is_first = true;
  for (const auto& item : iteration.items()) {
    interpreter.step();
    if (!is_first) out += glue;
    is_first = false;
    out += to_text(path.of(interpreter, item));
    check_size(static_cast<std::int64_t>(out.size()));
  }
  return Value::string(std::move(out));
}

std::string url_quote(const Value& value, bool for_query) {
  static constexpr std::string_view unreserved = "-._~";
  std::string out;
  for (const char c : to_text(value)) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) ||
                          unreserved.find(c) != std::string_view::npos || (c == '/' && !for_query);
    if (is_plain) {
      out += c;
    } else if (c == ' ' && for_query) {
      out += '+';
    } else {
      constexpr std::string_view digits = "0123456789ABCDEF";
      out += '%';
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
    }
  }
  return out;
}

Value urlencode(Interpreter&, const Value& value, const Arguments&) {
  const bool is_plain = value.is_string() || value.is_none() || value.is_number();
  if (is_plain) return Value::string(url_quote(value, false));
  std::string out;
  const auto append = [&](const Value& key, const Value& item) {
    if (!out.empty()) out += '&';
    out += url_quote(key, true) + "=" + url_quote(item, true);
  };
  if (value.is_dict()) {
    for (const auto& [key, item] : value.as_dict().entries) append(key, item);
    return Value::string(std::move(out));
  }
  const Iteration iteration(value);
  for (const auto& pair : iteration.items()) {
    const Iteration parts(pair);
    if (parts.items().size() != 2) raise("urlencode takes pairs");
    append(parts.items()[0], parts.items()[1]);
  }
  return Value::string(std::move(out));
}

Value xmlattr(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "xmlattr", {"autospace"});
  if (!value.is_dict()) raise("xmlattr takes a mapping");
  std::string out;
  for (const auto& [key, item] : value.as_dict().entries) {
    if (item.is_none() || item.is_undefined()) continue;
    const auto name = to_text(key);
    if (name.find_first_of(" \t\n\r\f\v/>=") != std::string::npos) {
      raise("Invalid character in attribute name: " + repr(key));
    }
    if (!out.empty()) out += ' ';
    out += escape_html(name) + "=\"" +
           (item.is_markup() ? item.as_string() : escape_html(to_text(item))) + "\"";
  }
  if (bound.boolean(0, true) && !out.empty()) out.insert(0, " ");
  return Value::string(std::move(out));
}

Value tojson(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "tojson", {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style{.ensure_ascii = bound.boolean(0, false), .sort_keys = bound.boolean(3, false)};
  if (bound.has_not_none(1)) {
    style.item_separator = ",";
    if (bound[1].is_string()) {
      style.indent = bound[1].as_string();
    } else {
      const auto width = std::max<std::int64_t>(bound.integer(1, 0), 0);
      check_size(width);
      style.indent = std::string(static_cast<std::size_t>(width), ' ');
    }
  }
  if (bound.has_not_none(2)) {
    const Iteration iteration(bound[2]);
    const auto separators = iteration.items();
    if (separators.size() != 2 || !separators[0].is_string() || !separators[1].is_string()) {
      raise("tojson separators must be two strings");
    }
    style.item_separator = separators[0].as_string();
    style.key_separator = separators[1].as_string();
  }
  return Value::string(to_json(value, style));
}

Value pprint(Interpreter&, const Value& value, const Arguments&) {
  return Value::string(repr(value));
}

Value filesizeformat(Interpreter&, const Value& value, const Arguments& arguments) {
  const Bound bound(arguments, "filesizeformat", {"binary"});
  const bool is_binary = bound.boolean(0, false);
  const auto bytes = value.is_number()   ? std::optional(value.as_double())
                     : value.is_string() ? parse_float(value.as_string())
                                         : std::nullopt;
  if (!bytes) raise("filesizeformat takes a number");
  if (*bytes == 1) return Value::string("1 Byte");
  const double base = is_binary ? 1024 : 1000;
  if (*bytes < base) {
    return Value::string(repr(Value::integer(static_cast<std::int64_t>(*bytes))) + " Bytes");
  }
  static constexpr std::string_view letters = "kMGTPEZY";
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const double unit = std::pow(base, static_cast<double>(i + 2));
    if (*bytes >= unit && i + 1 < letters.size()) continue;
    const char letter = is_binary && i == 0 ? 'K' : letters[i];
    const auto number = format_percent(Value::string("%.1f"), Value::number(base * *bytes / unit));
    return Value::string(number.as_string() + " " + letter + (is_binary ? "iB" : "B"));
  }
  return Value();
}

constexpr std::array text_entries = {
    FilterEntry{"capitalize", case_filter<capitalize>},
    FilterEntry{"center", center},
    FilterEntry{"e", escape},
    FilterEntry{"escape", escape},
    FilterEntry{"filesizeformat", filesizeformat},
    FilterEntry{"forceescape", force_escape},
    FilterEntry{"format", format},
    FilterEntry{"indent", indent},
    FilterEntry{"join", join},
    FilterEntry{"lower", case_filter<lower>},
    FilterEntry{"pprint", pprint},
    FilterEntry{"replace", replace_filter},
    FilterEntry{"safe", safe},
    FilterEntry{"string", string_filter},
    FilterEntry{"striptags", striptags},
    FilterEntry{"title", case_filter<title_words>},
    FilterEntry{"tojson", tojson},
    FilterEntry{"trim", trim},
    FilterEntry{"truncate", truncate},
    FilterEntry{"upper", case_filter<upper>},
    FilterEntry{"urlencode", urlencode},
    FilterEntry{"wordcount", wordcount},
    FilterEntry{"wordwrap", wordwrap},
    FilterEntry{"xmlattr", xmlattr},
};

}  // namespace

std::span<const FilterEntry> text_filters() {
  return text_entries;
}

}  // namespace inference::jinja
