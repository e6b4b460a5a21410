#include "documents/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "base/limits/document.h"

namespace documents {
namespace {

std::unexpected<Error> cannot(const char* what) {
  return fail(ErrorCode::Internal, std::string("The document reader cannot limit its ") + what);
}

bool set_limit(__rlimit_resource resource, rlim_t value) {
  const rlimit limit{value, value};
  return ::setrlimit(resource, &limit) == 0;
}

// Bytes of address space in use now; what the libraries reserved does not count as the document's.
rlim_t address_space() {
  unsigned long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%lu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return static_cast<rlim_t>(pages) * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

Status limit_resources() {
  const auto seconds = static_cast<rlim_t>(limits::document_cpu_time_max.count());
  if (!set_limit(RLIMIT_CPU, seconds)) return cannot("time");
  if (!set_limit(RLIMIT_AS, address_space() + limits::document_memory_bytes_max))
    return cannot("memory");
  if (!set_limit(RLIMIT_FSIZE, 0) || !set_limit(RLIMIT_CORE, 0) || !set_limit(RLIMIT_NOFILE, 8))
    return cannot("files");
  return {};
}

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};

Status limit_calls() {
  const std::unique_ptr<void, Release> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return cannot("system calls");
  static constexpr int kAllowed[] = {
      SCMP_SYS(read),          SCMP_SYS(write),        SCMP_SYS(close),
      SCMP_SYS(fstat),         SCMP_SYS(lseek),        SCMP_SYS(mmap),
      SCMP_SYS(munmap),        SCMP_SYS(mremap),       SCMP_SYS(mprotect),
      SCMP_SYS(brk),           SCMP_SYS(madvise),      SCMP_SYS(futex),
      SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
      SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(getrandom),
      SCMP_SYS(sched_yield),   SCMP_SYS(getpid),       SCMP_SYS(gettid),
      SCMP_SYS(tgkill),        SCMP_SYS(exit),         SCMP_SYS(exit_group),
  };
  for (const int call : kAllowed) {
    if (seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0) != 0) return cannot("system calls");
  }
  if (seccomp_load(filter.get()) != 0) return cannot("system calls");
  return {};
}

}  // namespace

Status enter_sandbox() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_DUMPABLE, 0);
  if (auto status = limit_resources(); !status) return status;
  return limit_calls();
}

}  // namespace documents
