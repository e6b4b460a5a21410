// Questions with their answers, as written by hand in models/talk/*.txt: "Q: a | b | c" lines of
// ways to ask, followed by "A: " lines of ways to answer; "#" begins a remark.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace train {

struct Exchange {
  std::string ask;
  std::string answer;
};

struct Topic {
  std::vector<std::string> asks;
  std::vector<std::string> answers;
};

Result<std::vector<Topic>> read_talk_file(const std::filesystem::path& file);

}  // namespace train
