#include "store/repo/usage.h"

#include "base/check.h"

namespace store::usage {

Status append(Transaction& transaction, const UsageRow& row) {
  auto added = transaction.execute(
      "INSERT INTO usage_rows (at, organization, project, key_id, model, endpoint, input_tokens,"
      " cached_tokens, output_tokens, requests) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      {row.at, row.organization, row.project, row.key, row.model, row.endpoint, row.input_tokens,
       row.cached_tokens, row.output_tokens, row.requests});
  if (!added) return fail(std::move(added.error()));
  return {};
}

Result<std::vector<UsageRow>> sums(Session& session, const Range& range) {
  CHECK(range.bucket_seconds > 0);
  return session.query(
      "SELECT $2 + (at - $2) / $4 * $4 AS bucket, project, key_id, model, endpoint,"
      " SUM(input_tokens), SUM(cached_tokens), SUM(output_tokens), SUM(requests) FROM usage_rows"
      " WHERE organization = $1 AND at >= $2 AND at < $3"
      " GROUP BY 1, project, key_id, model, endpoint"
      " ORDER BY 1, project, key_id, model, endpoint",
      {range.organization, range.from, range.to, range.bucket_seconds}, [&](const Row& row) {
        return UsageRow{.at = row.integer(0),
                        .organization = range.organization,
                        .project = {row.string(1)},
                        .key = {row.string(2)},
                        .model = row.string(3),
                        .endpoint = row.string(4),
                        .input_tokens = row.integer(5),
                        .cached_tokens = row.integer(6),
                        .output_tokens = row.integer(7),
                        .requests = row.integer(8)};
      });
}

}  // namespace store::usage
