// What requests consumed: rows that are only ever appended, summed up for the administration API.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/db/session.h"

namespace store {

struct UsageRow {
  std::int64_t at = 0;  // Unix seconds
  base::OrganizationId organization = {};
  base::ProjectId project = {};
  base::KeyId key = {};
  std::string model = {};
  std::string endpoint = {};  // "responses", "chat.completions", "embeddings"...
  std::int64_t input_tokens = 0;
  std::int64_t cached_tokens = 0;  // of the input, those that were not computed again
  std::int64_t output_tokens = 0;
  std::int64_t requests = 1;
};

namespace usage {

// In the transaction that stores the object it belongs to, so that the two always agree.
Status append(Transaction& transaction, const UsageRow& row);

// Sums per time bucket, project, key, model and endpoint; the caller adds up what it does not
// group by. `at` is the start of a bucket, counted from `from`.
struct Range {
  base::OrganizationId organization;
  std::int64_t from = 0;  // Unix seconds, inclusive
  std::int64_t to = 0;    // exclusive
  std::int64_t bucket_seconds = 86'400;
};
Result<std::vector<UsageRow>> sums(Session& session, const Range& range);

}  // namespace usage
}  // namespace store
