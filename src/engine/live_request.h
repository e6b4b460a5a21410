// A request while the engine works on it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/model/batch.h"
#include "engine/model/pooling.h"
#include "engine/sampling/sampler.h"
#include "engine/scheduler/sequence.h"
#include "engine/speculation/choose_drafts.h"
#include "engine/speculation/drafter.h"

namespace engine {

struct LiveRequest;

// One of the texts that a request generates. Choice 0 reads the prompt for all of them.
struct Choice {
  LiveRequest* request = nullptr;
  int index = 0;
  Sequence sequence = {};
  std::unique_ptr<Sampler> sampler = {};
  std::unique_ptr<TokenConstraint> constraint = {};
  Drafter drafter = {};
  DraftTrust trust = {};          // in the draft model
  bool from_draft_model = false;  // the sequence's drafts
  // What the sampler gave for the first row of this step's logits, where that was asked ahead.
  std::optional<std::optional<TokenId>> drawn = {};
  int generated = 0;
  bool scheduled = false;  // known to the scheduler
  bool finished = false;
};

// Engine thread only, but for the channel inside.
struct LiveRequest {
  RequestId id = 0;
  std::shared_ptr<EventChannel> channel = {};  // shared with the reader
  int adapter = kNoAdapter;
  std::optional<GenerateRequest> generate = {};  // one of the two
  std::optional<EmbedRequest> embed = {};
  std::vector<std::unique_ptr<Choice>> choices = {};
  Usage usage = {};
  bool prompt_read = false;
  std::vector<std::optional<Logprobs>> prompt_logprobs = {};
  Pooling pooling = Pooling::None;
  std::optional<Pooler> pooler = {};
  std::vector<std::vector<float>> vectors = {};  // Pooling::None
};

}  // namespace engine
