// Chat completions that were asked to be kept (`store: true`): the object with what the request
// said, and the request's messages. Source: OpenAI API reference, "List Chat Completions".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/common/metadata.h"
#include "base/async.h"
#include "base/ids.h"
#include "base/json/value.h"
#include "base/time.h"
#include "store/db/database.h"
#include "store/repo/page.h"

namespace api::chat {

// What is kept of a request until its completion can be stored.
struct ToStore {
  base::ProjectId project;
  json::Object request;  // the whole body
  std::string request_id;
};

struct StoredObject {
  std::string id;
  json::Object object;
};

// Any thread. Owned by app through the routes. Lives longer than every request.
class StoredChats {
 public:
  // `seconds_kept`: 0 is for ever.
  StoredChats(store::Database& database, base::Pools& pools, const base::Clock& clock,
              std::int64_t seconds_kept)
      : database_(database), pools_(pools), clock_(clock), seconds_kept_(seconds_kept) {}

  // Returns when the completion is durable.
  base::awaitable<Status> store(const ToStore& what, json::Object completion);

  // All of these: NotFound also for another project's completion and one whose time is over.
  base::awaitable<Result<json::Object>> get(base::ProjectId project, std::string id);
  base::awaitable<Result<json::Object>> set_metadata(base::ProjectId project, std::string id,
                                                     Metadata metadata);
  base::awaitable<Status> remove(base::ProjectId project, std::string id);
  base::awaitable<Result<store::Page<StoredObject>>> messages(base::ProjectId project,
                                                              std::string id,
                                                              store::PageRequest page);

  struct Filter {
    base::ProjectId project;
    std::optional<std::string> model = {};
    std::vector<std::pair<std::string, std::string>> metadata = {};  // all must match
  };
  base::awaitable<Result<store::Page<StoredObject>>> list(Filter filter, store::PageRequest page);

 private:
  store::Database& database_;
  base::Pools& pools_;
  const base::Clock& clock_;
  const std::int64_t seconds_kept_;
};

}  // namespace api::chat
