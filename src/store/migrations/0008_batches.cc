// What batches have done: a row per finished line, and their sums.
#include "store/migrations/schema.h"

namespace store::schema {
namespace {

constexpr std::string_view kStatements0008[] = {
    R"sql(CREATE TABLE batch_progress (
  batch TEXT NOT NULL PRIMARY KEY,
  total BIGINT NOT NULL,
  completed BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  input_tokens BIGINT NOT NULL,
  cached_tokens BIGINT NOT NULL,
  output_tokens BIGINT NOT NULL,
  reasoning_tokens BIGINT NOT NULL
) @clustered@)sql",
    R"sql(CREATE TABLE batch_results (
  batch TEXT NOT NULL,
  line BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  checksum BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (batch, line)
) @clustered@)sql",
};

}  // namespace

const std::span<const std::string_view> kBatches(kStatements0008);

}  // namespace store::schema
