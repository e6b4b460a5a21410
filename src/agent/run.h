// The loop of model -> tool -> model.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/citations.h"
#include "agent/event.h"
#include "base/limits/agent.h"
#include "inference/backend.h"
#include "tools/tool.h"

namespace agent {

struct HostedTool {
  tools::Tool* tool = nullptr;  // lives in the registry
  json::Object options;         // its entry in the request
};

struct Task {
  inference::GenerateRequest generate;  // with the client's own tools; one choice
  std::vector<HostedTool> hosted;
  // Hosted calls at most; further ones are not made.
  int hosted_calls_max = limits::agent_hosted_calls_max;
  int rounds_max = limits::agent_rounds_max;
  bool allowed_stays = false;  // the allowed tools are those of every round, not of a forced call
  bool silent = false;         // the model is not asked: what came before was all that was wanted
  std::chrono::nanoseconds time_max = limits::agent_time_max;
  // The id of a new item of that type.
  std::function<std::string(std::string_view item_type)> new_id;
};

// One response. One coroutine. Destroying it, or cancelling the coroutine, ends what still runs.
class Run {
 public:
  Run(inference::Backend& backend, Task task);
  ~Run();

  // Begins the first generation. What is wrong with the request is told here.
  base::awaitable<Status> start();
  // To the end. The observer's last event is Finished or Failed.
  base::awaitable<> proceed(Observer& observer);

 private:
  struct Round;  // what the model said and called since it was last read

  base::awaitable<Status> begin_round();
  // False after Failed.
  base::awaitable<bool> read_round(Round& round, Observer& observer);
  base::awaitable<> read_event(inference::Event& event, Round& round, Observer& observer);
  base::awaitable<> make_calls(Round& round, Observer& observer);
  base::awaitable<> make_call(const HostedTool& hosted, const Round& round,
                              const inference::ToolCall& call, Observer& observer);
  void offer_tools();
  void find_first();
  base::awaitable<Status> work_first(Observer& observer);
  base::awaitable<> tell(std::vector<Event> events, Observer& observer);
  tools::Call invocation(const HostedTool& hosted, std::string id, std::string arguments) const;

  inference::Backend& backend_;
  Task task_;
  std::vector<inference::Tool> own_tools_;     // the client's
  std::map<std::string, HostedTool> by_name_;  // by what the model calls
  std::unique_ptr<inference::EventStream> events_;
  const std::chrono::steady_clock::time_point deadline_;
  std::vector<HostedTool> first_;  // that work before the model is asked
  Citations citations_;
  std::size_t tool_text_bytes_max_ = 0;
  inference::Usage usage_;
  int rounds_ = 0;
  int calls_ = 0;
};

}  // namespace agent
