#include "blob/local_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "blob/digest.h"
#include "blob/file.h"

namespace blob {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHashHex = 64;
constexpr std::size_t kNonceHex = 16;
constexpr std::size_t kReadBytes = 256 * 1024;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// HASH-NONCE: the hash says what the bytes must be; the nonce makes the key unique, so that
// removing unused contents can never hit the same contents written again meanwhile.
bool is_key(std::string_view key) {
  return key.size() == kHashHex + 1 + kNonceHex && key[kHashHex] == '-' &&
         is_hex(key.substr(0, kHashHex)) && is_hex(key.substr(kHashHex + 1));
}

struct Layout {
  std::string root;

  std::string unfinished() const { return root + "/unfinished"; }
  std::string shard(std::string_view key) const { return root + "/" + std::string(key, 0, 2); }
  std::string path(std::string_view key) const { return shard(key) + "/" + std::string(key); }
};

class LocalWriter final : public BlobWriter {
 public:
  LocalWriter(const Layout& layout, std::string path, File file, std::string nonce)
      : layout_(layout), path_(std::move(path)), file_(std::move(file)), nonce_(std::move(nonce)) {}
  ~LocalWriter() override {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  Status write(std::span<const std::byte> bytes) override {
    if (broken_) return fail(ErrorCode::StorageFailed, "The server's storage failed.");
    hash_.add(bytes);
    size_ += static_cast<std::int64_t>(bytes.size());
    while (!bytes.empty()) {
      const ssize_t n = ::write(file_.fd(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        broken_ = true;
        return storage_error("write");
      }
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
  }

  Result<Stored> finish() override {
    CHECK(!path_.empty());  // finished already
    if (broken_) return fail(ErrorCode::StorageFailed, "The server's storage failed.");
    if (auto synced = sync(file_); !synced) return fail(std::move(synced.error()));
    Stored stored{.key = {}, .sha256 = hash_.hex(), .size = size_};
    stored.key = stored.sha256 + "-" + nonce_;
    if (::rename(path_.c_str(), layout_.path(stored.key).c_str()) != 0) {
      return storage_error("rename");
    }
    path_.clear();
    if (auto synced = sync_folder(layout_.shard(stored.key)); !synced) {
      return fail(std::move(synced.error()));
    }
    return stored;
  }

 private:
  const Layout& layout_;
  std::string path_;  // of the unfinished file; empty once it has its name
  File file_;
  std::string nonce_;
  Digest hash_;
  std::int64_t size_ = 0;
  bool broken_ = false;
};

class LocalReader final : public BlobReader {
 public:
  LocalReader(File file, std::int64_t size) : file_(std::move(file)), size_(size) {}

  std::int64_t size() const override { return size_; }

  Result<std::size_t> read(std::int64_t offset, std::span<std::byte> out) const override {
    if (offset < 0) return fail(ErrorCode::InvalidRequest, "The offset is negative.");
    std::size_t done = 0;
    while (done < out.size()) {
      const auto at = offset + static_cast<std::int64_t>(done);
      const ssize_t n = ::pread(file_.fd(), out.data() + done, out.size() - done, at);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return storage_error("read");
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

 private:
  File file_;
  std::int64_t size_;
};

class LocalStore final : public BlobStore {
 public:
  LocalStore(Layout layout, base::Random& random) : layout_(std::move(layout)), random_(random) {}

  Result<std::unique_ptr<BlobWriter>> create() override {
    std::string nonce = random_.hex(kNonceHex);
    std::string path = layout_.unfinished() + "/" + nonce;
    File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.fd() < 0) return storage_error("create");
    return std::make_unique<LocalWriter>(layout_, std::move(path), std::move(file),
                                         std::move(nonce));
  }

  Result<std::unique_ptr<BlobReader>> open(std::string_view key,
                                           std::int64_t expected_size) const override {
    if (!is_key(key)) return fail(ErrorCode::NotFound, "The contents of the file are gone.");
    File file(::open(layout_.path(key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file.fd() < 0 && errno == ENOENT) {
      return fail(ErrorCode::NotFound, "The contents of the file are gone.");
    }
    struct stat status{};
    if (file.fd() < 0 || ::fstat(file.fd(), &status) != 0) return storage_error("open");
    if (!S_ISREG(status.st_mode) || status.st_size != expected_size) return damaged(key);
    return std::make_unique<LocalReader>(std::move(file), expected_size);
  }

  Status remove(std::string_view key) override {
    if (!is_key(key)) return fail(ErrorCode::NotFound, "The contents of the file are gone.");
    // Not synced: contents that come back after a power loss are collected again.
    if (::unlink(layout_.path(key).c_str()) != 0 && errno != ENOENT) return storage_error("remove");
    return {};
  }

  Status each_key(const std::function<Status(const std::string&)>& visit) const override {
    std::error_code error;
    for (fs::recursive_directory_iterator at(layout_.root, error), end; !error && at != end;
         at.increment(error)) {
      const std::string name = at->path().filename().string();
      if (!is_key(name)) continue;
      if (auto status = visit(name); !status) return status;
    }
    if (error) {
      errno = error.value();
      return storage_error("list");
    }
    return {};
  }

  Status verify(const Stored& stored) const override {
    auto reader = open(stored.key, stored.size);
    if (!reader) return fail(std::move(reader.error()));
    Digest hash;
    std::vector<std::byte> buffer(kReadBytes);
    for (std::int64_t offset = 0; offset < stored.size;) {
      auto n = (*reader)->read(offset, buffer);
      if (!n) return fail(std::move(n.error()));
      if (*n == 0) return damaged(stored.key);
      hash.add(std::span(buffer).first(*n));
      offset += static_cast<std::int64_t>(*n);
    }
    if (hash.hex() != stored.sha256) return damaged(stored.key);
    return {};
  }

 private:
  static std::unexpected<Error> damaged(std::string_view key) {
    LOG(Error, "blob: {} is not what was stored", key);
    return fail(ErrorCode::CorruptData, "The stored data is damaged.", {}, "data_corrupt");
  }

  const Layout layout_;
  base::Random& random_;
};

Status make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return storage_error("create folder");
  return {};
}

}  // namespace

Result<std::unique_ptr<BlobStore>> open_local(const std::string& folder, base::Random& random) {
  Layout layout{.root = folder};
  std::error_code ignored;
  fs::remove_all(layout.unfinished(), ignored);
  if (auto made = make_folder(layout.root); !made) return fail(std::move(made.error()));
  if (auto made = make_folder(layout.unfinished()); !made) return fail(std::move(made.error()));
  // All 256 now, so that no writer has to sync a new one.
  for (int shard = 0; shard < 256; ++shard) {
    std::array<char, 3> name;
    std::snprintf(name.data(), name.size(), "%02x", shard);
    if (auto made = make_folder(layout.root + "/" + name.data()); !made) {
      return fail(std::move(made.error()));
    }
  }
  if (auto synced = sync_folder(layout.root); !synced) return fail(std::move(synced.error()));
  auto parent = fs::path(folder).parent_path().string();
  if (auto synced = sync_folder(parent.empty() ? "." : parent); !synced) {
    return fail(std::move(synced.error()));
  }
  return std::make_unique<LocalStore>(std::move(layout), random);
}

}  // namespace blob
