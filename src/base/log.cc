#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

namespace logging {
namespace {

std::atomic<Level> threshold{Level::Info};

// The one process-wide object: a log line must be possible from anywhere, also while everything
// else is torn down.
spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = spdlog::stderr_logger_mt("parlance");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    made->set_level(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

}  // namespace

void set_level(Level level) {
  threshold = level;
}

bool enabled(Level level) {
  return level >= threshold.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view line) {
  switch (level) {
    case Level::Debug: logger().debug(line); break;
    case Level::Info: logger().info(line); break;
    case Level::Warning: logger().warn(line); break;
    case Level::Error: logger().error(line); break;
  }
}

}  // namespace logging
