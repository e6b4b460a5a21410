// The seam for file contents: bytes go in once, get a key, and come back exactly. Which contents
// are in use is not known here: the rows of store/repo/blobs are the truth, jobs/blob_sweep
// collects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace blob {

// Contents that are durably stored.
struct Stored {
  std::string key;     // names these bytes in this store and is never given out twice
  std::string sha256;  // of the contents, lower-case hex
  std::int64_t size = 0;
};

// One stream of bytes on its way in. One thread at a time. Destroyed before `finish`, it leaves
// nothing behind.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  // Blocks. StorageFailed (`storage_full`) ends the writer: nothing will be stored.
  virtual Status write(std::span<const std::byte> bytes) = 0;
  // Returns when the contents would survive a power loss. Called once.
  virtual Result<Stored> finish() = 0;
};

// Contents on their way out. Any thread; stays readable when they are removed meanwhile.
class BlobReader {
 public:
  virtual ~BlobReader() = default;
  virtual std::int64_t size() const = 0;
  // Fills `out` from `offset` on, as far as the contents go; returns how many bytes. Blocks.
  virtual Result<std::size_t> read(std::int64_t offset, std::span<std::byte> out) const = 0;
};

// Lifetime: owned by app. Any thread. All calls block on the disk or the network: use a pool.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  virtual Result<std::unique_ptr<BlobWriter>> create() = 0;

  // NotFound for a key without contents or that is no key; CorruptData when the size is not the
  // one that was stored (R9).
  virtual Result<std::unique_ptr<BlobReader>> open(std::string_view key,
                                                   std::int64_t expected_size) const = 0;

  // Only keys that no row refers to. Absent contents are fine.
  virtual Status remove(std::string_view key) = 0;

  // Each stored key, in no order.
  virtual Status each_key(const std::function<Status(const std::string&)>& visit) const = 0;

  // Reads everything and compares with the hash: CorruptData when a byte differs.
  virtual Status verify(const Stored& stored) const = 0;
};

}  // namespace blob
