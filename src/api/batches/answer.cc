#include "api/batches/answer.h"

#include <fmt/format.h>

#include "base/json/value.h"

namespace api::batches {
namespace {

std::int64_t integer(const json::Object& object, const char* name) {
  const json::Value* found = json::find(object, name);
  return found && found->is_int64() ? found->get_int64() : 0;
}

std::int64_t detail(const json::Object& usage, const char* details, const char* name) {
  const json::Value* found = json::find(usage, details);
  const auto* object = found ? found->if_object() : nullptr;
  return object ? integer(*object, name) : 0;
}

// Bodies without a line end go in as they are: numbers keep their digits.
std::string on_one_line(const std::string& body) {
  if (body.find_first_of("\r\n") == std::string::npos) return body.empty() ? "null" : body;
  auto value = json::parse(body);
  return value ? json::dump(*value) : json::quote(body);
}

}  // namespace

std::string answered_line(const Answer& answer) {
  return fmt::format(
      R"({{"id":{},"custom_id":{},"response":{{"status_code":{},"request_id":{},"body":{}}},"error":null}})",
      json::quote(answer.id), json::quote(answer.custom_id), answer.status,
      json::quote(answer.request_id), on_one_line(answer.body));
}

std::string unanswered_line(const Unanswered& line) {
  return json::dump(
      json::Object{{"id", line.id},
                   {"custom_id", line.custom_id},
                   {"response", nullptr},
                   {"error", json::Object{{"code", line.code}, {"message", line.message}}}});
}

store::BatchTokens tokens_of(std::string_view body) {
  auto value = json::parse(body);
  const json::Value* found = value ? json::find(*value, "usage") : nullptr;
  const auto* usage = found ? found->if_object() : nullptr;
  if (!usage) return {};
  return {.input = integer(*usage, "prompt_tokens") + integer(*usage, "input_tokens"),
          .cached = detail(*usage, "prompt_tokens_details", "cached_tokens") +
                    detail(*usage, "input_tokens_details", "cached_tokens"),
          .output = integer(*usage, "completion_tokens") + integer(*usage, "output_tokens"),
          .reasoning = detail(*usage, "completion_tokens_details", "reasoning_tokens") +
                       detail(*usage, "output_tokens_details", "reasoning_tokens")};
}

}  // namespace api::batches
