#include "documents/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace documents {
namespace {

// Ends the (forked) process with 0 when all of this is refused.
[[noreturn]] void try_everything() {
  if (!enter_sandbox()) ::_exit(10);
  if (::open("/etc/passwd", O_RDONLY) >= 0 || errno != EPERM) ::_exit(11);
  if (::socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM) ::_exit(12);
  if (::fork() >= 0) ::_exit(13);
  if (::unlink("/tmp/x") == 0 || errno != EPERM) ::_exit(14);
  if (::execl("/bin/true", "true", nullptr) == 0 || errno != EPERM) ::_exit(15);
  if (::kill(::getppid(), 0) == 0) ::_exit(16);
  void* memory = std::malloc(1'000'000);
  ::_exit(memory ? 0 : 17);
}

[[noreturn]] void take_memory() {
  if (!enter_sandbox()) ::_exit(10);
  ::_exit(std::malloc(3ull * 1024 * 1024 * 1024) ? 1 : 0);
}

TEST(Sandbox, LeavesNothingButComputing) {
  EXPECT_EXIT(try_everything(), ::testing::ExitedWithCode(0), "");
}

TEST(Sandbox, BoundsMemory) {
#ifdef PARLANCE_SANITIZED
  GTEST_SKIP() << "the sanitizer's allocator does not fail";
#endif
  EXPECT_EXIT(take_memory(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace documents
