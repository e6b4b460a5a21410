// Reads members of the NAME.tar.xz archives of a data folder through the system's tar.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json/value.h"

namespace train {

// One folder of archives. One thread.
class Archives {
 public:
  explicit Archives(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // The first `bytes_max` bytes of NAME/member in NAME.tar.xz.
  Result<std::string> read(const std::string& name, const std::string& member,
                           std::size_t bytes_max = std::size_t{1} << 30) const;
  // Each line of the member as JSON; a line that is none is an error.
  Status each_json_line(const std::string& name, const std::string& member,
                        const std::function<void(const json::Object&)>& visit) const;

 private:
  std::filesystem::path folder_;
};

// Calls visit for each line, without its end.
void each_line(std::string_view text, const std::function<void(std::string_view)>& visit);

}  // namespace train
