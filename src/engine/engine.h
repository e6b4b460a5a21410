// The engine: one thread that owns a model, its cache and its scheduler, and runs all requests in
// one continuous batch. Tokens in, tokens out; text, templates and JSON are the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "engine/cache/layout.h"
#include "engine/constraint.h"
#include "engine/events.h"
#include "engine/model/info.h"
#include "engine/sampling/params.h"
#include "engine/scheduler/sequence.h"

namespace engine {

struct AdapterOptions {
  std::string name;  // requests name it
  std::string path;  // a GGUF LoRA adapter of this base model
};

// Guessing repeated text ahead and verifying it; never changes what is generated. Always is for
// tests: as if verifying cost nothing.
enum class Speculation : std::uint8_t { Off, WhenItPays, Always };

struct EngineOptions {
  std::string model_path;  // a GGUF file; any part of a split one
  std::vector<AdapterOptions> adapters = {};
  std::size_t threads = 0;            // 0: one per core
  int context_tokens = 0;             // longest sequence; 0: as trained, or what memory allows
  std::size_t memory_bytes_max = 0;   // weights, cache, work space; 0, and at most: what is free
  std::size_t memory_bytes_free = 0;  // for everything this model needs; 0: ask the machine
  std::optional<KvType> kv_type = {};  // absent: F16 beside weights of F16 or F32, else BF16
  int sequences_max = 32;       // running at a time; others wait
  int requests_max = 1'024;     // running and waiting; more are refused as overloaded
  int rows_per_step_max = 512;  // of the batch that one forward pass computes
  base::Duration gap_goal = std::chrono::milliseconds(100);  // between tokens of a running stream
  Speculation speculation = Speculation::WhenItPays;
  // A small model of the same vocabulary that guesses where nothing that was read before does.
  std::string draft_path = {};
  std::size_t channel_events_max = 4'096;  // a reader further behind than this is cut off
};

// Computed before anything big is allocated. All in bytes.
struct MemoryPlan {
  std::size_t weights = 0;
  std::size_t cache = 0;  // the draft model's included
  std::size_t work = 0;   // activations and logits of one step
  std::size_t draft = 0;  // the draft model's weights and work space
  std::size_t available = 0;
  int context_tokens = 0;  // what fits
  int context_wanted = 0;  // as trained, or as the options say

  std::size_t total() const { return weights + cache + work + draft; }
};

struct GenerateRequest {
  std::vector<TokenId> prompt;  // at least one token
  SamplingParams sampling = {};
  int tokens_max = 0;  // per choice; 0: up to the end of the context
  std::vector<TokenId> stop_tokens = {};
  int choices = 1;  // drawn from one reading of the prompt
  // Present: log probabilities with every token, and so many best rivals.
  std::optional<int> top_logprobs = {};
  bool prompt_logprobs = false;  // also for the prompt (with top_logprobs)
  std::string project = {};      // fairness
  std::string salt = {};         // who may share cached pages: the project, or finer
  Priority priority = Priority::Interactive;
  std::string adapter = {};  // empty: the base model
  // Likely to be generated: verified instead of computed. What is beyond the length of a context
  // is ignored.
  std::vector<TokenId> prediction = {};
  // Made once per choice, called with 0..choices-1; empty for free text.
  std::function<std::unique_ptr<TokenConstraint>(int choice)> make_constraint = {};
};

struct EmbedRequest {
  std::vector<TokenId> tokens;
  std::optional<Pooling> pooling = {};  // absent: the model's own, else mean
  std::string project = {};
  Priority priority = Priority::Interactive;
  std::string adapter = {};
};

using RequestId = std::uint64_t;

struct RequestHandle {
  RequestId id = 0;
  std::shared_ptr<EventChannel> events;  // shared with the engine thread
};

struct EngineStats {
  std::size_t pages = 0;
  std::size_t pages_in_use = 0;
  std::size_t pages_cached = 0;         // kept for reuse, free on demand
  std::size_t cache_bytes_touched = 0;  // of the plan's cache: memory that was used at some time
  std::size_t running = 0;
  std::size_t waiting = 0;
  std::uint64_t steps = 0;
  std::uint64_t prompt_tokens = 0;  // computed
  std::uint64_t cached_tokens = 0;  // found instead
  std::uint64_t generated_tokens = 0;
  std::uint64_t drafted_tokens = 0;
  std::uint64_t accepted_drafts = 0;
  std::uint64_t preemptions = 0;
  double generated_per_second = 0;  // while busy, smoothed
};

// Any thread may call. Destroying it fails what is still running and joins the thread.
// Every accepted request ends in exactly one Finished or Failed event.
class Engine {
 public:
  // Blocks while the model loads. ResourceExhausted with the numbers when it cannot fit.
  static Result<std::unique_ptr<Engine>> load(const EngineOptions& options);
  // What `load` would need, from the file's header alone.
  static Result<MemoryPlan> plan_memory(const EngineOptions& options);
  ~Engine();

  // Loads a LoRA adapter between two steps, unless one of that name is there already; waits for it.
  // Errors say what does not fit the model.
  Status add_adapter(const AdapterOptions& adapter);

  const ModelInfo& model() const;
  const MemoryPlan& memory() const;

  // `notify` as in EventChannel. InvalidRequest for what this model cannot do (with reason
  // `context_length_exceeded` for prompts beyond the context), NotFound for unknown adapters,
  // Overloaded when too many wait.
  Result<RequestHandle> submit(GenerateRequest request, std::function<void()> notify = {});
  Result<RequestHandle> submit(EmbedRequest request, std::function<void()> notify = {});
  // Takes effect within one step: Failed{Cancelled} follows, unless the request ended before.
  void cancel(RequestId id);
  // Ends one choice as Stop, the others go on: for stop strings, which only the caller sees.
  void stop_choice(RequestId id, int choice);

  EngineStats stats() const;

 private:
  class Core;
  explicit Engine(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace engine
