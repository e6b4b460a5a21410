#include "inference/jinja/template.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/limits/chat_template.h"
#include "inference/jinja/ast.h"
#include "inference/jinja/interpreter.h"
#include "inference/jinja/parser.h"

namespace inference::jinja {

Result<Template> Template::parse(std::string_view source) {
  if (source.size() > limits::template_source_bytes_max) {
    return fail(ErrorCode::ResourceExhausted,
                "The chat template is " + std::to_string(source.size()) + " bytes long; at most " +
                    std::to_string(limits::template_source_bytes_max) + " are supported.");
  }
  try {
    auto tree = std::make_shared<SyntaxTree>(Parser(base::utf8_repair(source)).parse());
    return Template(std::move(tree));
  } catch (const Failure& failure) {
    return fail(failure.code, failure.message);
  }
}

Result<std::string> Template::render(const Variables& variables,
                                     const RenderOptions& options) const {
  try {
    const MeteredRender metered(options.live_bytes_max, options.work_bytes_max);
    Interpreter interpreter(
        *tree_, {.steps_max = options.steps_max, .output_bytes_max = options.output_bytes_max},
        options.now);
    for (const auto& [name, value] : variables) {
      if (mentions(name)) interpreter.define(name, Value::from_json(*value));
    }
    return interpreter.run();
  } catch (const Failure& failure) {
    return fail(failure.code, failure.message);
  }
}

bool Template::mentions(std::string_view name) const {
  return std::find(tree_->names.begin(), tree_->names.end(), name) != tree_->names.end();
}

}  // namespace inference::jinja
