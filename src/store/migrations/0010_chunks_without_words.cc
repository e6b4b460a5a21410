// The words of chunks are looked up in memory (vector/word_lists.h): a full-text table counts every
// chunk that has a word to rank one of them, and all stores' chunks with them.
#include "store/migrations/schema.h"

namespace store::schema {
namespace {

constexpr std::string_view kStatements0010[] = {
    R"sql(DROP TABLE chunk_words)sql",
    R"sql(ALTER TABLE chunks DROP COLUMN scope)sql",
};

}  // namespace

const std::span<const std::string_view> kChunksWithoutWords(kStatements0010);

}  // namespace store::schema
