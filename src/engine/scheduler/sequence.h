// One sequence on its way through the scheduler: its tokens and how far they are computed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/cache/kv_cache.h"
#include "engine/token.h"

namespace engine {

enum class Priority : std::uint8_t { Interactive, Batch };

// Owned by the engine, which appends tokens; the scheduler owns the fields below the line.
struct Sequence {
  std::string project;  // fairness is between projects
  std::string salt;     // sequences of one salt may share pages
  Priority priority = Priority::Interactive;
  std::vector<TokenId> tokens;  // prompt and everything generated
  std::vector<TokenId> drafts;  // guesses of what follows, computed along with the last token
  bool reuse_prefix = true;     // false when the model must see every token of the prompt
  bool whole = false;           // all tokens in one step: not causal, or pooled
  int piece_max = 1 << 30;      // rows of the prompt in one step
  int choices = 1;              // sequences that will be forked from this one

  // --- the scheduler's ---
  bool admitted = false;
  KvSequence kv;
  int state_slot = -1;
  int cached_tokens = 0;    // of the tokens, found in the cache when it was first admitted
  std::uint64_t order = 0;  // of arrival
  int waited_steps = 0;

  int remaining() const { return static_cast<int>(tokens.size()) - kv.length; }
  // One more row says what the next token is.
  bool decoding() const { return admitted && remaining() == 1 && kv.length > 0; }
};

}  // namespace engine
