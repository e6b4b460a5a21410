// A chat template in Jinja's language: parsed once, rendered many times. Equal to Jinja2 3.1 with
// the settings of Hugging Face transformers; what a template may use up is capped.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json/value.h"
#include "base/limits/chat_template.h"
#include "base/time.h"

namespace inference::jinja {

struct RenderOptions {
  base::UnixTime now;  // what strftime_now tells, in UTC
  std::size_t steps_max = limits::template_steps_max;
  std::size_t output_bytes_max = limits::template_output_bytes_max;
  std::size_t live_bytes_max = limits::template_live_bytes_max;
  std::size_t work_bytes_max = limits::template_work_bytes_max;
};

// The template's variables by name. A later one hides an earlier one of the same name.
using Variables = std::vector<std::pair<std::string_view, const json::Value*>>;

// Immutable: any number of threads may render the same template at once. Copies share the tree.
class Template {
 public:
  // InvalidRequest with the line for what is no template, ResourceExhausted for what is too large.
  static Result<Template> parse(std::string_view source);

  // InvalidRequest with the template's own words where it calls raise_exception, and with Python's
  // where it does something that Python refuses; ResourceExhausted when a cap is reached.
  Result<std::string> render(const Variables& variables, const RenderOptions& options) const;

  // Whether the source mentions this name as a variable, anywhere.
  bool mentions(std::string_view name) const;

 private:
  explicit Template(std::shared_ptr<const struct SyntaxTree> tree) : tree_(std::move(tree)) {}

  std::shared_ptr<const struct SyntaxTree> tree_;  // shared by copies
};

}  // namespace inference::jinja
