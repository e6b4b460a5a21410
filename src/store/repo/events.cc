#include "store/repo/events.h"

namespace store::events {

Status append(Transaction& transaction, const EventStream& stream,
              const std::vector<StreamEvent>& events) {
  if (events.empty()) return {};
  auto newest = last(transaction, stream);
  if (!newest) return fail(std::move(newest.error()));
  std::int64_t expected = *newest < 0 ? events.front().sequence_number : *newest + 1;
  for (const auto& event : events) {
    if (event.sequence_number != expected) {
      return fail(ErrorCode::Conflict, "The event stream was continued by another writer.");
    }
    auto added = transaction.execute(
        "INSERT INTO events (project, stream, sequence_number, body) VALUES ($1, $2, $3, $4)",
        {stream.project, stream.stream, event.sequence_number, event.body});
    if (!added) return fail(std::move(added.error()));
    ++expected;
  }
  return {};
}

Result<std::vector<StreamEvent>> read(Session& session, const EventStream& stream,
                                      std::int64_t from, std::size_t limit) {
  return session.query(
      "SELECT sequence_number, body FROM events"
      " WHERE project = $1 AND stream = $2 AND sequence_number >= $3"
      " ORDER BY sequence_number LIMIT $4",
      {stream.project, stream.stream, from, limit}, [](const Row& row) {
        return StreamEvent{.sequence_number = row.integer(0), .body = row.string(1)};
      });
}

Result<std::int64_t> last(Session& session, const EventStream& stream) {
  return session.query_integer(
      "SELECT COALESCE(MAX(sequence_number), -1) FROM events WHERE project = $1 AND stream = $2",
      {stream.project, stream.stream});
}

Status remove_all(Transaction& transaction, const EventStream& stream) {
  auto removed = transaction.execute("DELETE FROM events WHERE project = $1 AND stream = $2",
                                     {stream.project, stream.stream});
  if (!removed) return fail(std::move(removed.error()));
  return {};
}

}  // namespace store::events
