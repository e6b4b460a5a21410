// Renders the stored templates with the stored conversations and compares with the stored prompts.
// For tests and for the program that compares everything. Not used in serving.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace inference::jinja {

struct TemplateComparison {
  std::string name;
  std::size_t n_cases = 0;
  std::vector<std::string> differences = {};  // "conversation: what differs"
};

// Every NAME.jinja in `folder` (NAME.json has the prompts, conversations.json the conversations),
// by name; with `only` not empty just that one.
std::vector<TemplateComparison> compare_templates(const std::filesystem::path& folder,
                                                  std::string_view only = {});

}  // namespace inference::jinja
