#include "store/repo/batch_results.h"

#include "store/repo/checksum.h"

namespace store::batch_results {

Status begin(Transaction& transaction, const base::BatchId& batch, std::int64_t total) {
  auto added = transaction.execute(
      "INSERT INTO batch_progress (batch, total, completed, failed, input_tokens, cached_tokens,"
      " output_tokens, reasoning_tokens) VALUES ($1, $2, 0, 0, 0, 0, 0, 0)"
      " ON CONFLICT DO NOTHING",
      {batch, total});
  if (!added) return fail(std::move(added.error()));
  return {};
}

Result<BatchProgress> progress(Session& session, const base::BatchId& batch) {
  auto found = session.query_one(
      "SELECT total, completed, failed, input_tokens, cached_tokens, output_tokens,"
      " reasoning_tokens FROM batch_progress WHERE batch = $1",
      {batch}, [](const Row& row) {
        return BatchProgress{.total = row.integer(0),
                             .completed = row.integer(1),
                             .failed = row.integer(2),
                             .tokens = {.input = row.integer(3),
                                        .cached = row.integer(4),
                                        .output = row.integer(5),
                                        .reasoning = row.integer(6)}};
      });
  if (!found) return fail(std::move(found.error()));
  return found->value_or(BatchProgress{});
}

Result<bool> record(Transaction& transaction, const base::BatchId& batch, const BatchResult& result,
                    const BatchTokens& tokens) {
  auto added = transaction.execute(
      "INSERT INTO batch_results (batch, line, failed, checksum, body)"
      " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
      {batch, result.line, result.failed ? 1 : 0, checksum({batch.value, result.body}),
       result.body});
  if (!added) return fail(std::move(added.error()));
  if (*added == 0) return false;
  auto counted = transaction.execute(
      "UPDATE batch_progress SET completed = completed + $1, failed = failed + $2,"
      " input_tokens = input_tokens + $3, cached_tokens = cached_tokens + $4,"
      " output_tokens = output_tokens + $5, reasoning_tokens = reasoning_tokens + $6"
      " WHERE batch = $7",
      {result.failed ? 0 : 1, result.failed ? 1 : 0, tokens.input, tokens.cached, tokens.output,
       tokens.reasoning, batch});
  if (!counted) return fail(std::move(counted.error()));
  return true;
}

Result<std::vector<std::int64_t>> lines(Session& session, const base::BatchId& batch) {
  return session.query("SELECT line FROM batch_results WHERE batch = $1 ORDER BY line", {batch},
                       [](const Row& row) { return row.integer(0); });
}

Result<std::vector<BatchResult>> read(Session& session, const base::BatchId& batch,
                                      std::int64_t after, std::size_t limit) {
  return session.query(
      "SELECT line, failed, checksum, body FROM batch_results WHERE batch = $1 AND line > $2"
      " ORDER BY line LIMIT $3",
      {batch, after, limit}, [&](const Row& row) -> Result<BatchResult> {
        BatchResult result{
            .line = row.integer(0), .failed = row.integer(1) != 0, .body = row.string(3)};
        auto intact = verify_checksum(row.integer(2), {batch.value, result.body});
        if (!intact) return fail(std::move(intact.error()));
        return result;
      });
}

Result<std::int64_t> forget(Transaction& transaction, const base::BatchId& batch,
                            std::size_t limit) {
  return transaction.execute(
      "DELETE FROM batch_results WHERE batch = $1 AND line IN"
      " (SELECT line FROM batch_results WHERE batch = $1 ORDER BY line LIMIT $2)",
      {batch, limit});
}

}  // namespace store::batch_results
