// Any bytes as a template: parse, and render with small caps on a small conversation.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "inference/jinja/template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto variables = json::parse(
      R"({"messages": [{"role": "user", "content": "Grüße 😀"}, {"role": "assistant", "content": null,
          "tool_calls": [{"function": {"name": "f", "arguments": {"a": [1, 2.5, true]}}}]}],
          "n": 5, "s": "text", "d": {"b": 1, "a": "x"}, "l": [3, 1, 2]})");
  const auto parsed =
      inference::jinja::Template::parse({reinterpret_cast<const char*>(data), size});
  if (!parsed) return 0;
  inference::jinja::Variables by_name;
  for (const auto& [name, value] : variables->as_object()) by_name.emplace_back(name, &value);
  (void)parsed->render(by_name, {.now = {},
                                 .steps_max = 20'000,
                                 .output_bytes_max = 1 << 20,
                                 .live_bytes_max = 16 << 20,
                                 .work_bytes_max = 64 << 20});
  return 0;
}
