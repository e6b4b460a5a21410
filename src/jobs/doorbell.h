// How whoever enqueues or cancels a job calls the worker, which is built after those who call it.
#pragma once

#include <atomic>

#include "jobs/worker.h"

namespace jobs {

// Owned by app, outlives both sides. Any thread. Without a worker it does nothing: the worker looks
// at the queue when it starts.
class Doorbell {
 public:
  void connect(Worker* worker) { worker_ = worker; }

  // After a commit that enqueued.
  void wake() const {
    if (Worker* worker = worker_) worker->wake();
  }
  // After a commit that requested to cancel that running job.
  void nudge(const base::JobId& id) const {
    if (Worker* worker = worker_) worker->nudge(id);
  }

 private:
  std::atomic<Worker*> worker_ = nullptr;
};

}  // namespace jobs
