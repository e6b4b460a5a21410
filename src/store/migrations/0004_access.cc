// Organizations, projects and keys.
#include "store/migrations/schema.h"

namespace store::schema {
namespace {

constexpr std::string_view kStatements0004[] = {
    R"sql(CREATE TABLE organizations (
  seq @serial_key@,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  body TEXT NOT NULL
))sql",
    R"sql(CREATE TABLE projects (
  seq @serial_key@,
  id TEXT NOT NULL UNIQUE,
  organization TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  archived_at BIGINT,
  body TEXT NOT NULL
))sql",
    R"sql(CREATE INDEX projects_by_organization ON projects (organization, seq))sql",
    R"sql(CREATE TABLE keys (
  seq @serial_key@,
  id TEXT NOT NULL UNIQUE,
  digest @bytes@ NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  organization TEXT NOT NULL,
  project TEXT NOT NULL,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  masked TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT,
  revoked_at BIGINT,
  body TEXT NOT NULL
))sql",
    R"sql(CREATE INDEX keys_by_project ON keys (organization, kind, project, seq))sql",
};

}  // namespace

const std::span<const std::string_view> kAccess(kStatements0004);

}  // namespace store::schema
