// A schema that is being brought up to date when the process is killed or the power fails: the next
// start goes on from there, nothing is lost and nothing is done twice.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "store/db/sqlite/connection.h"
#include "store/db/sqlite/forgetful_disk.h"
#include "store/migrations/migrate.h"
#include "store/test_support.h"

namespace store {
namespace {

using testing::DiskImage;
using testing::ForgetfulDisk;
using testing::TemporaryFolder;

constexpr Dialect kDialect{.serial_key = "INTEGER PRIMARY KEY AUTOINCREMENT",
                           .bytes = "BLOB",
                           .clustered = "WITHOUT ROWID"};
constexpr int kOld = 3;  // the version that the data was written by: documents, items, events
constexpr int kDocuments = 300;

// To come: what changes rows, so that a step that is done twice or by halves is seen.
constexpr std::string_view kAddColumn[] = {
    "ALTER TABLE documents ADD COLUMN size BIGINT NOT NULL DEFAULT 0",
    "UPDATE documents SET size = size + LENGTH(body)",
};
constexpr std::string_view kCopyRows[] = {
    "CREATE TABLE copies (seq BIGINT PRIMARY KEY, n BIGINT NOT NULL)",
    "INSERT INTO copies SELECT seq, 1 FROM documents",
    "UPDATE copies SET n = n + 1",
};
constexpr std::string_view kMoveRows[] = {
    "UPDATE copies SET n = n * 10",
    "CREATE TABLE moved (seq BIGINT PRIMARY KEY, n BIGINT NOT NULL)",
    "INSERT INTO moved SELECT seq, n FROM copies",
    "DROP TABLE copies",
};

std::vector<Migration> future() {
  const auto known = all_migrations();
  std::vector<Migration> all(known.begin(), known.end());
  const int newest = all.back().version;
  all.push_back({newest + 1, kAddColumn});
  all.push_back({newest + 2, kCopyRows});
  all.push_back({newest + 3, kMoveRows});
  return all;
}

using Where = sqlite::Connection::Options;

Status bring_up_to_date(const Where& where) {
  auto connection = sqlite::Connection::open(where);
  if (!connection) return fail(connection.error());
  return migrate(**connection, kDialect, future());
}

void make_old(const Where& where) {
  auto connection = sqlite::Connection::open(where);
  ASSERT_TRUE(connection);
  ASSERT_TRUE(migrate(**connection, kDialect, all_migrations().first(kOld)));
  ASSERT_TRUE((*connection)->execute("BEGIN"));
  for (int i = 0; i < kDocuments; ++i) {
    const std::string id = "r" + std::to_string(i), body(static_cast<std::size_t>(200 + i), 'x');
    ASSERT_TRUE((*connection)
                    ->execute("INSERT INTO documents (project, kind, id, parent, created_at, "
                              "version, checksum, body) VALUES ('p', 'response', $1, '', 1, 1, 0, "
                              "$2)",
                              {id, body}));
  }
  ASSERT_TRUE((*connection)->execute("COMMIT"));
}

void verify_migrated(const Where& where) {
  auto opened = sqlite::Connection::open(where);
  ASSERT_TRUE(opened);
  auto& connection = **opened;
  const auto number = [&](const char* sql) {
    auto value = connection.query_integer(sql, {});
    EXPECT_TRUE(value) << sql;
    return value.value_or(-1);
  };
  EXPECT_EQ(number("SELECT version FROM schema_version"), future().back().version);
  EXPECT_EQ(number("SELECT COUNT(*) FROM schema_version"), 1);
  EXPECT_EQ(number("SELECT COUNT(*) FROM documents WHERE size = LENGTH(body)"), kDocuments);
  EXPECT_EQ(number("SELECT SUM(LENGTH(body)) FROM documents"),
            kDocuments * 200 + kDocuments * (kDocuments - 1) / 2);
  EXPECT_EQ(number("SELECT COUNT(*) FROM moved WHERE n = 20"), kDocuments);
  EXPECT_EQ(number("SELECT COUNT(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
}

// A sanitized process takes twenty times as long, to fork above all.
#ifdef PARLANCE_SANITIZED
constexpr int kStride = 12, kRounds = 3;
#else
constexpr int kStride = 1, kRounds = 30;
#endif

// The power fails at every operation of the disk in turn, and again at the same one of the start
// after it.
TEST(MigrationFaults, APowerFailureAtAnyOperationLosesNothing) {
  const std::string path = "/old.db";
  base::SeededRandom random(1);
  DiskImage old;
  {
    ForgetfulDisk disk;
    make_old({.path = path, .vfs = disk.vfs(), .writable = true});
    old = disk.after_power_loss(random);
  }
  int n = 0;
  for (bool reached = true; reached;) {
    n += kStride;
    SCOPED_TRACE(n);
    ASSERT_LT(n, 5'000);
    reached = false;
    DiskImage image = old;
    for (int again = 0; again < 2; ++again) {
      ForgetfulDisk disk(image);
      const Where where{.path = path, .vfs = disk.vfs(), .writable = true};
      DiskImage lost;
      disk.call_at(n, [&] {
        lost = disk.after_power_loss(random);
        reached = true;
      });
      ASSERT_TRUE(bring_up_to_date(where));
      if (!lost.empty()) image = std::move(lost);
    }
    ForgetfulDisk disk(std::move(image));
    const Where where{.path = path, .vfs = disk.vfs(), .writable = true};
    ASSERT_TRUE(bring_up_to_date(where));
    verify_migrated(where);
  }
  EXPECT_GT(n, 50);
}

// A process of its own is killed at random moments until one gets to the end.
TEST(MigrationFaults, AKillAtAnyMomentLosesNothing) {
  TemporaryFolder folder;
  const std::string pristine = folder.file("pristine.db"), path = folder.file("old.db");
  make_old({.path = pristine, .writable = true});
  base::SeededRandom random(2);
  int killed = 0;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    for (const char* more : {"", "-wal", "-shm"}) std::filesystem::remove(path + more);
    std::filesystem::copy_file(pristine, path);
    // Longer each time, so that slow machines and sanitizers get to the end too.
    std::uint64_t longest_us = 15'000;
    for (bool whole = false; !whole; longest_us *= 2) {
      const pid_t child = ::fork();
      if (child == 0) ::_exit(bring_up_to_date({.path = path, .writable = true}) ? 0 : 1);
      ::usleep(static_cast<useconds_t>(random.below(longest_us)));
      ::kill(child, SIGKILL);
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      whole = WIFEXITED(status);
      ASSERT_TRUE(!whole || WEXITSTATUS(status) == 0);
      killed += whole ? 0 : 1;
    }
    verify_migrated({.path = path, .writable = true});
  }
  EXPECT_GE(killed, kRounds / 3);
}

}  // namespace
}  // namespace store
