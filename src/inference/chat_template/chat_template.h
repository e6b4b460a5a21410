// From messages and tools to the prompt of a model: its own chat template, with what the template
// cannot express put into what it can.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json/value.h"
#include "base/time.h"
#include "inference/chat_template/capabilities.h"
#include "inference/jinja/template.h"
#include "inference/message.h"
#include "inference/tool.h"

namespace inference {

// For models without a template of their own: ChatML.
extern const std::string_view fallback_chat_template;

struct ChatTemplateOptions {
  bool add_generation_prompt = true;
  // Whether to think, and how hard ("low", "medium", "high"): given to whichever variables the
  // template has for it. Absent and empty leave the template's own defaults.
  std::optional<bool> thinking = {};
  std::string reasoning_effort = {};
  // Further variables, as Hugging Face's apply_chat_template takes them; they win over all others.
  std::vector<std::pair<std::string, json::Value>> kwargs = {};
  json::Value documents = {};  // null, or a list of objects for retrieval templates
  base::UnixTime now = {};     // for templates that tell the date
};

// Immutable; any thread, any number of renders at once.
class ChatTemplate {
 public:
  // An empty source means the fallback. Fails with InvalidRequest or ResourceExhausted for a source
  // that is no template.
  static Result<ChatTemplate> compile(std::string_view source, TemplateTokens tokens);

  // The prompt as text, special tokens included. A conversation the template refuses (two users in
  // a row, a system message where none may be) is put into the nearest form it takes; when there is
  // none the error is InvalidRequest with the template's words.
  Result<std::string> render(const std::vector<Message>& messages, const std::vector<Tool>& tools,
                             const ChatTemplateOptions& options) const;

  const TemplateCapabilities& capabilities() const { return capabilities_; }
  // Calls are written as the template's family does; false: as the generic prompt asks for.
  bool has_own_tools() const { return capabilities_.tools || capabilities_.tool_calls; }
  const std::string& source() const { return source_; }

 private:
  ChatTemplate(std::string source, jinja::Template parsed, TemplateTokens tokens);

  Result<std::string> render_once(const std::vector<Message>& messages, const json::Value& tools,
                                  const TemplateCapabilities& capabilities,
                                  const ChatTemplateOptions& options) const;
  std::vector<std::pair<std::string, json::Value>> template_variables(
      const json::Value& tools, const ChatTemplateOptions& options) const;

  std::string source_;
  jinja::Template template_;
  TemplateTokens tokens_;
  TemplateCapabilities capabilities_;
};

}  // namespace inference
