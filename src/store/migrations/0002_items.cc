// Ordered items of responses and conversations, and who may append now.
#include "store/migrations/schema.h"

namespace store::schema {
namespace {

constexpr std::string_view kStatements0002[] = {
    R"sql(CREATE TABLE item_lists (
  project TEXT NOT NULL,
  owner TEXT NOT NULL,
  next_position BIGINT NOT NULL,
  lease_holder TEXT,
  lease_until_ms BIGINT,
  PRIMARY KEY (project, owner)
) @clustered@)sql",
    R"sql(CREATE TABLE items (
  project TEXT NOT NULL,
  owner TEXT NOT NULL,
  position BIGINT NOT NULL,
  id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  checksum BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (project, owner, position)
) @clustered@)sql",
    R"sql(CREATE UNIQUE INDEX items_by_id ON items (project, id, owner))sql",
};

}  // namespace

const std::span<const std::string_view> kItems(kStatements0002);

}  // namespace store::schema
