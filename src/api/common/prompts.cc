#include "api/common/prompts.h"

#include <algorithm>

#include "base/json/codec.h"
#include "base/limits/request.h"

namespace api {
namespace {

Result<inference::RawPrompt> read_tokens(const json::Value& value, const json::Path& path) {
  std::vector<std::int32_t> tokens;
  json::Constraints range;
  range.min = 0;
  range.length_min = 1;
  if (auto status = json::read_into(tokens, value, path, range); !status)
    return fail(status.error());
  return inference::RawPrompt(std::move(tokens));
}

Result<inference::RawPrompt> read_one(const json::Value& value, const json::Path& path) {
  if (value.is_string()) return inference::RawPrompt(std::string(value.get_string()));
  if (value.is_array()) return read_tokens(value, path);
  return json::errors::type(path, "one of a string or array of integers", value);
}

}  // namespace

Result<Prompts> Prompts::from_json(const json::Value& value, const json::Path& path) {
  Prompts out;
  const auto* array = value.if_array();
  const bool all_numbers =
      array && !array->empty() &&
      std::all_of(array->begin(), array->end(), [](const json::Value& v) { return v.is_number(); });
  if (value.is_string() || all_numbers) {
    auto one = read_one(value, path);
    if (!one) return fail(one.error());
    out.each.push_back(std::move(*one));
    return out;
  }
  if (!array)
    return json::errors::type(path, "one of a string or array of strings, integers, or arrays",
                              value);

  json::Constraints length;
  length.length_min = 1;
  length.length_max = limits::embedding_inputs_max;
  if (auto status = json::errors::check_array_length(path, array->size(), length); !status)
    return fail(status.error());
  for (std::size_t i = 0; i < array->size(); ++i) {
    auto one = read_one((*array)[i], path.element(i));
    if (!one) return fail(one.error());
    out.each.push_back(std::move(*one));
  }
  return out;
}

json::Value Prompts::to_json() const {
  json::Array out;
  for (const auto& prompt : each) {
    if (const auto* text = std::get_if<std::string>(&prompt))
      out.emplace_back(*text);
    else
      out.emplace_back(json::write(std::get<1>(prompt)));
  }
  return out;
}

}  // namespace api
