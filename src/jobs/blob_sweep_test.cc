#include "jobs/blob_sweep.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "blob/local_store.h"
#include "store/repo/blobs.h"
#include "store/test_support.h"

namespace jobs {
namespace {

class BlobSweep : public ::testing::Test {
 protected:
  BlobSweep() { blobs_ = *blob::open_local(db_.folder.file("blobs"), random_); }

  blob::Stored put(std::string_view text) {
    auto writer = *blobs_->create();
    EXPECT_TRUE(writer->write(std::as_bytes(std::span(text))));
    return *writer->finish();
  }
  std::string refer(const blob::Stored& stored) {
    auto key = db_->write_blocking([&](store::Transaction& transaction) {
      return store::blobs::refer(
          transaction, {.key = stored.key, .sha256 = stored.sha256, .size = stored.size}, 10);
    });
    return key.value_or("");
  }
  void release(const std::string& key) {
    EXPECT_TRUE(db_->write_blocking([&](store::Transaction& transaction) {
      return store::blobs::release(transaction, key, 20);
    }));
  }

  base::SystemRandom random_;
  store::testing::TemporaryDatabase db_;
  std::unique_ptr<blob::BlobStore> blobs_;
};

TEST_F(BlobSweep, RemovesWhatNobodyRefersToAndNothingElse) {
  const auto used = put("used");
  const auto unused = put("unused");
  const auto orphan = put("orphan");
  refer(used);
  release(refer(unused));
  EXPECT_EQ(sweep_unused_blobs(*db_, *blobs_, 20), 0u);
  EXPECT_EQ(sweep_unused_blobs(*db_, *blobs_, 21), 1u);
  EXPECT_EQ(blobs_->open(unused.key, unused.size).error().code, ErrorCode::NotFound);
  EXPECT_TRUE(blobs_->verify(orphan));
  EXPECT_EQ(sweep_orphan_blobs(*db_, *blobs_), 1u);
  EXPECT_EQ(blobs_->open(orphan.key, orphan.size).error().code, ErrorCode::NotFound);
  EXPECT_TRUE(blobs_->verify(used));
}

// Writers of the same few contents, deleters and the collector at the same time: contents that a
// writer was told it refers to are there, until it lets go.
TEST_F(BlobSweep, NeverRacesAWriter) {
  std::atomic<bool> done = false;
  std::thread collector([&] {
    while (!done) EXPECT_TRUE(sweep_unused_blobs(*db_, *blobs_, 1'000));
  });
  std::vector<std::thread> writers;
  for (int i = 0; i < 3; ++i) {
    writers.emplace_back([&, i] {
      for (int round = 0; round < 40; ++round) {
        const std::string text = "contents " + std::to_string((i + round) % 2);
        const auto stored = put(text);
        const auto key = refer(stored);
        EXPECT_TRUE(blobs_->verify({.key = key, .sha256 = stored.sha256, .size = stored.size}));
        release(key);
      }
    });
  }
  for (auto& writer : writers) writer.join();
  done = true;
  collector.join();
  ASSERT_TRUE(sweep_unused_blobs(*db_, *blobs_, 1'000));
  EXPECT_EQ(sweep_orphan_blobs(*db_, *blobs_), 0u);
}

}  // namespace
}  // namespace jobs
