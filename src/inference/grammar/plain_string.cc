#include "inference/grammar/plain_string.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "inference/grammar/formats.h"
#include "inference/grammar/literals.h"
#include "inference/grammar/regex.h"

namespace inference::grammar {
namespace {

using engine::grammar::kUnbounded;
using engine::grammar::TermId;
using engine::grammar::Terms;

constexpr std::string_view kAnnotations[] = {"type",    "title",    "description",    "default",
                                             "example", "examples", "deprecated",     "readOnly",
                                             "$schema", "$comment", "contentEncoding"};

std::unexpected<Error> refuse(std::string_view keyword, std::string_view why) {
  return fail(ErrorCode::InvalidRequest,
              fmt::format("Invalid schema: '{}' cannot be enforced in this model's tool calls: {}.",
                          keyword, why),
              fmt::format("#/{}", keyword));
}

TermId any_of(Terms& terms, std::span<const json::Value> values) {
  std::vector<std::string_view> texts;
  for (const json::Value& value : values) {
    if (value.is_string()) texts.push_back(value.get_string());
  }
  return texts.empty() ? engine::grammar::kNothing : any_literal(terms, texts);
}

std::uint32_t count(const json::Value& value, std::uint32_t otherwise) {
  const auto* number = value.if_int64();
  return number && *number >= 0 && *number < 1'000'000 ? static_cast<std::uint32_t>(*number)
                                                       : otherwise;
}

}  // namespace

bool is_plain_string(const json::Value& schema) {
  const auto* object = schema.if_object();
  return object && json::string_or(*object, "type") == "string";
}

Result<TermId> plain_string(Terms& terms, const json::Value& schema) {
  std::vector<TermId> parts;
  std::uint32_t length_min = 0, length_max = kUnbounded;
  for (const auto& [key, value] : schema.as_object()) {
    const std::string_view keyword = key;
    if (keyword == "enum" && value.is_array()) {
      parts.push_back(any_of(terms, value.get_array()));
    } else if (keyword == "const") {
      parts.push_back(any_of(terms, std::span(&value, 1)));
    } else if (keyword == "minLength") {
      length_min = count(value, 0);
    } else if (keyword == "maxLength") {
      length_max = count(value, kUnbounded);
    } else if (keyword == "pattern" && value.is_string()) {
      auto term = regex_term(terms, value.get_string());
      if (!term) return refuse(keyword, term.error().message);
      parts.push_back(*term);
    } else if (keyword == "format" && value.is_string()) {
      const auto pattern = format_pattern(value.get_string());
      const auto term = regex_term(terms, pattern.value_or("[\\s\\S]*"), {.whole = true});
      if (term) parts.push_back(*term);
    } else if (std::ranges::find(kAnnotations, keyword) == std::end(kAnnotations)) {
      return refuse(keyword, "the argument is written as plain text");
    }
  }
  parts.push_back(terms.repeat(terms.any_code_point(), length_min, length_max));
  return terms.intersection(parts);
}

}  // namespace inference::grammar
