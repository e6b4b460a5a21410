// Methods of strings.
#include <algorithm>
#include <array>

#include "inference/jinja/format.h"
#include "inference/jinja/interpreter.h"
#include "inference/jinja/methods.h"
#include "inference/jinja/python_text.h"
#include "inference/jinja/wrap.h"

namespace inference::jinja {
namespace {

// A result that is Markup when the string it came from was.
Value like(const Value& object, std::string text) {
  return Value::string(std::move(text), object.is_markup());
}

Value list_of(const std::vector<std::string>& parts) {
  Items items;
  items.reserve(parts.size());
  for (const auto& part : parts) items.push_back(Value::string(part));
  return Value::list(std::move(items));
}

template <std::string (*function)(std::string_view)>
Value mapped(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "method", {});
  return like(object, function(object.as_string()));
}

template <Side side>
Value stripped(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "strip", {"chars"});
  std::optional<std::string_view> of;
  if (bound.has_not_none(0)) of = bound.string(0);
  return like(object, std::string(strip(object.as_string(), side, of)));
}

template <bool from_right>
Value split_method(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, from_right ? "rsplit" : "split", {"sep", "maxsplit"});
  std::optional<std::string_view> separator;
  if (bound.has_not_none(0)) separator = bound.string(0);
  return list_of(split(object.as_string(), separator, bound.integer(1, -1), from_right));
}

Value split_lines_method(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "splitlines", {"keepends"});
  Items lines;
  for (const auto line : split_lines(object.as_string(), bound.boolean(0, false))) {
    lines.push_back(Value::string(std::string(line)));
  }
  return Value::list(std::move(lines));
}

// The part of the string a search looks at, and where it begins in bytes.
struct Window {
  std::string_view text;
  std::size_t begin_bytes;
  bool is_within;  // the start is not beyond the end
};

Window window(const Value& object, const Bound& bound, std::size_t start_index) {
  const std::string_view text = object.as_string();
  if (!bound.has_not_none(start_index) && !bound.has_not_none(start_index + 1))
    return {text, 0, true};
  const auto parts = characters(text);
  const auto size = static_cast<std::int64_t>(parts.size());
  const auto clamp = [&](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size);
  };
  const auto raw_start = bound.has_not_none(start_index) ? bound.integer(start_index, 0) : 0;
  const auto start = clamp(raw_start);
  const auto stop =
      bound.has_not_none(start_index + 1) ? clamp(bound.integer(start_index + 1, size)) : size;
  const auto offset = [&](std::int64_t at) {
    return at == size
               ? text.size()
               : static_cast<std::size_t>(parts[static_cast<std::size_t>(at)].data() - text.data());
  };
  if (raw_start > size || start > stop) return {{}, 0, false};
  return {text.substr(offset(start), offset(stop) - offset(start)), offset(start), true};
}

template <bool from_right, bool must_find>
Value find_method_of_string(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "find", {"sub", "start", "end"}, 1);
  const auto needle = bound.string(0);
  const auto in = window(object, bound, 1);
  const auto at = !in.is_within ? std::string_view::npos
                  : from_right  ? in.text.rfind(needle)
                                : in.text.find(needle);
  if (at == std::string_view::npos) {
    if (must_find) raise("substring not found");
    return Value::integer(-1);
  }
  const auto before = std::string_view(object.as_string()).substr(0, in.begin_bytes + at);
  return Value::integer(static_cast<std::int64_t>(count_characters(before)));
}

Value count_method(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "count", {"sub", "start", "end"}, 1);
  const auto needle = bound.string(0);
  const auto in = window(object, bound, 1);
  if (!in.is_within) return Value::integer(0);
  if (needle.empty()) {
    return Value::integer(static_cast<std::int64_t>(count_characters(in.text)) + 1);
  }
  std::int64_t count = 0;
  for (auto at = in.text.find(needle); at != in.text.npos;
       at = in.text.find(needle, at + needle.size()))
    ++count;
  return Value::integer(count);
}

template <bool at_end>
Value begins_or_ends(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, at_end ? "endswith" : "startswith", {"affix", "start", "end"}, 1);
  const auto in = window(object, bound, 1);
  const auto matches = [&](const Value& affix) {
    if (!affix.is_string()) {
      raise(std::string(at_end ? "endswith" : "startswith") +
            " first arg must be str or a tuple of str, not " + std::string(type_name(affix)));
    }
    if (!in.is_within) return false;
    return at_end ? in.text.ends_with(affix.as_string()) : in.text.starts_with(affix.as_string());
  };
  if (!bound[0].is(Kind::Tuple)) return Value::boolean(matches(bound[0]));
  const auto& affixes = bound[0].as_sequence().items;
  return Value::boolean(std::any_of(affixes.begin(), affixes.end(), matches));
}

Value replace_method(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "replace", {"old", "new", "count"}, 2);
  const auto old = bound.string(0);
  const auto with = bound.string(1);
  const auto occurrences =
      old.empty() ? object.as_string().size() + 1 : object.as_string().size() / old.size();
  if (with.size() > old.size() && occurrences > (1U << 16)) {
    check_size(static_cast<std::int64_t>(std::min<std::size_t>(with.size(), 1U << 30)) *
               static_cast<std::int64_t>(1 + bound[1].as_string().size() / 1024));
  }
  return like(object, replace(object.as_string(), old, with, bound.integer(2, -1)));
}

Value join_method(Interpreter& interpreter, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "join", {"iterable"}, 1);
  const Iteration iteration(bound[0]);
  std::string out;
  std::size_t index = 0;
  for (const auto& item : iteration.items()) {
    interpreter.step();
    if (!item.is_string()) {
      raise("sequence item " + std::to_string(index) + ": expected str instance, " +
            std::string(type_name(item)) + " found");
    }
    if (index++) out += object.as_string();
    out += item.as_string();
    check_size(static_cast<std::int64_t>(out.size()));
  }
  return like(object, std::move(out));
}

Value format_method(Interpreter& interpreter, const Value& object, const Arguments& arguments) {
  return like(object, format_braces(interpreter, object.as_string(), arguments));
}

Value format_map(Interpreter& interpreter, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "format_map", {"mapping"}, 1);
  if (!bound[0].is_dict()) raise("format_map() takes a mapping");
  Arguments named;
  for (const auto& [key, value] : bound[0].as_dict().entries) {
    named.named.emplace_back(to_text(key), value);
  }
  return like(object, format_braces(interpreter, object.as_string(), named));
}

template <bool from_right>
Value partition(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "partition", {"sep"}, 1);
  const auto separator = bound.string(0);
  if (separator.empty()) raise("empty separator");
  const std::string_view text = object.as_string();
  const auto at = from_right ? text.rfind(separator) : text.find(separator);
  const auto part = [&](std::string_view of) { return Value::string(std::string(of)); };
  if (at == text.npos) {
    return from_right ? Value::tuple({part(""), part(""), object})
                      : Value::tuple({object, part(""), part("")});
  }
  return Value::tuple(
      {part(text.substr(0, at)), part(separator), part(text.substr(at + separator.size()))});
}

template <bool is_suffix>
Value remove_affix(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "removeprefix", {"affix"}, 1);
  std::string_view text = object.as_string();
  const auto affix = bound.string(0);
  if (is_suffix && text.ends_with(affix)) text.remove_suffix(affix.size());
  if (!is_suffix && text.starts_with(affix)) text.remove_prefix(affix.size());
  return like(object, std::string(text));
}

template <Alignment alignment>
Value padded(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "just", {"width", "fillchar"}, 1);
  const auto fill = bound.string(1, " ");
  if (count_characters(fill) != 1) raise("The fill character must be exactly one character long");
  return like(object, pad_text(object.as_string(), bound.integer(0, 0), fill, alignment));
}

Value zfill(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "zfill", {"width"}, 1);
  const auto& text = object.as_string();
  const std::size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+');
  return like(object,
              text.substr(0, sign) + pad_text(text.substr(sign),
                                              bound.integer(0, 0) - static_cast<std::int64_t>(sign),
                                              "0", Alignment::Right));
}

Value expand_tabs(Interpreter&, const Value& object, const Arguments& arguments) {
  const Bound bound(arguments, "expandtabs", {"tabsize"});
  const auto tab_size = bound.integer(0, 8);
  std::string out;
  std::int64_t column = 0;
  for (const auto character : characters(object.as_string())) {
    if (character == "\t") {
      const auto spaces = tab_size > 0 ? tab_size - column % tab_size : 0;
      check_size(spaces + static_cast<std::int64_t>(out.size()));
      out.append(static_cast<std::size_t>(spaces), ' ');
      column += spaces;
      continue;
    }
    column = character == "\n" || character == "\r" ? 0 : column + 1;
    out += character;
  }
  return like(object, std::move(out));
}

constexpr std::array methods = {
    Method{"startswith", begins_or_ends<false>},
    Method{"endswith", begins_or_ends<true>},
    Method{"strip", stripped<Side::Both>},
    Method{"lstrip", stripped<Side::Left>},
    Method{"rstrip", stripped<Side::Right>},
    Method{"split", split_method<false>},
    Method{"rsplit", split_method<true>},
    Method{"replace", replace_method},
    Method{"upper", mapped<upper>},
    Method{"lower", mapped<lower>},
    Method{"title", mapped<title>},
    Method{"capitalize", mapped<capitalize>},
    Method{"casefold", mapped<casefold>},
    Method{"swapcase", mapped<swapcase>},
    Method{"join", join_method},
    Method{"format", format_method},
    Method{"format_map", format_map},
    Method{"find", find_method_of_string<false, false>},
    Method{"rfind", find_method_of_string<true, false>},
    Method{"index", find_method_of_string<false, true>},
    Method{"rindex", find_method_of_string<true, true>},
    Method{"count", count_method},
    Method{"splitlines", split_lines_method},
    Method{"partition", partition<false>},
    Method{"rpartition", partition<true>},
    Method{"removeprefix", remove_affix<false>},
    Method{"removesuffix", remove_affix<true>},
    Method{"ljust", padded<Alignment::Left>},
    Method{"rjust", padded<Alignment::Right>},
    Method{"center", padded<Alignment::Center>},
    Method{"zfill", zfill},
    Method{"expandtabs", expand_tabs},
};

}  // namespace

std::span<const Method> string_methods() {
  return methods;
}

}  // namespace inference::jinja
