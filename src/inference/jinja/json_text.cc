#include "inference/jinja/json_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "inference/jinja/python_text.h"

namespace inference::jinja {
namespace {

class JsonWriter {
 public:
  explicit JsonWriter(const JsonStyle& style) : style_(style) {}

  std::string take() { return std::move(out_); }

  void write(const Value& value, std::size_t depth) {
    switch (value.kind()) {
      case Kind::None:
      case Kind::Bool:
      case Kind::Int:
      case Kind::Float: out_ += scalar(value); break;
      case Kind::String: quote(value.as_string()); break;
      case Kind::List:
      case Kind::Tuple: array(value.as_sequence().items, depth); break;
      case Kind::Dict: object(value.as_dict(), depth); break;
      default:
        raise("Object of type " + std::string(type_name(value)) + " is not JSON serializable");
    }
    check_size(static_cast<std::int64_t>(out_.size()));
  }

 private:
  static std::string scalar(const Value& value) {
    if (value.is_none()) return "null";
    if (value.is(Kind::Bool)) return value.as_bool() ? "true" : "false";
    if (value.is(Kind::Int)) return std::to_string(value.as_int());
    const double number = value.as_double();
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
    return repr_float(number);
  }

  void quote(std::string_view text) {
    out_ += '"';
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      switch (c) {
        case '"': out_ += "\\\""; break;
        case '\\': out_ += "\\\\"; break;
        case '\n': out_ += "\\n"; break;
        case '\r': out_ += "\\r"; break;
        case '\t': out_ += "\\t"; break;
        case '\b': out_ += "\\b"; break;
        case '\f': out_ += "\\f"; break;
        default:
          if (static_cast<unsigned char>(c) < 0x20) {
            unit(static_cast<unsigned char>(c));
          } else if (static_cast<unsigned char>(c) < 0x80 || !style_.ensure_ascii) {
            out_ += c;
          } else {
            const auto character = characters(text.substr(i, 4))[0];
            escape(to_code_points(character)[0]);
            i += character.size() - 1;
          }
      }
    }
    out_ += '"';
  }

  void escape(char32_t c) {
    if (c < 0x10000) return unit(static_cast<unsigned>(c));
    unit(0xD800 + static_cast<unsigned>((c - 0x10000) >> 10));
    unit(0xDC00 + static_cast<unsigned>((c - 0x10000) & 0x3FF));
  }

  void unit(unsigned code) {
    char buffer[16];
    std::snprintf(buffer, sizeof buffer, "\\u%04x", code);
    out_ += buffer;
  }

  void new_line(std::size_t depth) {
    if (!style_.indent) return;
    out_ += '\n';
    for (std::size_t i = 0; i < depth; ++i) out_ += *style_.indent;
  }

  void array(const Items& items, std::size_t depth) {
    if (items.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i) out_ += style_.item_separator;
      new_line(depth + 1);
      write(items[i], depth + 1);
    }
    new_line(depth);
    out_ += ']';
  }

  void object(const Dict& dict, std::size_t depth) {
    if (dict.entries.empty()) {
      out_ += "{}";
      return;
    }
    std::vector<const Entries::value_type*> entries;
    for (const auto& entry : dict.entries) entries.push_back(&entry);
    if (style_.sort_keys) {
      std::stable_sort(entries.begin(), entries.end(),
                       [](const auto* a, const auto* b) { return less(a->first, b->first, "<"); });
    }
    out_ += '{';
    bool is_first = true;
    for (const auto* entry : entries) {
      if (!is_first) out_ += style_.item_separator;
      is_first = false;
      new_line(depth + 1);
      key(entry->first);
      out_ += style_.key_separator;
      write(entry->second, depth + 1);
    }
    new_line(depth);
    out_ += '}';
  }

  void key(const Value& value) {
    if (value.is_string()) return quote(value.as_string());
    if (!value.is_none() && !value.is_number()) {
      raise("keys must be str, int, float, bool or None, not " + std::string(type_name(value)));
    }
    quote(scalar(value));
  }

  const JsonStyle& style_;
  std::string out_;
};

}  // namespace

std::string to_json(const Value& value, const JsonStyle& style) {
  JsonWriter writer(style);
  writer.write(value, 0);
  return writer.take();
}

}  // namespace inference::jinja
