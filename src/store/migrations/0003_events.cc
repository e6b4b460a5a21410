// The events of resumable streams.
#include "store/migrations/schema.h"

namespace store::schema {
namespace {

constexpr std::string_view kStatements0003[] = {
    R"sql(CREATE TABLE events (
  project TEXT NOT NULL,
  stream TEXT NOT NULL,
  sequence_number BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (project, stream, sequence_number)
) @clustered@)sql",
};

}  // namespace

const std::span<const std::string_view> kEvents(kStatements0003);

}  // namespace store::schema
