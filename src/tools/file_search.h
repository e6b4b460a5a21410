// The file_search tool: passages of vector stores, numbered so that the model can cite them.
#pragma once

#include <string>
#include <vector>

#include "tools/tool.h"
#include "vector/search.h"

namespace tools {

// OpenAI API reference, Responses, file search.
class FileSearch final : public Tool {
 public:
  struct Options {
    // Models that read at most so many tokens are not asked whether to search: it is done before,
    // with the user's words.
    std::int64_t small_context_tokens = 4'096;
    // The same for these, whose context is not known before they are loaded.
    std::vector<std::string> small_models = {};
  };
  FileSearch(vector::Search& search, const inference::Backend& backend, Options options)
      : search_(search), backend_(backend), options_(options) {}

  std::string_view item_type() const override { return "file_search_call"; }
  Status check(const json::Object& options, const json::Path& path) const override;
  base::awaitable<Status> ready(base::ProjectId project, json::Object options) override;
  inference::Tool declaration(const json::Object& options) const override;
  bool goes_first(const std::string& model) const override;
  json::Object begin(const Call& call) const override;
  base::awaitable<Result<Answer>> run(Call call, Progress& progress) override;

 private:
  vector::Search& search_;
  const inference::Backend& backend_;
  const Options options_;
};

}  // namespace tools
