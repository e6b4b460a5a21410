// Expressions and statements, each compared with what Jinja2 makes of it (testdata/language.json).
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "inference/jinja/template.h"
#include "base/limits/chat_template.h"

namespace inference::jinja {
namespace {

Result<std::string> render(std::string_view source, const json::Object& variables,
                           RenderOptions options = {}) {
  using namespace std::chrono;
  options.now =
      base::UnixTime(sys_days(year(2026) / 11 / 20) + hours(12) + minutes(34) + seconds(56));
  const auto parsed = Template::parse(source);
  if (!parsed) return fail(parsed.error());
  Variables by_name;
  for (const auto& [name, value] : variables) by_name.emplace_back(name, &value);
  return parsed->render(by_name, options);
}

std::string outcome(std::string_view source, RenderOptions options = {}) {
  const auto rendered = render(source, {}, options);
  return rendered ? *rendered : "error: " + rendered.error().message;
}

TEST(JinjaLanguage, EqualsTheReference) {
  const char* root = std::getenv("PARLANCE_SOURCE");
  std::ifstream file(std::string(root ? root : ".") +
                     "/src/inference/jinja/testdata/language.json");
  if (!file) GTEST_SKIP() << "run from the source root, or set PARLANCE_SOURCE";
  std::ostringstream text;
  text << file.rdbuf();
  const auto data = json::parse(text.str());
  ASSERT_TRUE(data) << data.error().message;
  const auto& variables = data->at("variables").as_object();
  for (const auto& entry : data->at("cases").as_array()) {
    const auto& golden = entry.as_object();
    const auto source = json::string_or(golden, "template");
    const auto rendered = render(source, variables);
    if (const auto* expected = json::find(golden, "text")) {
      EXPECT_EQ(rendered ? *rendered : "error: " + rendered.error().message,
                std::string_view(expected->as_string()))
          << source;
    } else {
      EXPECT_FALSE(rendered) << source << "\nrendered as " << *rendered << "\nbut should be "
                             << json::string_or(golden, "error");
    }
  }
}

TEST(JinjaLanguage, RaisesInTheTemplatesOwnWords) {
  EXPECT_EQ(outcome("{{ raise_exception('roles must alternate') }}"),
            "error: roles must alternate");
}

TEST(JinjaLimits, StopsEndlessWork) {
  const auto loops =
      "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
  EXPECT_EQ(render(loops, {}, {.now = {}, .steps_max = 10'000}).error().code,
            ErrorCode::ResourceExhausted);
}

TEST(JinjaLimits, CountsOutputToTheByte) {
  const RenderOptions options{.now = {}, .output_bytes_max = 10};
  EXPECT_EQ(render("{{ 'x' * 10 }}", {}, options), "xxxxxxxxxx");
  EXPECT_EQ(render("{{ 'x' * 10 }}y", {}, options).error().code, ErrorCode::ResourceExhausted);
}

TEST(JinjaLimits, StopsMemory) {
  const auto hoard =
      "{% set ns = namespace(l=[]) %}{% for i in range(99999) %}{% set ns.l = ns.l + ['x' * 9999] "
      "%}{% endfor %}";
  const RenderOptions options{.now = {}, .live_bytes_max = 1 << 20};
  EXPECT_EQ(render(hoard, {}, options).error().code, ErrorCode::ResourceExhausted);
  EXPECT_FALSE(render("{{ 'x' * 10 ** 12 }}", {}));
  EXPECT_FALSE(render("{{ '%1000000000d' % 1 }}", {}));
  EXPECT_FALSE(render("{{ 'x'.center(10 ** 12) }}", {}));
}

TEST(JinjaLimits, StopsDeepRecursion) {
  EXPECT_EQ(render("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", {}).error().code,
            ErrorCode::ResourceExhausted);
  const auto nest =
      "{% set ns = namespace(l=[]) %}{% for i in range(9999) %}{% set ns.l = [ns.l] %}{% endfor %}";
  EXPECT_EQ(render(nest, {}).error().code, ErrorCode::ResourceExhausted);
}

TEST(JinjaLimits, StopsDeepSyntax) {
  for (const auto* open : {"(", "[", "-", "not ", "x.", "x|e|", "{% if x %}", "x + ", "x if "}) {
    std::string source = std::string(open).starts_with("{%") ? "" : "{{ ";
    for (int i = 0; i < 100'000; ++i) source += open;
    EXPECT_FALSE(Template::parse(source)) << open;
  }
  EXPECT_FALSE(Template::parse(std::string(limits::template_source_bytes_max + 1, 'x')));
  EXPECT_TRUE(Template::parse(std::string(limits::template_source_bytes_max, 'x')));
}

TEST(JinjaLimits, CutsCyclesThroughNamespaces) {
  EXPECT_EQ(outcome("{% set ns = namespace() %}{% set ns.me = ns %}{% set ns.l = [ns] %}ok"), "ok");
  EXPECT_FALSE(render("{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}", {}));
}

}  // namespace
}  // namespace inference::jinja
