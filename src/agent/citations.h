// Turns the numbers by which a model cites its sources into annotations: "[2]" and "【2】" leave
// the text, and say where it refers to the second source.
#pragma once

#include <string>
#include <vector>

#include "agent/event.h"
#include "tools/tool.h"

namespace agent {

// Of one run. One coroutine.
class Citations {
 public:
  // The sources of one more tool's answer.
  void add(std::vector<tools::Source> sources);
  int count() const { return static_cast<int>(sources_.size()); }

  // Text as it arrives, to what is shown: deltas and citations in order. What may become a marker
  // is held back. Without sources, text passes as it is.
  std::vector<Event> read(inference::TextDelta delta);
  // The end of a text: what was held back. When the whole answer ends here and named no source, the
  // one whose words it uses is cited at its end; models too small to cite do not.
  std::vector<Event> finish(bool answer_ends);

 private:
  void show(std::string_view text, std::vector<Event>& out);
  void cite(const std::vector<int>& numbers, std::vector<Event>& out);
  const tools::Source* likely_source() const;

  std::vector<tools::Source> sources_;
  std::string held_;
  std::string shown_;                              // of this text
  std::vector<inference::TokenLogprob> logprobs_;  // of text that is held back
  bool cited_ = false;
};

}  // namespace agent
