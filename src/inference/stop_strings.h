// Ends an output before the first stop string, also when it arrives cut into pieces: text that
// could still become one is held back. One per choice; one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace inference {

class StopStrings {
 public:
  explicit StopStrings(std::vector<std::string> stops) : stops_(std::move(stops)) {}

  // Takes the next piece and returns what may be shown now. After a stop string was found it
  // returns nothing more.
  std::string push(std::string_view piece);
  // The text still held back, once no more will come.
  std::string flush();
  bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;  // the longest suffix of what came that begins a stop string
  bool stopped_ = false;
};

}  // namespace inference
