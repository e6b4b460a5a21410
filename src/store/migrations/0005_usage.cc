// What was consumed, one row per request, only ever appended to.
#include "store/migrations/schema.h"

namespace store::schema {
namespace {

constexpr std::string_view kStatements0005[] = {
    R"sql(CREATE TABLE usage_rows (
  seq @serial_key@,
  at BIGINT NOT NULL,
  organization TEXT NOT NULL,
  project TEXT NOT NULL,
  key_id TEXT NOT NULL,
  model TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  input_tokens BIGINT NOT NULL,
  cached_tokens BIGINT NOT NULL,
  output_tokens BIGINT NOT NULL,
  requests BIGINT NOT NULL
))sql",
    R"sql(CREATE INDEX usage_rows_by_time ON usage_rows (organization, at))sql",
};

}  // namespace

const std::span<const std::string_view> kUsage(kStatements0005);

}  // namespace store::schema
