// What search finds: chunks of files by store, their vectors, the words in them, and the files'
// attributes. The full-text table is SQLite's own (FTS5); another driver brings its own statement.
#include "store/migrations/schema.h"

namespace store::schema {
namespace {

constexpr std::string_view kStatements0009[] = {
    R"sql(CREATE TABLE chunk_sets (
  number @serial_key@,
  project TEXT NOT NULL,
  store TEXT NOT NULL,
  file TEXT NOT NULL,
  gone BIGINT NOT NULL
))sql",
    R"sql(CREATE INDEX chunk_sets_by_file ON chunk_sets (project, store, file))sql",
    R"sql(CREATE INDEX chunk_sets_gone ON chunk_sets (number) WHERE gone = 1)sql",
    R"sql(CREATE TABLE searchable_sets (
  seq @serial_key@,
  project TEXT NOT NULL,
  store TEXT NOT NULL,
  set_number BIGINT NOT NULL UNIQUE
))sql",
    R"sql(CREATE INDEX searchable_sets_by_store ON searchable_sets (project, store, seq))sql",
    R"sql(CREATE TABLE chunks (
  seq @serial_key@,
  set_number BIGINT NOT NULL,
  position BIGINT NOT NULL,
  page BIGINT NOT NULL,
  tokens BIGINT NOT NULL,
  heading TEXT NOT NULL,
  body TEXT NOT NULL,
  scope TEXT NOT NULL
))sql",
    R"sql(CREATE UNIQUE INDEX chunks_by_position ON chunks (set_number, position))sql",
    R"sql(CREATE TABLE chunk_vectors (
  set_number BIGINT NOT NULL,
  chunk BIGINT NOT NULL,
  vector @bytes@ NOT NULL,
  PRIMARY KEY (set_number, chunk)
) @clustered@)sql",
    R"sql(CREATE VIRTUAL TABLE chunk_words USING fts5 (
  heading, body, scope, content='chunks', content_rowid='seq',
  tokenize='porter unicode61 remove_diacritics 2'
))sql",
    R"sql(CREATE TABLE file_attributes (
  project TEXT NOT NULL,
  store TEXT NOT NULL,
  file TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  text_value TEXT NOT NULL,
  number_value DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (project, store, file, name)
) @clustered@)sql",
};

}  // namespace

const std::span<const std::string_view> kChunks(kStatements0009);

}  // namespace store::schema
