#include "server_process.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

namespace bench {

namespace fs = std::filesystem;

void stay_on(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(processor), &set);
  sched_setaffinity(0, sizeof set, &set);
}

ServerProcess::ServerProcess(const ServerOptions& options)
    : data_(options.data), owns_data_(options.data.empty()) {
  if (owns_data_) data_ = fs::temp_directory_path() / fmt::format("bench_server_{}", getpid());
  fs::create_directories(data_);
  std::ofstream(data_ / "script.json") << options.script;
  int out[2];
  if (pipe(out) != 0) std::abort();
  pid_ = fork();
  if (pid_ == 0) {
    if (options.processor) stay_on(*options.processor);
    dup2(out[1], STDOUT_FILENO);
    const std::string script = (data_ / "script.json").string();
    execl(options.program.c_str(), options.program.c_str(), "serve", "--no-auth", "--port", "0",
          "--data", data_.c_str(), "--script", script.c_str(), nullptr);
    _exit(127);
  }
  close(out[1]);
  std::string text;
  char piece[4096];
  while (text.find("/v1\n") == text.npos) {
    const ssize_t n = read(out[0], piece, sizeof piece);
    if (n <= 0) break;
    text.append(piece, static_cast<std::size_t>(n));
  }
  const auto at = text.find("http://");
  url_ = at == text.npos ? "" : text.substr(at, text.find("/v1\n") - at);
}

ServerProcess::~ServerProcess() {
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
  if (owns_data_) fs::remove_all(data_);
}

double ServerProcess::cpu_seconds() const {
  std::ifstream file(fmt::format("/proc/{}/stat", pid_));
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  long user = 0, system = 0;
  std::sscanf(text.c_str() + text.rfind(')'),
              ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user, &system);
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double ServerProcess::resident_mb() const {
  std::ifstream file(fmt::format("/proc/{}/statm", pid_));
  long total = 0, resident = 0;
  file >> total >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / 1e6;
}

}  // namespace bench
