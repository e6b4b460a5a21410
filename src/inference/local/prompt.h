// From a request's messages (or raw prompt) to the tokens that the engine reads.
#pragma once

#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "engine/token.h"
#include "inference/backend.h"
#include "inference/local/loaded_model.h"

namespace inference::local {

struct Prompt {
  std::vector<engine::TokenId> tokens;
  std::string text;  // as rendered, for chats: says whether it opens a reasoning block
  std::vector<engine::TokenId> prediction;  // of the answer, when the request makes one
};

// Blocking, CPU-bound: for `pools.work`. context_length_exceeded when the tokens do not fit; with
// `request.truncate` the earliest turns of a chat are left out instead, system messages and calls
// with their answers kept together.
Result<Prompt> build_prompt(const LoadedModel& model, const GenerateRequest& request,
                            base::UnixTime now);

Result<std::vector<engine::TokenId>> encode_raw(const LoadedModel& model, const RawPrompt& prompt);

}  // namespace inference::local
