#include "api/uploads/upload.h"

#include <gtest/gtest.h>

#include "base/limits/file.h"
#include "store/test_support.h"

namespace api::uploads {
namespace {

constexpr std::int64_t kCreated = 1'000;

class Uploads : public ::testing::Test {
 protected:
  Uploads() {
    Upload upload{.project = project_,
                  .id = "upload_1",
                  .created_at = kCreated,
                  .expires_at = kCreated + limits::upload_seconds_max,
                  .filename = "a.txt",
                  .purpose = "user_data",
                  .bytes = 3,
                  .file_expires_after_seconds = 3'600,
                  .file_id = ""};
    EXPECT_TRUE(db_->write_blocking(
        [&](store::Transaction& transaction) { return create(transaction, upload); }));
  }
  Result<Upload> at(std::int64_t now) {
    return db_->read_blocking(
        [&](store::Session& session) { return find(session, project_, "upload_1", now); });
  }

  const base::ProjectId project_{"proj_a"};
  store::testing::TemporaryDatabase db_;
};

TEST_F(Uploads, AnUploadComesBackWhole) {
  const auto upload = at(kCreated);
  ASSERT_TRUE(upload);
  EXPECT_EQ(upload->filename, "a.txt");
  EXPECT_EQ(upload->bytes, 3);
  EXPECT_EQ(upload->file_expires_after_seconds, 3'600);
  EXPECT_EQ(upload->status, UploadStatus::Pending);
}

TEST_F(Uploads, ExpiresAnHourAfterItWasCreatedAndIsKnownForADayMore) {
  EXPECT_EQ(at(kCreated + 3'599)->status, UploadStatus::Pending);
  EXPECT_EQ(at(kCreated + 3'600)->status, UploadStatus::Expired);
  EXPECT_EQ(at(kCreated + limits::upload_seconds_kept - 1)->status, UploadStatus::Expired);
  EXPECT_EQ(at(kCreated + limits::upload_seconds_kept).error().code, ErrorCode::NotFound);
  const auto refused = db_->read_blocking([&](store::Session& session) {
    return find_pending(session, project_, "upload_1", kCreated + 3'600, "complete");
  });
  EXPECT_EQ(refused.error().message,
            "Cannot complete upload 'upload_1' with status 'expired'. The upload must be "
            "'pending'.");
}

TEST_F(Uploads, AnotherProjectSeesNothing) {
  const auto found = db_->read_blocking([&](store::Session& session) {
    return find(session, base::ProjectId{"proj_b"}, "upload_1", kCreated);
  });
  EXPECT_EQ(found.error().message, "No such Upload object: upload_1");
}

}  // namespace
}  // namespace api::uploads
