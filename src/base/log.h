// Leveled log lines on standard error. LOG(Info, "loaded {} in {} ms", name, ms). Never log keys,
// prompts or file contents.
#pragma once

#include <fmt/core.h>

#include <string_view>

namespace logging {

enum class Level { Debug, Info, Warning, Error };

// Any thread. Lines below the level are dropped before they are formatted.
void set_level(Level level);
bool enabled(Level level);
void write(Level level, std::string_view line);

}  // namespace logging

#define LOG(level, ...)                                                      \
  do {                                                                       \
    if (::logging::enabled(::logging::Level::level))                         \
      ::logging::write(::logging::Level::level, ::fmt::format(__VA_ARGS__)); \
  } while (false)
