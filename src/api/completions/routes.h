// POST /v1/completions: the legacy endpoint. Prompts of one request run side by side; `best_of`
// draws more candidates than are returned and keeps those with the highest mean log probability.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/completions/types.h"
#include "base/ids.h"
#include "gateway/caller.h"
#include "http/router.h"
#include "inference/backend.h"

namespace api::completions {

class CompletionsRoutes {
 public:
  CompletionsRoutes(inference::Backend& backend, base::IdGenerator& ids, const base::Clock& clock)
      : backend_(backend), ids_(ids), clock_(clock) {}
  void add_to(http::Router& router);

 private:
  using Events = std::unique_ptr<inference::EventStream>;

  base::awaitable<http::Response> create(http::Request& request);
  // One stream of events per prompt, all started; throws the first error.
  base::awaitable<std::vector<Events>> start(CreateRequest wire, gateway::Caller caller);
  base::awaitable<> stream(http::SseWriter& sse, std::vector<Events> events, CreateRequest wire,
                           std::string id);

  inference::Backend& backend_;
  base::IdGenerator& ids_;
  const base::Clock& clock_;
};

}  // namespace api::completions
