// What every BlobStore must do, and the local one under a failing disk.
#include "blob/local_store.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace {
// The disk's behaviour from here on; the two calls below stand before the C library's.
std::atomic<int> write_error = 0;
std::atomic<int> sync_error = 0;
}  // namespace

extern "C" ssize_t write(int fd, const void* data, size_t size) {
  if (fd > 2 && write_error != 0) {
    errno = write_error;
    return -1;
  }
  return syscall(SYS_write, fd, data, size);
}
extern "C" int fsync(int fd) {
  if (sync_error != 0) {
    errno = sync_error;
    return -1;
  }
  return static_cast<int>(syscall(SYS_fsync, fd));
}

namespace blob {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

class LocalBlobs : public ::testing::Test {
 protected:
  void SetUp() override {
    // In memory where that can be had, for speed.
    const fs::path memory = "/dev/shm";
    const auto base = ::access(memory.c_str(), W_OK) == 0 ? memory : fs::temp_directory_path();
    std::string name = (base / "parlance-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    reopen();
  }
  void TearDown() override { fs::remove_all(folder_); }
  void reopen() {
    auto opened = open_local(folder_ + "/blobs", random_);
    ASSERT_TRUE(opened);
    store_ = std::move(*opened);
  }
  Result<Stored> store(std::string_view text) {
    auto writer = store_->create();
    if (!writer) return fail(writer.error());
    if (auto written = (*writer)->write(bytes(text)); !written) return fail(written.error());
    return (*writer)->finish();
  }
  std::string path(const Stored& stored) {
    return folder_ + "/blobs/" + stored.key.substr(0, 2) + "/" + stored.key;
  }
  std::size_t files() {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      count += entry.is_regular_file() ? 1 : 0;
    }
    return count;
  }

  base::SystemRandom random_;
  std::string folder_;
  std::unique_ptr<BlobStore> store_;
};

TEST_F(LocalBlobs, ContentsComeBackInRanges) {
  auto stored = store("hello, blob");
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->sha256, stored->key.substr(0, 64));
  reopen();
  auto reader = store_->open(stored->key, 11);
  ASSERT_TRUE(reader);
  std::string part(5, ' ');
  const auto read = [&](std::int64_t offset) {
    auto n = (*reader)->read(offset, std::as_writable_bytes(std::span(part)));
    return part.substr(0, n.value());
  };
  EXPECT_EQ(read(7), "blob");
  EXPECT_EQ(read(0), "hello");
  EXPECT_EQ(read(11), "");
  EXPECT_EQ(read(1'000'000), "");
  EXPECT_TRUE(store_->verify(*stored));
}

TEST_F(LocalBlobs, TheHashIsThatOfSha256) {
  EXPECT_EQ(store("abc")->sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(store("")->sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_F(LocalBlobs, EqualContentsHaveKeysOfTheirOwn) {
  auto first = store("same");
  auto second = store("same");
  EXPECT_EQ(first->sha256, second->sha256);
  EXPECT_NE(first->key, second->key);
  ASSERT_TRUE(store_->remove(first->key));
  ASSERT_TRUE(store_->remove(first->key));
  EXPECT_TRUE(store_->verify(*second));
  std::vector<std::string> keys;
  ASSERT_TRUE(store_->each_key([&](const std::string& key) -> Status {
    keys.push_back(key);
    return {};
  }));
  EXPECT_EQ(keys, std::vector{second->key});
}

TEST_F(LocalBlobs, AWriterThatDoesNotFinishLeavesNothing) {
  {
    auto writer = store_->create();
    ASSERT_TRUE((*writer)->write(bytes("half")));
    EXPECT_EQ(files(), 1u);
  }
  EXPECT_EQ(files(), 0u);
  auto killed = store_->create();
  ASSERT_TRUE((*killed)->write(bytes("half")));
  reopen();  // as after a crash
  EXPECT_EQ(files(), 0u);
}

TEST_F(LocalBlobs, DamageIsReported) {
  auto stored = store("precious");
  fs::permissions(path(*stored), fs::perms::owner_all);
  std::ofstream(path(*stored)) << "precioux";
  EXPECT_TRUE(store_->open(stored->key, 8));  // the size still fits
  EXPECT_EQ(store_->verify(*stored).error().code, ErrorCode::CorruptData);
  std::ofstream(path(*stored)) << "short";
  EXPECT_EQ(store_->open(stored->key, 8).error().code, ErrorCode::CorruptData);
  fs::remove(path(*stored));
  EXPECT_EQ(store_->open(stored->key, 8).error().code, ErrorCode::NotFound);
}

TEST_F(LocalBlobs, WhatIsNoKeyNeverReachesTheDisk) {
  std::ofstream(folder_ + "/secret") << "x";
  const std::string hash(64, 'a');
  for (const std::string& key :
       {std::string("../secret"), folder_ + "/secret", std::string(), hash, hash + "-",
        hash + "-" + std::string(17, 'a'), hash + "-" + std::string(15, 'a'),
        hash + "-../../secret0000", std::string(64, 'A') + "-0123456789abcdef",
        std::string("..") + std::string(62, 'a') + "-0123456789abcdef"}) {
    EXPECT_EQ(store_->open(key, 1).error().code, ErrorCode::NotFound) << key;
    EXPECT_EQ(store_->remove(key).error().code, ErrorCode::NotFound) << key;
  }
  EXPECT_TRUE(fs::exists(folder_ + "/secret"));
}

TEST_F(LocalBlobs, AFullDiskFailsTheUploadAndHeals) {
  auto writer = store_->create();
  ASSERT_TRUE((*writer)->write(bytes("some")));
  write_error = ENOSPC;
  auto full = (*writer)->write(bytes("more"));
  write_error = 0;
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().reason, "storage_full");
  EXPECT_FALSE((*writer)->write(bytes("again")));
  EXPECT_FALSE((*writer)->finish());
  writer->reset();
  EXPECT_EQ(files(), 0u);

  sync_error = ENOSPC;  // space that was promised and is not there
  auto late = store("late");
  sync_error = 0;
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason, "storage_full");
  EXPECT_EQ(files(), 0u);
  EXPECT_TRUE(store("later"));
}

TEST_F(LocalBlobs, AFailedSyncEndsTheProcess) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        sync_error = EIO;
        (void)store("never acknowledged");
      },
      "did not reach the disk");
}

TEST_F(LocalBlobs, ManyWritersAtOnce) {
  std::vector<std::thread> writers;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back([&, i] {
      const std::string text(10'000 + i, static_cast<char>('a' + i));
      for (int round = 0; round < 5; ++round) {
        auto stored = store(text);
        ASSERT_TRUE(stored);
        EXPECT_TRUE(store_->verify(*stored));
      }
    });
  }
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(files(), 40u);
}

}  // namespace
}  // namespace blob
