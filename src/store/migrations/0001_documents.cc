// Stored objects and the labels that lists filter by.
#include "store/migrations/schema.h"

namespace store::schema {
namespace {

constexpr std::string_view kStatements0001[] = {
    R"sql(CREATE TABLE documents (
  seq @serial_key@,
  project TEXT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  parent TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  version BIGINT NOT NULL,
  checksum BIGINT NOT NULL,
  body TEXT NOT NULL
))sql",
    R"sql(CREATE UNIQUE INDEX documents_by_id ON documents (project, kind, id, parent))sql",
    R"sql(CREATE INDEX documents_by_seq ON documents (project, kind, parent, seq))sql",
    R"sql(CREATE INDEX documents_by_expiry ON documents (expires_at) WHERE expires_at IS NOT NULL)sql",
    R"sql(CREATE TABLE document_labels (
  project TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (project, kind, name, value, seq)
) @clustered@)sql",
    R"sql(CREATE INDEX document_labels_by_seq ON document_labels (seq))sql",
};

}  // namespace

const std::span<const std::string_view> kDocuments(kStatements0001);

}  // namespace store::schema
