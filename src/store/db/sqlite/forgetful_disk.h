// For tests only: an SQLite file layer in memory that knows which writes have been synced, so that
// a test can see what a power loss would have left, and that can be told to fail.
#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/random.h"

namespace store::testing {

// Files by name, as a disk would hold them.
using DiskImage = std::map<std::string, std::vector<char>>;

// Any thread. Databases on it must be closed before it goes. Operations are writes, truncations and
// syncs, numbered from 1.
class ForgetfulDisk {
 public:
  explicit ForgetfulDisk(DiskImage image = {}) {
    for (auto& [name, bytes] : image) {
      auto file = std::make_shared<File>();
      file->current = file->durable = std::move(bytes);
      files_[name] = std::move(file);
    }
    static int count = 0;
    name_ = "forgetful" + std::to_string(++count);
    vfs_ = *sqlite3_vfs_find(nullptr);
    vfs_.zName = name_.c_str();
    vfs_.szOsFile = sizeof(Handle);
    vfs_.pAppData = this;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    vfs_.xAccess = access;
    vfs_.xFullPathname = full_path;
    CHECK(sqlite3_vfs_register(&vfs_, 0) == SQLITE_OK);
  }
  ~ForgetfulDisk() { sqlite3_vfs_unregister(&vfs_); }
  ForgetfulDisk(const ForgetfulDisk&) = delete;

  const std::string& vfs() const { return name_; }

  // Called once, in the middle of operation `at`, before it happens.
  void call_at(int at, std::function<void()> fn) {
    call_at_ = at;
    call_ = std::move(fn);
  }
  // Every write from the operation `from` to before `to` fails with this SQLite code.
  void fail_writes(int code, int from, int to) {
    std::scoped_lock lock(mutex_);
    write_fault_ = {code, from, to};
  }
  // The same for syncs, which are counted on their own.
  void fail_syncs(int code, int from, int to) {
    std::scoped_lock lock(mutex_);
    sync_fault_ = {code, from, to};
  }
  int operations() {
    std::scoped_lock lock(mutex_);
    return operations_;
  }

  // What the disk holds if the power goes now: all that was synced, and of the rest whatever
  // sectors happened to be written, in any order.
  DiskImage after_power_loss(base::Random& random) {
    std::scoped_lock lock(mutex_);
    DiskImage image;
    const auto keep_percent = std::array{0, 0, 30, 70, 100}[random.below(5)];
    for (const auto& [name, file] : files_) {
      auto bytes = file->durable;
      auto pending = file->pending;
      if (random.below(2)) {
        for (std::size_t i = pending.size(); i > 1; --i) {
          std::swap(pending[i - 1], pending[random.below(i)]);
        }
      }
      for (const auto& change : pending) {
        for (std::size_t at = 0; at < std::max<std::size_t>(change.bytes.size(), 1); at += 512) {
          if (random.below(100) >= static_cast<std::uint64_t>(keep_percent)) continue;
          change.part(at, 512).apply(bytes);
        }
      }
      image[name] = std::move(bytes);
    }
    return image;
  }

 private:
  struct Change {
    std::size_t offset;
    std::vector<char> bytes;
    bool truncates = false;  // to `offset`

    Change part(std::size_t at, std::size_t size) const {
      if (truncates) return *this;
      const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
      const auto n = std::min(size, bytes.size() - at);
      return {offset + at, std::vector<char>(begin, begin + static_cast<std::ptrdiff_t>(n)), false};
    }
    void apply(std::vector<char>& file) const {
      if (truncates) {
        file.resize(std::min(file.size(), offset));
        return;
      }
      if (file.size() < offset + bytes.size()) file.resize(offset + bytes.size());
      std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<std::ptrdiff_t>(offset));
    }
  };

  struct File {
    std::vector<char> current;     // what reads see
    std::vector<char> durable;     // as of the last sync
    std::vector<Change> pending;   // since then
    int shared = 0;                // handles with a lock of SHARED or more
    const void* writer = nullptr;  // the one with RESERVED or more
    std::vector<std::unique_ptr<std::array<char, 32768>>> shm;
    std::array<int, SQLITE_SHM_NLOCK> shm_shared{};
    std::array<const void*, SQLITE_SHM_NLOCK> shm_exclusive{};
    int handles = 0;
  };

  struct Fault {
    int code = SQLITE_OK;
    int from = 0;
    int to = 0;
    int check(int count) const { return count >= from && count < to ? code : SQLITE_OK; }
  };

  struct Handle {
    sqlite3_file base;
    ForgetfulDisk* disk;
    File* file;
    int lock;

    void change(Change change) {
      change.apply(file->current);
      file->pending.push_back(std::move(change));
    }
  };

  static Handle& of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }
  static ForgetfulDisk& of(sqlite3_vfs* vfs) { return *static_cast<ForgetfulDisk*>(vfs->pAppData); }

  void count_operation() {
    std::function<void()> call;
    {
      std::scoped_lock lock(mutex_);
      if (++operations_ == call_at_) call = std::move(call_);
    }
    if (call) call();
  }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    auto& disk = of(vfs);
    std::scoped_lock lock(disk.mutex_);
    std::shared_ptr<File> opened;
    if (name && disk.files_.contains(name)) {
      opened = disk.files_.at(name);
    } else if (flags & SQLITE_OPEN_CREATE) {
      opened = std::make_shared<File>();
      if (name) disk.files_[name] = opened;  // SQLite's temporary files have none
    } else {
      return SQLITE_CANTOPEN;
    }
    disk.opened_.push_back(opened);
    ++opened->handles;
    new (file) Handle{{&kMethods}, &disk, opened.get(), SQLITE_LOCK_NONE};
    if (out) *out = flags;
    return SQLITE_OK;
  }
  static int remove(sqlite3_vfs* vfs, const char* name, int) {
    auto& disk = of(vfs);
    std::scoped_lock lock(disk.mutex_);
    disk.files_.erase(name);
    return SQLITE_OK;
  }
  static int access(sqlite3_vfs* vfs, const char* name, int, int* out) {
    auto& disk = of(vfs);
    std::scoped_lock lock(disk.mutex_);
    *out = disk.files_.contains(name) ? 1 : 0;
    return SQLITE_OK;
  }
  static int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
  }

  static int close(sqlite3_file* file) {
    auto& handle = of(file);
    unlock(file, SQLITE_LOCK_NONE);
    std::scoped_lock lock(handle.disk->mutex_);
    if (--handle.file->handles == 0) handle.file->shm.clear();
    return SQLITE_OK;
  }
  static int read(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
    auto& handle = of(file);
    std::scoped_lock lock(handle.disk->mutex_);
    const auto& bytes = handle.file->current;
    const auto at = static_cast<std::size_t>(offset);
    const auto n = at < bytes.size() ? std::min<std::size_t>(size, bytes.size() - at) : 0;
    if (n > 0) std::memcpy(out, bytes.data() + at, n);
    if (n == static_cast<std::size_t>(size)) return SQLITE_OK;
    std::memset(static_cast<char*>(out) + n, 0, static_cast<std::size_t>(size) - n);
    return SQLITE_IOERR_SHORT_READ;
  }
  static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
    auto& handle = of(file);
    handle.disk->count_operation();
    std::scoped_lock lock(handle.disk->mutex_);
    const int fault = handle.disk->write_fault_.check(handle.disk->operations_);
    if (fault != SQLITE_OK) return fault;
    const auto* bytes = static_cast<const char*>(data);
    handle.change({static_cast<std::size_t>(offset), {bytes, bytes + size}, false});
    return SQLITE_OK;
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    auto& handle = of(file);
    handle.disk->count_operation();
    std::scoped_lock lock(handle.disk->mutex_);
    handle.change({static_cast<std::size_t>(size), {}, true});
    return SQLITE_OK;
  }
  static int sync(sqlite3_file* file, int) {
    auto& handle = of(file);
    handle.disk->count_operation();
    std::scoped_lock lock(handle.disk->mutex_);
    const int fault = handle.disk->sync_fault_.check(++handle.disk->syncs_);
    if (fault != SQLITE_OK) return fault;
    for (const auto& change : handle.file->pending) change.apply(handle.file->durable);
    handle.file->pending.clear();
    return SQLITE_OK;
  }
  static int size(sqlite3_file* file, sqlite3_int64* out) {
    auto& handle = of(file);
    std::scoped_lock lock(handle.disk->mutex_);
    *out = static_cast<sqlite3_int64>(handle.file->current.size());
    return SQLITE_OK;
  }
  static int lock(sqlite3_file* file, int level) {
    auto& handle = of(file);
    std::scoped_lock lock(handle.disk->mutex_);
    File& f = *handle.file;
    if (level <= handle.lock) return SQLITE_OK;
    if (f.writer && f.writer != &handle) return SQLITE_BUSY;
    if (level == SQLITE_LOCK_EXCLUSIVE && f.shared > (handle.lock >= SQLITE_LOCK_SHARED ? 1 : 0)) {
      return SQLITE_BUSY;
    }
    if (handle.lock == SQLITE_LOCK_NONE) ++f.shared;
    if (level >= SQLITE_LOCK_RESERVED) f.writer = &handle;
    handle.lock = level;
    return SQLITE_OK;
  }
  static int unlock(sqlite3_file* file, int level) {
    auto& handle = of(file);
    std::scoped_lock lock(handle.disk->mutex_);
    if (handle.lock >= SQLITE_LOCK_RESERVED && level < SQLITE_LOCK_RESERVED) {
      handle.file->writer = nullptr;
    }
    if (handle.lock >= SQLITE_LOCK_SHARED && level == SQLITE_LOCK_NONE) --handle.file->shared;
    handle.lock = std::min(handle.lock, level);
    return SQLITE_OK;
  }
  static int is_reserved(sqlite3_file* file, int* out) {
    auto& handle = of(file);
    std::scoped_lock lock(handle.disk->mutex_);
    *out = handle.file->writer != nullptr;
    return SQLITE_OK;
  }
  static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector_size(sqlite3_file*) { return 512; }
  static int characteristics(sqlite3_file*) { return 0; }

  static int shm_map(sqlite3_file* file, int region, int, int extend, void volatile** out) {
    auto& handle = of(file);
    std::scoped_lock lock(handle.disk->mutex_);
    auto& shm = handle.file->shm;
    const auto index = static_cast<std::size_t>(region);
    *out = nullptr;
    if (index >= shm.size() && !extend) return SQLITE_OK;
    while (shm.size() <= index) shm.push_back(std::make_unique<std::array<char, 32768>>());
    *out = shm[index]->data();
    return SQLITE_OK;
  }
  static int shm_lock(sqlite3_file* file, int offset, int n, int flags) {
    auto& handle = of(file);
    std::scoped_lock lock(handle.disk->mutex_);
    auto& shared = handle.file->shm_shared;
    auto& exclusive = handle.file->shm_exclusive;
    const bool locks = (flags & SQLITE_SHM_LOCK) != 0;
    const bool alone = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    for (int i = offset; locks && i < offset + n; ++i) {
      if (exclusive[i] && exclusive[i] != &handle) return SQLITE_BUSY;
      if (alone && shared[i] > 0) return SQLITE_BUSY;
    }
    for (int i = offset; i < offset + n; ++i) {
      if (alone) {
        exclusive[i] = locks ? &handle : nullptr;
      } else {
        shared[i] += locks ? 1 : -1;
      }
    }
    return SQLITE_OK;
  }
  static void shm_barrier(sqlite3_file* file) { std::scoped_lock lock(of(file).disk->mutex_); }
  static int shm_unmap(sqlite3_file*, int) { return SQLITE_OK; }

  static constexpr sqlite3_io_methods kMethods = {
      2,         close,       read,    write,       truncate,        sync,    size,     lock,
      unlock,    is_reserved, control, sector_size, characteristics, shm_map, shm_lock, shm_barrier,
      shm_unmap, nullptr,     nullptr,
  };

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<File>> files_;
  std::vector<std::shared_ptr<File>> opened_;  // open handles outlive removed names
  std::string name_;
  sqlite3_vfs vfs_{};
  int operations_ = 0;
  int syncs_ = 0;
  int call_at_ = 0;
  std::function<void()> call_;
  Fault write_fault_;
  Fault sync_fault_;
};

}  // namespace store::testing
