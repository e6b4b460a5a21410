#include "train/talk/talk_file.h"

#include <fstream>
#include <string_view>

#include "train/data/clean.h"

namespace train {

namespace {

std::vector<std::string> alternatives(std::string_view line) {
  std::vector<std::string> all;
  while (!line.empty()) {
    const std::size_t bar = line.find(" | ");
    const std::string text = tidy(line.substr(0, bar));
    if (!text.empty()) all.push_back(text);
    line = bar == std::string_view::npos ? std::string_view{} : line.substr(bar + 3);
  }
  return all;
}

}  // namespace

Result<std::vector<Topic>> read_talk_file(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return fail(ErrorCode::NotFound, "cannot read " + file.string());
  std::vector<Topic> topics;
  std::string line;
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with("Q: ")) {
      topics.push_back({alternatives(std::string_view(line).substr(3)), {}});
    } else if (line.starts_with("A: ") && !topics.empty()) {
      topics.back().answers.push_back(line.substr(3));
    } else {
      return fail(ErrorCode::CorruptData,
                  file.string() + ": neither Q: nor A: in \"" + line + "\"");
    }
  }
  for (const Topic& topic : topics) {
    if (topic.asks.empty() || topic.answers.empty())
      return fail(ErrorCode::CorruptData, file.string() + ": a question without an answer");
  }
  return topics;
}

}  // namespace train
