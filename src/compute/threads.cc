#include "compute/threads.h"

#include <algorithm>

#include "base/check.h"
#include "compute/float_mode.h"

namespace compute {
namespace {

// About 100 us at 3 to 4 GHz (a pause takes 40 to 140 cycles): longer than the work between two
// loops of one step, much shorter than a person notices as a busy core.
constexpr int kSpinsBeforeSleep = 4'000;

constexpr std::uint32_t kOpen = 1u << 31;  // in members_: the loop takes workers in

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

Pool::Pool(std::size_t threads, Isa isa) : isa_(isa) {
  CHECK(is_available(isa));
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  workers_.reserve(threads - 1);
  for (std::size_t i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
}

Pool::~Pool() {
  stopping_.store(true, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void Pool::run(std::size_t n, std::size_t grain, Call call, const void* context) {
  if (n == 0) return;
  grain = std::max<std::size_t>(grain, 1);
  if (workers_.empty() || n <= grain) {
    const FlushDenormals flush;
    for (std::size_t begin = 0; begin < n; begin += grain) {
      call(context, begin, std::min(begin + grain, n));
    }
    return;
  }

  job_ = {n, grain, call, context};
  next_.store(0, std::memory_order_relaxed);
  members_.fetch_or(kOpen, std::memory_order_release);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();

  take_ranges();
  members_.fetch_and(~kOpen, std::memory_order_relaxed);
  while (members_.load(std::memory_order_acquire) != 0) {
    pause();
    read_ahead_.ask();
  }
}

void Pool::take_ranges() {
  const FlushDenormals flush;
  for (;;) {
    const auto begin = next_.fetch_add(job_.grain, std::memory_order_relaxed);
    if (begin >= job_.n) return;
    job_.call(job_.context, begin, std::min(begin + job_.grain, job_.n));
  }
}

void Pool::work() {
  std::uint32_t seen = 0;
  while (wait_for_loop(seen)) {
    // Who enters while the loop is open is waited for; who comes too late leaves without a look at
    // the job.
    const auto before = members_.fetch_add(1, std::memory_order_acquire);
    if (before & kOpen) take_ranges();
    members_.fetch_sub(1, std::memory_order_release);
  }
}

// Returns when generation_ has moved past `last_seen`, which it updates; false when the pool ends.
bool Pool::wait_for_loop(std::uint32_t& last_seen) {
  const auto before = last_seen;
  for (int spin = 0; spin < kSpinsBeforeSleep && last_seen == before; ++spin) {
    pause();
    read_ahead_.ask();
    last_seen = generation_.load(std::memory_order_acquire);
  }
  if (last_seen == before) {
    generation_.wait(before, std::memory_order_acquire);
    last_seen = generation_.load(std::memory_order_acquire);
  }
  return !stopping_.load(std::memory_order_relaxed);
}

}  // namespace compute
