// One turn of a conversation with a model: a request with everything that it stands on, ready to be
// run. The same for a client that waits and for a job.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/run.h"
#include "api/responses/parts.h"
#include "api/responses/records.h"
#include "api/responses/request.h"
#include "api/responses/transcript.h"

namespace api::responses {

// The right to append to a conversation. Given back at the latest when it is destroyed, on the
// store's pool then; who answers with an error gives it back first, so that the client can go on.
class ConversationLock {
 public:
  ConversationLock(const Parts& parts, store::ItemList list, std::string holder)
      : parts_(parts), list_(std::move(list)), holder_(std::move(holder)) {}
  ~ConversationLock();
  ConversationLock(const ConversationLock&) = delete;
  ConversationLock& operator=(const ConversationLock&) = delete;

  base::awaitable<> give_back();
  // Somebody else gives it back: the transaction that ends the turn, or the job.
  void forget() { held_ = false; }
  const std::string& holder() const { return holder_; }

 private:
  Parts parts_;
  store::ItemList list_;
  std::string holder_;
  bool held_ = true;
};

struct Turn {
  records::Key key;
  std::string family;  // what the ids of its items share
  std::int64_t created_at = 0;
  inference::Priority priority = inference::Priority::Interactive;  // the caller's
  CreateRequest request;
  std::vector<items::Item> read;  // what the model reads: the context, then the request's own
  std::size_t n_inherited = 0;    // of `read`: the context
  std::int64_t conversation_end = 0;
  // While it has a conversation; shared with the handler, which gives it back after an error.
  std::shared_ptr<ConversationLock> lock;
  json::Object response;                  // as it is now
  bool only_compacts = false;             // the model says nothing: see items::take_trigger
  std::optional<items::Item> compaction;  // the first item of its output
  inference::Usage spent;                 // on the compaction
  std::size_t output_index = 0;  // of its next item in the events: after what was interrupted

  std::vector<items::Item> own() const {
    return {read.begin() + static_cast<std::ptrdiff_t>(n_inherited), read.end()};
  }
  records::Record record(bool streamed) const;
  // What all of it took, when its run took this.
  inference::Usage usage(inference::Usage of_run) const;
};

// Who holds a conversation's lock for this response. Those of jobs outlive the process.
std::string lock_holder(const std::string& response_id, bool in_background);
inline constexpr std::string_view kJobHolder = "job:";

enum class Purpose { Run, Read };
// Makes the turn of a new request: looks up what it stands on, takes the conversation's lock when
// it will be run, gives ids, checks the whole. Throws ApiError; the lock may be taken then.
base::awaitable<> prepare(const Parts& parts, base::ProjectId project, CreateRequest request,
                          Turn& turn, Purpose purpose = Purpose::Run);

// Makes the tools that its items bring (additional_tools) the request's. Throws ApiError.
void add_tools_of_items(Turn& turn);

// When a response that ends or begins now is forgotten; absent: never.
std::optional<std::int64_t> kept_until(const Parts& parts, const json::Object& response,
                                       std::int64_t now);

// What to run. Compacts the context first where the request asks for that. Throws ApiError.
base::awaitable<agent::Task> task_for(const Parts& parts, Turn& turn);

struct TranscriptUse {
  bool events = false;
  bool obfuscate = false;
  std::int64_t sequence_number = 0;
};
Transcript transcript_for(const Parts& parts, const Turn& turn, const TranscriptUse& use);

// In the transaction that makes the job of a turn: the conversation's lock is the job's from then
// on. InvalidRequest conversation_locked when it was lost to another.
Status give_lock_to_job(store::Transaction& transaction, const Turn& turn, std::int64_t now_ms);

// In the transaction that ends a turn: its items go to the conversation, whose lock is given back.
// InvalidRequest conversation_locked when the lock was lost to another.
Status end_in_conversation(store::Transaction& transaction, const Turn& turn,
                           const std::vector<items::Item>& output, std::int64_t now_ms);

}  // namespace api::responses
