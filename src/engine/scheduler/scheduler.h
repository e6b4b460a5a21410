// Which rows the next step computes: one for every running sequence, and pieces of waiting prompts
// in what is left of the budget. Knows no model; drives the cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "engine/cache/kv_cache.h"
#include "engine/cache/state_pool.h"
#include "engine/scheduler/sequence.h"

namespace engine {

struct SchedulerOptions {
  int rows_per_step_max = 512;
  int sequences_max = 64;  // admitted at a time
  // A step beside running streams should not take longer than this, so that they never stall. The
  // size of prompt pieces adapts to the measured speed.
  base::Duration gap_goal = std::chrono::milliseconds(100);
};

// Rows [first, first + count) of the sequence's tokens followed by its drafts.
struct StepPart {
  Sequence* sequence = nullptr;
  int first = 0;
  int count = 0;
};

struct SchedulerCounts {
  std::size_t running = 0;
  std::size_t waiting = 0;
  std::uint64_t preemptions = 0;
};

// Owned by the engine; engine thread only. Holds pointers to sequences between add and remove.
// Invariant: a sequence is waiting (no pages) or admitted (its pages hold exactly kv.length
// tokens, except while a step is computed).
class Scheduler {
 public:
  Scheduler(SchedulerOptions options, KvCache& cache, StatePool& states);

  void add(Sequence& sequence);
  // Adds `copy` as a running sequence that shares the pages of `sequence`. It waits like a new one
  // when there is no place to run it in now.
  void fork(const Sequence& sequence, Sequence& copy);
  // Ends the sequence in any state; what it computed stays cached if `keep`.
  void remove(Sequence& sequence, bool keep = true);

  // The rows of the next step; empty when there is nothing to do. After computing them the caller
  // calls KvCache::advance for every part. The reference stays good until the next call.
  const std::vector<StepPart>& next();
  // How long a step of so many rows took.
  void observe(int rows, base::Duration duration);
  // Whether the step is batch work alone: somebody who comes need not wait for its end.
  bool only_batch() const;
  // It was not computed to its end; the next ones are shorter, so that less is lost.
  void given_up();

  SchedulerCounts counts() const;
  // Rows of prompts beside running streams, at the speed measured so far.
  int prompt_rows_beside_streams() const;

 private:
  void plan(int batch_rows);
  int rows_for(const Sequence& sequence) const;
  int batch_step_rows() const;
  void admit();
  bool try_admit(Sequence& sequence);
  bool place(Sequence& sequence);
  bool preempt_for(const Sequence& sequence);
  void preempt(Sequence& victim);
  bool reserve_or_preempt(Sequence& sequence, int count);
  void plan_decoding();
  void plan_guesses();
  void plan_prompts();
  void schedule(Sequence& sequence, int count);
  void take_rows(const Sequence& sequence, int count);
  std::vector<Sequence*> ranked(bool admitted) const;
  bool planned(const Sequence& sequence) const;
  int admitted_count() const;

  SchedulerOptions options_;
  KvCache& cache_;
  StatePool& states_;
  std::vector<Sequence*> sequences_;
  std::map<std::string, double> served_;  // rows per project that has sequences
  std::vector<StepPart> plan_;
  int rows_left_ = 0;
  int batch_rows_left_ = 0;      // of those, at most for batch sequences
  bool somebody_waits_ = false;  // for an interactive sequence
  int batch_rows_max_;           // of a step of batch work alone, by how often they are given up
  double batch_wait_ns_ = 0;     // interactive time to pass before batch rows come beside it again
  std::uint64_t next_order_ = 0;
  std::uint64_t preemptions_ = 0;
  double ns_per_row_ = 0;  // smoothed; 0 before the first measurement
};

}  // namespace engine
