// The events of streams that can be resumed, by sequence number. Knows no event type.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/db/session.h"

namespace store {

// `stream`: the id of the object whose stream it is.
struct EventStream {
  base::ProjectId project;
  std::string stream;
};

struct StreamEvent {
  std::int64_t sequence_number = 0;
  std::string body;  // JSON
};

namespace events {

// Conflict unless the numbers continue the stream without a gap or repeat (the first may be any).
Status append(Transaction& transaction, const EventStream& stream,
              const std::vector<StreamEvent>& events);

// Events with a sequence number >= `from`, in order, at most `limit`.
Result<std::vector<StreamEvent>> read(Session& session, const EventStream& stream,
                                      std::int64_t from, std::size_t limit);

// The highest sequence number; -1 for a stream without events.
Result<std::int64_t> last(Session& session, const EventStream& stream);

Status remove_all(Transaction& transaction, const EventStream& stream);

}  // namespace events
}  // namespace store
