// Hosted tools: what a model may call and we carry out. The interface, and the table of those that
// are there.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/json/field.h"
#include "base/json/value.h"
#include "inference/tool.h"

namespace tools {

// One call by the model.
struct Call {
  base::ProjectId project;
  std::string id;         // of the call's item: "fs_..."
  std::string arguments;  // the JSON text that the model wrote; may be no JSON at all
  json::Object options;   // the tool's entry in the request's `tools`
  std::string user_text;  // what the user said last
  int cited_before = 0;   // sources that earlier calls of this run have numbered
  std::size_t text_bytes_max = 1 << 20;  // of what the model is told: it reads no more
};

// Where a running call tells what happens. One coroutine.
class Progress {
 public:
  virtual ~Progress() = default;
  // `type` as in the API, without "response.": "file_search_call.searching". The item's id, its
  // index and the sequence number are added to `fields`.
  virtual base::awaitable<> event(std::string type, json::Object fields = {}) = 0;
};

// A source that the model may cite by its number.
struct Source {
  json::Object annotation;  // {"type": "file_citation", ...} without its place in the text
  std::string text;
};

struct Answer {
  // The finished item's members besides `id` and `type`: {"status", "queries", "results"}. All that
  // is known: what `include` did not ask for is left out when it is shown.
  json::Object item;
  std::string text;  // what the model is told
  // Numbered from `cited_before` + 1 in `text`. A [n] or 【n】 that the model writes becomes an
  // annotation and leaves the text.
  std::vector<Source> sources = {};
};

// Lifetime: owned by the Registry. Any thread; many calls at a time.
class Tool {
 public:
  virtual ~Tool() = default;
  // "file_search_call"
  virtual std::string_view item_type() const = 0;
  // Checks the entry in `tools`. Errors name the path.
  virtual Status check(const json::Object& options, const json::Path& path) const = 0;
  // Whether what the options name is there, for this project. Told before anything happens.
  virtual base::awaitable<Status> ready(base::ProjectId /*project*/, json::Object /*options*/) {
    co_return Status{};
  }
  // How the model sees it. The name is what it calls.
  virtual inference::Tool declaration(const json::Object& options) const = 0;
  // Whether it works before the model is asked, with what the user said last: for models too small
  // to call it by themselves.
  virtual bool goes_first(const std::string& /*model*/) const { return false; }
  // The item's members while it runs, besides `id` and `type`: {"status": "in_progress", ...}.
  virtual json::Object begin(const Call& call) const = 0;
  // Carries it out. An error is told to the model, and the item is shown as failed.
  virtual base::awaitable<Result<Answer>> run(Call call, Progress& progress) = 0;
};

// By the `type` of an entry in `tools`. Set up before it serves, then any thread.
class Registry {
 public:
  void add(std::string type, std::unique_ptr<Tool> tool) {
    tools_[std::move(type)] = std::move(tool);
  }
  // nullptr for a type that is not served here.
  Tool* find(std::string_view type) const {
    const auto found = tools_.find(type);
    return found == tools_.end() ? nullptr : found->second.get();
  }

 private:
  std::map<std::string, std::unique_ptr<Tool>, std::less<>> tools_;
};

}  // namespace tools
