#include "engine/scheduler/scheduler.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"

namespace engine {
namespace {

constexpr int kPromptRowsMin = 16;  // below this the weights are read for too few rows
// A prompt that waits a step counts as this much shorter, so that short ones do not starve it.
constexpr int kRowsPerWaitedStep = 8;
// Batch work beside interactive work: so many rows, in a step now and then. It never starves, and
// is not felt: such a step takes two to three others' time, so less than one in a hundred is one.
constexpr int kBatchRowsBeside = 16;
constexpr double kInteractiveTimePerBatchTime = 60;
// Somebody who arrives waits for a layer of the step of batch work under way, or, where it cannot
// be given up, for all of it: it is kept this short, as long as it still has rows enough to be
// worth reading the weights for (a product is as fast with 64 rows as with 512, see
// docs/benchmarks.md).
constexpr double kBatchStepNs = 3e6;
constexpr int kBatchStepRowsMin = 64;
constexpr int kBatchStepRowsMinFast = 32;  // of models whose weights stay in a cache
constexpr double kFastRowNs = 300e3;

}  // namespace

Scheduler::Scheduler(SchedulerOptions options, KvCache& cache, StatePool& states)
    : options_(options),
      cache_(cache),
      states_(states),
      batch_rows_max_(options.rows_per_step_max) {
  CHECK(options_.rows_per_step_max > 0 && options_.sequences_max > 0);
}

void Scheduler::add(Sequence& sequence) {
  CHECK(!sequence.tokens.empty() && !sequence.admitted);
  sequence.order = next_order_++;
  sequences_.push_back(&sequence);
  if (!served_.contains(sequence.project)) {
    // A project that comes back starts level with the others, without credit for its absence.
    double least = 0;
    for (const auto& [project, rows] : served_) {
      least = least == 0 ? rows : std::min(least, rows);
    }
    served_[sequence.project] = least;
  }
}

void Scheduler::fork(const Sequence& sequence, Sequence& copy) {
  add(copy);
  if (!sequence.admitted) return;
  const auto slot = states_.allocate();
  if (!slot) return;
  states_.copy(sequence.state_slot, *slot);
  copy.state_slot = *slot;
  copy.kv = cache_.fork(sequence.kv);
  copy.cached_tokens = copy.kv.length;
  copy.admitted = true;
}

void Scheduler::remove(Sequence& sequence, bool keep) {
  std::erase(sequences_, &sequence);
  if (sequence.admitted) {
    cache_.end(sequence.kv,
               keep ? std::span<const TokenId>(sequence.tokens) : std::span<const TokenId>());
    states_.release(sequence.state_slot);
    sequence.admitted = false;
  }
  std::erase_if(plan_, [&](const StepPart& part) { return part.sequence == &sequence; });
  const bool last = std::ranges::none_of(
      sequences_, [&](const Sequence* other) { return other->project == sequence.project; });
  if (last) served_.erase(sequence.project);
}

const std::vector<StepPart>& Scheduler::next() {
  somebody_waits_ = std::ranges::any_of(sequences_, [](const Sequence* sequence) {
    return sequence->priority == Priority::Interactive;
  });
  int batch_rows = batch_step_rows();
  if (somebody_waits_) batch_rows = batch_wait_ns_ > 0 ? 0 : kBatchRowsBeside;
  plan(batch_rows);
  // Nobody who waits can go on: the batch may have what they need.
  if (plan_.empty() && batch_rows == 0) plan(options_.rows_per_step_max);
  for (auto* sequence : sequences_) {
    sequence->waited_steps = planned(*sequence) ? 0 : sequence->waited_steps + 1;
  }
  return plan_;
}

void Scheduler::plan(int batch_rows) {
  plan_.clear();
  rows_left_ = options_.rows_per_step_max;
  batch_rows_left_ = batch_rows;
  plan_decoding();
  admit();
  plan_prompts();
}

// The rows that the sequence may still have of this step.
int Scheduler::rows_for(const Sequence& sequence) const {
  if (sequence.priority == Priority::Interactive) return rows_left_;
  return std::min(rows_left_, batch_rows_left_);
}

// Every running sequence gets its row, the most important first: the others give up pages for them.
// Batch ones take turns where a step has fewer rows for them.
void Scheduler::plan_decoding() {
  for (auto* sequence : ranked(true)) {
    if (!sequence->decoding() || rows_for(*sequence) <= 0) continue;  // or preempted a moment ago
    if (reserve_or_preempt(*sequence, 1)) schedule(*sequence, 1);
  }
  plan_guesses();
}

// For guesses there are the rows and pages that no running sequence needs.
void Scheduler::plan_guesses() {
  for (auto& part : plan_) {
    auto& sequence = *part.sequence;
    auto& drafts = sequence.drafts;
    drafts.resize(std::min(drafts.size(), static_cast<std::size_t>(rows_for(sequence))));
    const int guesses = static_cast<int>(drafts.size());
    if (guesses == 0) continue;
    if (!cache_.reserve(sequence.kv, 1 + guesses)) {
      drafts.clear();
      continue;
    }
    part.count += guesses;
    take_rows(sequence, guesses);
  }
}

void Scheduler::plan_prompts() {
  int rows = rows_left_;
  if (!plan_.empty()) {
    int streaming = 0;  // rows that take their share of the same time
    for (const auto& part : plan_) streaming += part.count;
    rows = std::min(rows, std::max(kPromptRowsMin, prompt_rows_beside_streams() - streaming));
  }
  for (auto* sequence : ranked(true)) {
    if (!sequence->admitted || planned(*sequence)) continue;
    const int allowed = rows_for(*sequence);
    if (allowed <= 0) continue;
    int count = std::min({rows, allowed, sequence->remaining(), sequence->piece_max});
    if (sequence->whole) {
      // Cannot be cut: one that is larger than the budget gets a step of its own.
      const bool fits = sequence->remaining() <= rows || plan_.empty();
      count = fits ? sequence->remaining() : 0;
    }
    if (count <= 0) continue;
    if (!reserve_or_preempt(*sequence, count)) continue;
    schedule(*sequence, count);
    rows -= std::min(rows, count);
  }
}

void Scheduler::schedule(Sequence& sequence, int count) {
  plan_.push_back({&sequence, sequence.kv.length, count});
  take_rows(sequence, count);
}

void Scheduler::take_rows(const Sequence& sequence, int count) {
  rows_left_ = std::max(0, rows_left_ - count);
  if (sequence.priority == Priority::Batch) {
    batch_rows_left_ = std::max(0, batch_rows_left_ - count);
  }
  served_[sequence.project] += count;
}

void Scheduler::admit() {
  for (auto* sequence : ranked(false)) {
    if (!try_admit(*sequence)) break;  // the next in rank must not slip past
  }
}

bool Scheduler::try_admit(Sequence& sequence) {
  while (!place(sequence)) {
    if (!preempt_for(sequence)) return false;
  }
  return true;
}

// Gives the sequence its cached beginning when there is room for the rest of its tokens, next to
// what the prompts admitted before still need.
bool Scheduler::place(Sequence& sequence) {
  if (admitted_count() + sequence.choices > options_.sequences_max && admitted_count() > 0) {
    return false;
  }
  if (!states_.has_free()) return false;
  sequence.kv = cache_.begin(sequence.salt, sequence.tokens, sequence.reuse_prefix);
  std::size_t promised = static_cast<std::size_t>(sequence.remaining()) + 1;
  for (const auto* other : sequences_) {
    if (other->admitted && !other->decoding()) {
      promised += static_cast<std::size_t>(other->remaining()) + kPageTokens;
    }
  }
  const auto step = static_cast<std::size_t>(options_.rows_per_step_max);
  if (!cache_.has_room_for(promised, step) && admitted_count() > 0) {
    cache_.end(sequence.kv, {});
    return false;
  }
  if (sequence.cached_tokens == 0) sequence.cached_tokens = sequence.kv.length;
  sequence.state_slot = *states_.allocate();
  sequence.admitted = true;
  return true;
}

// An interactive sequence may push out the youngest batch sequence.
bool Scheduler::preempt_for(const Sequence& sequence) {
  if (sequence.priority != Priority::Interactive) return false;
  Sequence* victim = nullptr;
  for (auto* other : sequences_) {
    if (!other->admitted || other->priority != Priority::Batch || planned(*other)) continue;
    if (victim == nullptr || other->order > victim->order) victim = other;
  }
  if (victim == nullptr) return false;
  preempt(*victim);
  return true;
}

void Scheduler::preempt(Sequence& victim) {
  cache_.end(victim.kv, victim.tokens);
  states_.release(victim.state_slot);
  victim.state_slot = -1;
  victim.admitted = false;
  victim.drafts.clear();
  ++preemptions_;
}

// Takes pages from the least important of the others, then from the sequence itself.
bool Scheduler::reserve_or_preempt(Sequence& sequence, int count) {
  while (!cache_.reserve(sequence.kv, count)) {
    Sequence* victim = nullptr;
    for (auto* other : sequences_) {
      if (!other->admitted || other == &sequence || planned(*other)) continue;
      if (victim == nullptr ||
          std::tie(other->priority, other->order) > std::tie(victim->priority, victim->order)) {
        victim = other;
      }
    }
    const bool alone = victim == nullptr;
    if (alone ||
        std::tie(victim->priority, victim->order) < std::tie(sequence.priority, sequence.order)) {
      preempt(sequence);
      return false;
    }
    preempt(*victim);
  }
  return true;
}

// By importance. Running ones by age, but batch ones, which may get no row, by how long they had
// none. Waiting and unfinished prompts by fairness and length.
std::vector<Sequence*> Scheduler::ranked(bool admitted) const {
  std::vector<Sequence*> chosen;
  for (auto* sequence : sequences_) {
    if (sequence->admitted == admitted) chosen.push_back(sequence);
  }
  const auto key = [this](const Sequence* s) {
    const bool decoding = s->decoding();
    const double served = decoding ? 0 : served_.at(s->project);
    int length = s->remaining() - kRowsPerWaitedStep * s->waited_steps;
    if (decoding) length = s->priority == Priority::Batch ? -s->waited_steps : 0;
    return std::tuple(s->priority, served, length, s->order);
  };
  std::ranges::sort(chosen, {}, key);
  return chosen;
}

bool Scheduler::planned(const Sequence& sequence) const {
  return std::ranges::any_of(plan_,
                             [&](const StepPart& part) { return part.sequence == &sequence; });
}

int Scheduler::admitted_count() const {
  return static_cast<int>(std::ranges::count_if(sequences_, &Sequence::admitted));
}

void Scheduler::observe(int rows, base::Duration duration) {
  const bool with_batch = std::ranges::any_of(
      plan_, [](const StepPart& part) { return part.sequence->priority == Priority::Batch; });
  const auto ns = static_cast<double>(duration.count());
  if (with_batch) {
    batch_wait_ns_ = kInteractiveTimePerBatchTime * ns;
    batch_rows_max_ = std::min(2 * batch_rows_max_, options_.rows_per_step_max);
  } else {
    batch_wait_ns_ = std::max(0.0, batch_wait_ns_ - ns);
  }
  if (rows < kPromptRowsMin) return;  // bound by reading the weights, says nothing of a row's cost
  const double measured = static_cast<double>(duration.count()) / rows;
  if (ns_per_row_ == 0) ns_per_row_ = measured;
  // Slower is believed sooner: small steps cost more per row than the large ones before them, and
  // running streams wait meanwhile.
  const double weight = measured > ns_per_row_ ? 0.5 : 0.2;
  ns_per_row_ += weight * (measured - ns_per_row_);
}

int Scheduler::prompt_rows_beside_streams() const {
  constexpr int kBeforeMeasuring = 64;
  if (ns_per_row_ == 0) return std::min(kBeforeMeasuring, options_.rows_per_step_max);
  const double rows = static_cast<double>(options_.gap_goal.count()) / ns_per_row_;
  return static_cast<int>(std::clamp(rows, static_cast<double>(kPromptRowsMin),
                                     static_cast<double>(options_.rows_per_step_max)));
}

// Rows of a step without anybody who waits for it.
int Scheduler::batch_step_rows() const {
  if (ns_per_row_ == 0) return batch_rows_max_;
  const int least = ns_per_row_ < kFastRowNs ? kBatchStepRowsMinFast : kBatchStepRowsMin;
  const double rows = std::max<double>(kBatchStepNs / ns_per_row_, least);
  return static_cast<int>(std::min<double>(rows, batch_rows_max_));
}

bool Scheduler::only_batch() const {
  return std::ranges::all_of(
      plan_, [](const StepPart& part) { return part.sequence->priority == Priority::Batch; });
}

void Scheduler::given_up() {
  int rows = 0;
  for (const auto& part : plan_) rows += part.count;
  batch_rows_max_ = std::clamp(rows / 2, kBatchRowsBeside, options_.rows_per_step_max);
}

SchedulerCounts Scheduler::counts() const {
  const auto running = static_cast<std::size_t>(admitted_count());
  return {.running = running, .waiting = sequences_.size() - running, .preemptions = preemptions_};
}

}  // namespace engine
