// What an engine says to a request, for tests that compare it to the bit.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <variant>
#include <vector>

#include "engine/engine.h"

namespace engine::testing {

inline constexpr int kVocabulary = 96;  // the tests' models have as many tokens, or more

struct Said {
  std::vector<TokenId> tokens;
  std::vector<std::uint32_t> logprobs;  // their bits, where asked for
  FinishReason reason = FinishReason::Length;
  int generated = 0;
  int predicted = 0;

  bool operator==(const Said&) const = default;
};

// Waits until the request has ended; a failure fails the test.
inline Said collect(const RequestHandle& handle) {
  Said said;
  while (true) {
    const auto event = handle.events->wait();
    if (const auto* token = std::get_if<TokenGenerated>(&event)) {
      said.tokens.push_back(token->token);
      if (token->logprobs) {
        said.logprobs.push_back(std::bit_cast<std::uint32_t>(token->logprobs->chosen));
      }
    } else if (const auto* end = std::get_if<ChoiceFinished>(&event)) {
      said.reason = end->reason;
    } else if (const auto* finished = std::get_if<Finished>(&event)) {
      said.generated = finished->usage.generated_tokens;
      said.predicted = finished->usage.predicted_tokens;
    } else if (const auto* failed = std::get_if<Failed>(&event)) {
      ADD_FAILURE() << failed->error.message;
    }
    if (is_last(event)) return said;
  }
}

}  // namespace engine::testing
