// How a run ended, beside what it said.
#pragma once

#include <optional>
#include <utility>

#include "agent/event.h"
#include "api/responses/transcript.h"

namespace api::responses {

// One of the two is there once the run is over.
struct Ending {
  std::optional<agent::Finished> finished;
  std::optional<Error> failed;

  // Every event of a run passes here on its way into the transcript.
  void add(agent::Event event, Transcript& transcript) {
    if (auto* failure = std::get_if<inference::Failed>(&event)) {
      transcript.close(false);  // what was half said stays, as incomplete
      failed = std::move(failure->error);
      return;
    }
    if (const auto* end = std::get_if<agent::Finished>(&event)) finished = *end;
    transcript.add(event);
  }
};

}  // namespace api::responses
