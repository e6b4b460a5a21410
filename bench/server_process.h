// `parlance serve` as a child process, to be measured.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

namespace bench {

struct ServerOptions {
  std::string program;
  std::string script;                 // of the scripted model
  std::filesystem::path data = {};    // empty: a folder of its own, removed afterwards
  std::optional<int> processor = {};  // the only one it may run on
};

// Runs until destroyed. Its url is empty when it did not start.
class ServerProcess {
 public:
  explicit ServerProcess(const ServerOptions& options);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  const std::string& url() const { return url_; }
  // User and system time so far.
  double cpu_seconds() const;
  double resident_mb() const;

 private:
  std::filesystem::path data_;
  bool owns_data_;
  pid_t pid_ = -1;
  std::string url_;
};

// The calling thread, and those it starts, run on this processor only.
void stay_on(int processor);

}  // namespace bench
