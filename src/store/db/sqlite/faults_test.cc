// The storage promises under a failing disk: what was acknowledged survives a power loss (R1), a
// failed sync stops acknowledging (R6), a full disk heals, damage is reported (R9).
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "store/db/sqlite/connection.h"
#include "store/db/sqlite/forgetful_disk.h"
#include "store/db/sqlite/sqlite_database.h"
#include "store/migrations/migrate.h"
#include "store/repo/documents.h"
#include "store/repo/items.h"
#include "store/test_support.h"

namespace store {
namespace {

using testing::DiskImage;
using testing::ForgetfulDisk;
using testing::TemporaryFolder;

const base::ProjectId kProject{"p"};

// How often a seeded test repeats; PARLANCE_FAULT_RUNS asks for more than a unit test has time for.
int runs(int usual) {
  const char* wanted = std::getenv("PARLANCE_FAULT_RUNS");
  return wanted ? std::atoi(wanted) : usual;
}

std::string body_of(const std::string& id) {
  return "{\"id\":\"" + id + std::string(300, '.') + "\"}";
}

Status create(Database& database, const std::string& id) {
  return database.write_blocking([&](Transaction& transaction) -> Status {
    Document document{.key = {kProject, "response", id}, .body = body_of(id)};
    if (auto added = documents::create(transaction, document, {{"model", "m"}}); !added) {
      return added;
    }
    std::vector<Item> items{{.id = id + "a", .body = "1"}, {.id = id + "b", .body = "2"}};
    return items::append(transaction, {kProject, "conversation"}, items);
  });
}

// Every acknowledged object is there, unchanged and whole; nothing is there by halves.
void verify(Database& database, const std::set<std::string>& acknowledged) {
  ASSERT_TRUE(database.integrity_check());
  auto stored = database.read_blocking([](Session& session) {
    return documents::list(session, {kProject, "response"}, {.limit = 100'000});
  });
  ASSERT_TRUE(stored) << stored.error().message;
  std::set<std::string> ids;
  for (const auto& document : stored->entries) {
    ids.insert(document.key.id);
    EXPECT_EQ(document.body, body_of(document.key.id));
  }
  for (const auto& id : acknowledged) EXPECT_TRUE(ids.contains(id)) << "lost " << id;
  auto items = database.read_blocking(
      [](Session& session) { return items::all(session, {kProject, "conversation"}); });
  ASSERT_TRUE(items);
  EXPECT_EQ(items->size(), 2 * ids.size());
  for (std::size_t i = 0; i < items->size(); ++i) {
    EXPECT_EQ((*items)[i].position, static_cast<std::int64_t>(i));
  }
}

struct Acknowledged {
  std::mutex mutex;
  std::set<std::string> ids;

  void add(const std::string& id) {
    std::scoped_lock lock(mutex);
    ids.insert(id);
  }
  std::set<std::string> copy() {
    std::scoped_lock lock(mutex);
    return ids;
  }
};

// The power goes at a random operation, possibly while the schema is being made; what the disk then
// holds must open and have everything acknowledged before.
TEST(Faults, APowerLossLosesNothingAcknowledged) {
  std::size_t checked = 0;
  for (int seed = 1; seed <= runs(60); ++seed) {
    SCOPED_TRACE(seed);
    base::SeededRandom random(static_cast<std::uint64_t>(seed));
    TemporaryFolder folder;
    const std::string path = folder.file("power.db");
    std::set<std::string> acknowledged;
    DiskImage image;
    {
      ForgetfulDisk disk;
      Acknowledged acks;
      const auto lose_power = [&] {
        acknowledged = acks.copy();
        image = disk.after_power_loss(random);
      };
      disk.call_at(1 + static_cast<int>(random.below(400)), lose_power);
      auto database = open_sqlite({.path = path, .vfs = disk.vfs(), .readers = 1});
      ASSERT_TRUE(database);
      std::vector<std::thread> callers;
      for (int caller = 0; caller < 3; ++caller) {
        callers.emplace_back([&, caller] {
          for (int i = 0; i < 15; ++i) {
            const auto id = std::to_string(caller) + "-" + std::to_string(i);
            if (create(**database, id)) acks.add(id);
          }
        });
      }
      for (auto& caller : callers) caller.join();
      if (image.empty()) lose_power();
      database->reset();  // whatever it does now, the power is gone
    }
    ForgetfulDisk disk(std::move(image));
    auto database = open_sqlite({.path = path, .vfs = disk.vfs(), .readers = 1});
    ASSERT_TRUE(database) << database.error().message;
    verify(**database, acknowledged);
    checked += acknowledged.size();
  }
  EXPECT_GT(checked, 0u);
}

TEST(Faults, AFullDiskFailsTheCallerAndHeals) {
  TemporaryFolder folder;
  ForgetfulDisk disk;
  auto database = open_sqlite({.path = folder.file("full.db"), .vfs = disk.vfs()});
  ASSERT_TRUE(database);
  std::set<std::string> acknowledged;
  // The first write that fails is the n-th from now, wherever in a transaction that is.
  for (int n = 1; n <= 30; ++n) {
    const int from = disk.operations() + n;
    disk.fail_writes(SQLITE_FULL, from, from + 1'000);
    std::string id;
    Status status;
    for (int i = 0; status && i < 100; ++i) {
      id = std::to_string(n) + "-" + std::to_string(i);
      status = create(**database, id);
      if (status) acknowledged.insert(id);
    }
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::StorageFailed);
    EXPECT_EQ(status.error().reason, "storage_full");
    verify(**database, acknowledged);  // reads go on
    disk.fail_writes(SQLITE_OK, 0, 0);
    ASSERT_TRUE(create(**database, id)) << "does not heal";
    acknowledged.insert(id);
  }
  verify(**database, acknowledged);
}

// Runs `body` in a child and returns its wait status. The child's standard error is closed: its
// dying words are expected.
template <class Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!std::freopen("/dev/null", "w", stderr)) ::_exit(4);
    ::_exit(body());
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

// The n-th sync fails, n = 1, 2... until none is left to fail: never does the program acknowledge
// anything afterwards, and while it serves, it ends.
TEST(Faults, AFailedSyncStopsAcknowledging) {
  bool clean = false;
  int stopped = 0;
  int n = 0;
  while (!clean) {
    ASSERT_LT(++n, 200);
    TemporaryFolder folder;  // the parent's: a child that aborts removes nothing
    const int status = in_child([&] {
      ForgetfulDisk disk;
      disk.fail_syncs(SQLITE_IOERR_FSYNC, n, n + 1);  // once: a retry would seem to succeed
      auto database = open_sqlite({.path = folder.file("sync.db"), .vfs = disk.vfs()});
      if (!database) return 3;
      for (int i = 0; i < 5; ++i) {
        if (!create(**database, std::to_string(i))) return 5;  // told the caller and went on
      }
      database->reset();
      return 0;
    });
    if (WIFSIGNALED(status)) {
      EXPECT_EQ(WTERMSIG(status), SIGABRT);
      ++stopped;
    } else {
      EXPECT_TRUE(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 3) << WEXITSTATUS(status);
      clean = WEXITSTATUS(status) == 0;
    }
  }
  EXPECT_GE(stopped, 5);
}

// A child writes and reports each acknowledged id through a pipe; the parent kills it at a random
// moment, also while it recovers from the last kill.
TEST(Faults, Kill9LosesNothingAcknowledged) {
  TemporaryFolder folder;
  base::SeededRandom random(7);
  std::set<std::string> acknowledged;
  for (int round = 0; round < runs(20); ++round) {
    SCOPED_TRACE(round);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      auto database = open_sqlite({.path = folder.file("kill.db")});
      if (!database) ::_exit(3);
      std::vector<std::thread> callers;
      for (int caller = 0; caller < 4; ++caller) {
        callers.emplace_back([&, caller] {
          for (int i = 0;; ++i) {
            const auto id =
                std::to_string(round) + "-" + std::to_string(caller) + "-" + std::to_string(i);
            if (!create(**database, id)) ::_exit(4);
            const std::string line = id + "\n";
            if (::write(ends[1], line.data(), line.size()) < 0) ::_exit(5);
          }
        });
      }
      for (auto& caller : callers) caller.join();
    }
    ::close(ends[1]);
    // A third of the children die before they may have written anything.
    pollfd first_line{.fd = ends[0], .events = POLLIN, .revents = 0};
    if (random.below(3) != 0) ::poll(&first_line, 1, /*ms=*/20'000);
    ::usleep(static_cast<useconds_t>(random.below(20'000)));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << "exit " << WEXITSTATUS(status);
    std::string lines;
    char buffer[4096];
    for (ssize_t size; (size = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
      lines.append(buffer, static_cast<std::size_t>(size));
    }
    ::close(ends[0]);
    for (std::size_t at = 0, end; (end = lines.find('\n', at)) != std::string::npos; at = end + 1) {
      acknowledged.insert(lines.substr(at, end - at));
    }
    // Every other kill is followed by another child at once: a kill during recovery.
    if (round % 2 == 0) continue;
    auto database = open_sqlite({.path = folder.file("kill.db")});
    ASSERT_TRUE(database);
    verify(**database, acknowledged);
  }
  EXPECT_GT(acknowledged.size(), 0u);
}

TEST(Faults, ADatabaseOfANewerProgramIsLeftAlone) {
  TemporaryFolder folder;
  const auto path = folder.file("new.db");
  {
    auto database = open_sqlite({.path = path});
    ASSERT_TRUE(create(**database, "x"));
    ASSERT_TRUE((*database)->write_blocking([](Transaction& transaction) {
      return transaction.execute("UPDATE schema_version SET version = 1000");
    }));
  }
  const auto contents = [&] {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const auto before = contents();
  auto refused = open_sqlite({.path = path});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
  EXPECT_EQ(contents(), before);
}

TEST(Faults, EveryOlderSchemaIsBroughtUpToDate) {
  const Dialect dialect{.serial_key = "INTEGER PRIMARY KEY AUTOINCREMENT",
                        .bytes = "BLOB",
                        .clustered = "WITHOUT ROWID"};
  const auto all = all_migrations();
  for (std::size_t count = 0; count <= all.size(); ++count) {
    TemporaryFolder folder;
    const auto path = folder.file("old.db");
    {
      auto connection = sqlite::Connection::open({.path = path, .writable = true});
      ASSERT_TRUE(connection);
      ASSERT_TRUE(migrate(**connection, dialect, all.first(count)));
    }
    auto database = open_sqlite({.path = path});
    ASSERT_TRUE(database);
    ASSERT_TRUE(create(**database, "x"));
    verify(**database, {"x"});
  }
}

// Random bytes of the file are changed: an object is served as it was stored, or not at all, and
// where one seems to be missing the check of the whole file says that it is damaged.
TEST(Faults, DamageIsReportedAndNeverServed) {
  TemporaryFolder folder;
  const auto path = folder.file("damaged.db");
  std::string pristine;
  {
    auto database = open_sqlite({.path = path});
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(create(**database, std::to_string(i)));
    database->reset();
    std::ifstream file(path, std::ios::binary);
    pristine.assign(std::istreambuf_iterator<char>(file), {});
  }
  int reported = 0;
  for (int seed = 1; seed <= runs(40); ++seed) {
    SCOPED_TRACE(seed);
    base::SeededRandom random(static_cast<std::uint64_t>(seed));
    auto bytes = pristine;
    for (int i = 0; i < 3; ++i)
      bytes[random.below(bytes.size())] ^= static_cast<char>(1 + random.below(255));
    if (random.below(8) == 0) bytes.resize(random.below(bytes.size()));
    std::ofstream(path, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    auto database = open_sqlite({.path = path, .check_on_open = seed % 2 == 0});
    if (!database) {
      ++reported;
      continue;
    }
    bool missing = false;
    for (int i = 0; i < 100; ++i) {
      const auto id = std::to_string(i);
      auto found = (*database)->read_blocking(
          [&](Session& session) { return documents::get(session, {kProject, "response", id}); });
      if (found) {
        EXPECT_EQ(found->body, body_of(id));
      } else if (found.error().code == ErrorCode::NotFound) {
        missing = true;
      } else {
        ++reported;
      }
    }
    EXPECT_TRUE(!missing || !(*database)->integrity_check());
  }
  EXPECT_GT(reported, 0);
}

}  // namespace
}  // namespace store
