// A zip archive in memory, read within limits: sizes that an archive claims are never believed.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/limits/document.h"

struct zip;

namespace documents {

struct ZipLimits {
  std::size_t unpacked_bytes_max = limits::document_unpacked_bytes_max;
  std::size_t entries_max = limits::document_entries_max;
};

// Reads from `bytes`, which must outlive it. One thread.
class ZipArchive {
 public:
  static Result<ZipArchive> open(std::string_view bytes, const ZipLimits& limits = {});

  bool has(const std::string& entry) const;
  // InvalidRequest when the entry is absent, encrypted or broken; TooLarge when all that was read
  // so far exceeds the limit.
  Result<std::string> read(const std::string& entry);
  // Entry names in the archive's order.
  std::vector<std::string> names() const;

 private:
  struct Close {
    void operator()(zip* archive) const;
  };
  ZipArchive(zip* archive, const ZipLimits& limits) : archive_(archive), limits_(limits) {}

  std::unique_ptr<zip, Close> archive_;
  ZipLimits limits_;
  std::size_t unpacked_bytes_ = 0;
};

}  // namespace documents
