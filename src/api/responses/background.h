// Responses that nobody waits for: begun as a row and a job, run by the worker, followed by as many
// readers as like. What a reader was shown is on disk.
#pragma once

#include <memory>
#include <string>

#include "api/responses/announcements.h"
#include "api/responses/parts.h"
#include "api/responses/turn.h"
#include "http/response.h"
#include "jobs/handler.h"

namespace api::responses {

// Owned by the routes. Any thread.
class Background {
 public:
  explicit Background(const Parts& parts) : parts_(parts) {}

  // Stores the response as queued, with its job. `body` is the request as it came. Throws ApiError.
  base::awaitable<http::Response> create(Turn turn, json::Value body);
  // The events from `first` on, then those to come, to the end.
  base::awaitable<> follow(http::SseWriter& sse, records::Key key, std::int64_t first);
  // Ends it if it still runs; the record afterwards. InvalidRequest for one that runs in the
  // foreground's way.
  base::awaitable<Result<records::Record>> cancel(records::Key key);
  // Deletes it, and its job with it.
  base::awaitable<Status> remove(records::Key key);

  jobs::Handler handler();

 private:
  class Writer;  // events to rows, beside the run

  base::awaitable<jobs::Outcome> run(jobs::Attempt& attempt);
  base::awaitable<Result<Turn>> resume(jobs::Attempt& attempt);
  base::awaitable<Status> perform(jobs::Attempt& attempt, Turn turn);
  base::awaitable<Status> finish(jobs::Attempt& attempt, Turn& turn, Transcript& transcript);
  base::awaitable<Status> end_failed(jobs::Attempt& attempt, Error error);
  // At the end of a job that did not finish by itself.
  Status on_end(store::Transaction& transaction, const jobs::Job& job);
  // Marks a running one as ended, its events too.
  Status end(store::Transaction& transaction, const records::Key& key, records::Stored stored,
             const std::optional<Error>& error);

  Status announce(store::Transaction& transaction, const records::Key& key,
                  const json::Object& response);

  Parts parts_;
  Announcements announcements_;
};

}  // namespace api::responses
