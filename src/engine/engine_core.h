// The engine thread: takes messages in, computes steps, sends events out. Everything below the line
// belongs to that thread alone.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/guarded.h"
#include "compute/gguf/file.h"
#include "compute/threads.h"
#include "engine/engine.h"
#include "engine/live_request.h"
#include "engine/memory_plan.h"
#include "engine/model/model.h"
#include "engine/scheduler/scheduler.h"
#include "engine/speculation/draft_model.h"
#include "engine/speculation/step_costs.h"

namespace engine {

class Engine::Core {
 public:
  // What a Core is made of. `file` may be absent for models that come from elsewhere (tests).
  struct Parts {
    std::unique_ptr<gguf::File> file;
    std::unique_ptr<compute::Pool> pool;
    std::unique_ptr<Model> model;
    CachePlan plan;
    std::unique_ptr<DraftModel> draft = {};  // may be absent
  };

  static Result<std::unique_ptr<Core>> create(Parts parts, const EngineOptions& options);
  ~Core();

  const ModelInfo& info() const { return parts_.model->info(); }
  const MemoryPlan& memory() const { return parts_.plan.memory; }

  // Any thread.
  // The number that batches name it by, kNoAdapter for no name; NotFound.
  Result<int> find_adapter(const std::string& name) const;
  Status add_adapter(const AdapterOptions& adapter);
  Result<RequestHandle> submit(std::unique_ptr<LiveRequest> request, std::function<void()> notify);
  void cancel(RequestId id);
  void stop_choice(RequestId id, int choice);
  EngineStats stats() const;

 private:
  struct Cancel {
    RequestId id;
  };
  struct StopChoice {
    RequestId id;
    int choice;
  };
  struct AddAdapter {
    AdapterOptions adapter;
    std::promise<Status> done;
  };
  using Message = std::variant<std::unique_ptr<LiveRequest>, Cancel, StopChoice, AddAdapter>;

  Core(Parts parts, const EngineOptions& options, KvCache cache);
  void post(Message message);

  // --- engine thread ---
  // What one part of the step's plan asks of the model.
  struct StepRows {
    Choice* choice;
    int first;  // row of the sequence
    int count;
    int first_output;  // of the batch's output rows
    int outputs;
  };

  void run();
  bool take_messages();
  void handle(std::unique_ptr<LiveRequest> request);
  void handle(Cancel cancel);
  void handle(StopChoice stop);
  void handle(AddAdapter add);

  void step();
  std::vector<Choice*> streams_to_guess_for();
  void guess_ahead();
  void ask_draft_model(const std::vector<Choice*>& streams);
  int drafts_max(const Choice& choice) const;
  void add_to_batch(const StepPart& part, Batch& batch, std::vector<StepRows>& rows);
  static int first_output(const StepRows& rows);
  void draw_together(const std::vector<StepRows>& all, compute::Tensor logits);
  void use_logits(const StepRows& rows, compute::Tensor logits);
  void use_hidden(const StepRows& rows, compute::Tensor hidden);
  void note_prompt_logprobs(const StepRows& rows, compute::Tensor logits);
  void prompt_was_read(LiveRequest& request);
  void fork_choices(LiveRequest& request);
  std::size_t continue_choice(Choice& choice, compute::Tensor logits, int first_output);
  bool draw(Choice& choice, std::span<const float> logits);
  bool take_token(Choice& choice, TokenId token, std::optional<Logprobs> logprobs);
  void take_forced(Choice& choice);
  void finish_choice(Choice& choice, FinishReason reason, std::optional<TokenId> stop_token);
  void finish_embedding(LiveRequest& request);
  void fail_request(LiveRequest& request, Error error);
  void fail_all(const Error& error);
  void tell(LiveRequest& request, Event event);
  void schedule(Choice& choice);
  void unschedule(Choice& choice, bool keep);
  void retire(LiveRequest& request, Event last);
  void count_pages();
  void publish_stats(double seconds, std::uint64_t generated_before);

  Parts parts_;
  const EngineOptions options_;
  KvCache cache_;
  StatePool states_;
  Scheduler scheduler_;
  StepCosts costs_;
  std::unordered_map<RequestId, std::unique_ptr<LiveRequest>> requests_;
  std::unordered_map<const Sequence*, Choice*> choice_of_;
  std::vector<std::unique_ptr<LiveRequest>> retired_;  // freed between steps
  Batch generate_batch_, embed_batch_;
  std::vector<const StepRows*> drawing_;  // only while draw_together runs; keeps its memory
  EngineStats counted_;
  std::chrono::steady_clock::time_point pages_counted_ = {};

  // --- shared ---
  std::mutex inbox_mutex_;
  std::condition_variable inbox_filled_;
  std::deque<Message> inbox_;
  bool stopping_ = false;
  std::atomic<bool> arrived_ = false;  // somebody interactive, not yet handled
  std::atomic<std::size_t> live_ = 0;  // requests accepted and not ended
  std::atomic<RequestId> next_id_ = 1;
  base::Guarded<EngineStats> stats_;
  base::Guarded<std::map<std::string, int>> adapters_;  // numbers by name
  std::thread thread_;
};

}  // namespace engine
