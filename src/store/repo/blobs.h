// Which file contents exist and how many objects refer to them. The row is the truth; the bytes are
// in blob/, under `key`. Knows no file and no disk.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/db/session.h"

namespace store {

struct BlobRow {
  std::string key;          // names the stored bytes, never given out twice
  std::string sha256 = {};  // of the contents, in hex
  std::int64_t size = 0;    // bytes
};

namespace blobs {

// Adds a reference to these contents, which must be durable already, in the transaction that
// creates the object. Returns the key to keep in the object: the same contents stored before win,
// and then `blob.key`, when it is new, is left to the garbage collector.
Result<std::string> refer(Transaction& transaction, const BlobRow& blob, std::int64_t now_seconds);

// One more reference to a key that is in use. NotFound when it is not.
Status refer_again(Transaction& transaction, const std::string& key);

// Takes one reference back, in the transaction that deletes the object. NotFound for a key that has
// none.
Status release(Transaction& transaction, const std::string& key, std::int64_t now_seconds);

Result<BlobRow> get(Session& session, const std::string& key);
Result<bool> exists(Session& session, const std::string& key);

// Forgets at most `limit` contents unused since before `before_seconds` and returns their keys,
// whose bytes nobody can refer to any more: the caller removes them after the commit.
Result<std::vector<std::string>> forget_unused(Transaction& transaction,
                                               std::int64_t before_seconds, std::size_t limit);

}  // namespace blobs
}  // namespace store
