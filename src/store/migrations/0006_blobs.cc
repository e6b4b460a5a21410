// Contents of files: which stored bytes exist and how many objects refer to them.
#include "store/migrations/schema.h"

namespace store::schema {
namespace {

constexpr std::string_view kStatements0006[] = {
    R"sql(CREATE TABLE blobs (
  blob_key TEXT NOT NULL PRIMARY KEY,
  sha256 TEXT NOT NULL,
  size BIGINT NOT NULL,
  refs BIGINT NOT NULL,
  unused_since BIGINT
) @clustered@)sql",
    R"sql(CREATE INDEX blobs_by_hash ON blobs (sha256))sql",
    R"sql(CREATE INDEX blobs_unused ON blobs (unused_since) WHERE unused_since IS NOT NULL)sql",
};

}  // namespace

const std::span<const std::string_view> kBlobs(kStatements0006);

}  // namespace store::schema
