// The compute pool: a few threads that share the loops of one step. Not a general task queue.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "compute/kernels/isa.h"
#include "compute/read_ahead.h"

namespace compute {

// Owned by one engine; only one thread at a time may call it, and that thread works too. Between
// loops the other threads spin for a moment, because the next loop of the same step is microseconds
// away, and then sleep, because the next step may be hours away. While they wait for each other
// inside a loop nobody yields: a yielded core is lost for whole scheduler slices when a neighbour
// is busy (measured: a third to a half of the speed). A worker that wakes up late finds the loop
// closed and is not waited for.
//
// Every body runs with denormals flushed to zero, on the caller too (whose setting is restored):
// denormal products cost a kernel up to a third of its speed, and results must not depend on which
// thread computed them.
class Pool {
 public:
  // `threads` counts the calling thread: Pool(1) starts none. 0 means one per core. `isa`: the
  // kernels that loops on this pool use.
  explicit Pool(std::size_t threads = 0, Isa isa = default_isa());
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  std::size_t threads() const { return workers_.size() + 1; }
  Isa isa() const { return isa_; }
  // Told by loops that read much memory; asked by threads that wait.
  ReadAhead& read_ahead() { return read_ahead_; }

  // Calls body(begin, end) for disjoint ranges that cover [0, n), each `grain` long except the
  // last, on all threads, and returns when all are done. Which thread gets which range is not
  // defined, so the body must compute each index in the same way wherever the range begins.
  template <class Body>
  void parallel_for(std::size_t n, std::size_t grain, const Body& body) {
    const auto call = [](const void* context, std::size_t begin, std::size_t end) {
      (*static_cast<const Body*>(context))(begin, end);
    };
    run(n, grain, call, &body);
  }

 private:
  using Call = void (*)(const void* context, std::size_t begin, std::size_t end);

  struct Job {
    std::size_t n = 0;
    std::size_t grain = 1;
    Call call = nullptr;
    const void* context = nullptr;
  };

  void run(std::size_t n, std::size_t grain, Call call, const void* context);
  void work();
  void take_ranges();
  bool wait_for_loop(std::uint32_t& last_seen);

  Isa isa_;
  ReadAhead read_ahead_;
  std::vector<std::thread> workers_;
  Job job_;  // written while the loop is closed, read only by its members
  std::atomic<bool> stopping_ = false;
  alignas(64) std::atomic<std::uint32_t> generation_ = 0;  // counts loops; a change starts one
  alignas(64) std::atomic<std::uint32_t> members_ = 0;     // workers inside, and kOpen
  alignas(64) std::atomic<std::size_t> next_ = 0;          // first index nobody has taken
};

}  // namespace compute
