#include "jobs/worker.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>

#include <algorithm>

#include "base/check.h"
#include "base/limits/job.h"
#include "base/log.h"

namespace jobs {

namespace asio = base::asio;

namespace {

// Whether the coroutine has been asked to stop.
base::awaitable<bool> stopping() {
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

base::awaitable<> wait_for(asio::steady_timer& timer, std::chrono::milliseconds duration) {
  timer.expires_after(duration);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace

// A job that this worker runs; the timer is its next heartbeat.
struct Worker::Running {
  Running(asio::any_io_executor executor, std::string kind)
      : timer(std::move(executor)), kind(std::move(kind)) {}
  asio::steady_timer timer;  // on its executor, the job's strand
  bool nudged = false;       // likewise
  const std::string kind;
};

Worker::Worker(WorkerOptions options, store::Database& database, const base::Clock& clock,
               base::Random& random, asio::any_io_executor executor)
    : options_(std::move(options)),
      database_(database),
      clock_(clock),
      random_(random),
      name_(random.hex(16)),
      executor_(executor),
      strand_(asio::make_strand(executor)),
      wake_(strand_),
      group_(executor) {}

Worker::~Worker() = default;

// The kinds of which another job may begin now; none when the worker is full.
std::vector<std::string> Worker::kinds_with_room() const {
  return running_.with([&](const RunningJobs& jobs) {
    std::vector<std::string> kinds;
    if (jobs.by_id.size() >= options_.jobs_max) return kinds;
    for (const auto& handler : options_.handlers) {
      const auto running = static_cast<std::size_t>(std::ranges::count_if(
          jobs.by_id, [&](const auto& entry) { return entry.second->kind == handler.kind; }));
      if (handler.at_once_max == 0 || running < handler.at_once_max) kinds.push_back(handler.kind);
    }
    return kinds;
  });
}

const Handler& Worker::handler_of(const std::string& kind) const {
  const auto found = std::ranges::find(options_.handlers, kind, &Handler::kind);
  CHECK(found != options_.handlers.end());
  return *found;
}

// The end of a job whatever its kind; kinds of other processes have nothing to add here.
queue::OnEnd Worker::on_end() const {
  return [this](store::Transaction& transaction, const Job& job) -> Status {
    const auto found = std::ranges::find(options_.handlers, job.kind, &Handler::kind);
    if (found == options_.handlers.end() || !found->on_end) return {};
    return found->on_end(transaction, job);
  };
}

base::awaitable<Status> Worker::start() {
  auto recovered = co_await database_.write([this](store::Transaction& transaction) {
    return queue::recover(
        transaction,
        {.now_ms = clock_.now_ms(), .worker = name_, .only_process = options_.only_process},
        on_end());
  });
  if (!recovered) co_return fail(std::move(recovered.error()));
  if (*recovered > 0) LOG(Info, "jobs: took back {} that an earlier run left", *recovered);
  group_.spawn_on(strand_, loop());
  co_return Status{};
}

void Worker::wake() {
  asio::post(strand_, [this] {
    woken_ = true;
    wake_.cancel();
  });
}

void Worker::nudge(const base::JobId& id) {
  const auto running = running_.with([&](RunningJobs& jobs) -> std::shared_ptr<Running> {
    const auto found = jobs.by_id.find(id.value);
    if (found != jobs.by_id.end()) return found->second;
    // Jobs that are not ours leave their ids here; forgetting one costs a heartbeat interval.
    if (jobs.nudged_early.size() >= limits::job_early_nudges_max) jobs.nudged_early.clear();
    jobs.nudged_early.insert(id.value);
    return nullptr;
  });
  if (!running) return;
  asio::post(running->timer.get_executor(), [running] {
    running->nudged = true;
    running->timer.cancel();
  });
}

std::shared_ptr<Worker::Running> Worker::enter(const Job& job) {
  auto running = std::make_shared<Running>(asio::make_strand(executor_), job.kind);
  running_.with([&](RunningJobs& jobs) {
    running->nudged = jobs.nudged_early.erase(job.id.value) > 0;
    jobs.by_id[job.id.value] = running;
  });
  return running;
}

base::awaitable<> Worker::stop() {
  stopping_ = true;
  group_.cancel();
  co_await group_.wait();
}

base::awaitable<> Worker::loop() {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto polled = std::chrono::steady_clock::now();
  while (true) {
    const bool stop = co_await stopping();
    if (stop) co_return;
    if (std::chrono::steady_clock::now() - polled >= options_.poll_interval) {
      polled = std::chrono::steady_clock::now();
      if (!options_.only_process) co_await recover_expired();
    }
    woken_ = false;  // also where there is no room: a loop that does not wait holds up its thread
    const auto kinds = kinds_with_room();
    if (!kinds.empty()) {
      auto job = co_await take_next(kinds);
      if (job && *job) {
        last_project_ = (*job)->project.value;
        auto running = enter(**job);
        auto executor = running->timer.get_executor();
        group_.spawn_on(executor, execute(std::move(**job), std::move(running)));
        continue;
      }
    }
    if (!woken_) co_await wait_for(wake_, options_.poll_interval);
  }
}

base::awaitable<Result<std::optional<Job>>> Worker::take_next(
    const std::vector<std::string>& kinds) {
  auto taken = co_await database_.write([this, &kinds](store::Transaction& transaction) {
    const auto now = clock_.now_ms();
    return queue::take(transaction, {.worker = name_,
                                     .kinds = kinds,
                                     .after_project = last_project_,
                                     .now_ms = now,
                                     .lease_until_ms = now + options_.lease_time.count()});
  });
  if (!taken) LOG(Warning, "jobs: cannot take the next: {}", taken.error().message);
  co_return taken;
}

base::awaitable<> Worker::recover_expired() {
  auto recovered = co_await database_.write([this](store::Transaction& transaction) {
    return queue::recover(transaction, {.now_ms = clock_.now_ms(), .worker = name_}, on_end());
  });
  if (!recovered) LOG(Warning, "jobs: cannot recover: {}", recovered.error().message);
}

base::awaitable<> Worker::execute(Job job, std::shared_ptr<Running> running) {
  using namespace asio::experimental::awaitable_operators;
  co_await asio::this_coro::throw_if_cancelled(false);
  const Handler& handler = handler_of(job.kind);
  Attempt attempt(job, database_, clock_);

  // Whichever ends first cancels the other; neither throws.
  auto ended = co_await (run_handler(handler, attempt) || keep_lease(job, *running));
  const bool stop = co_await stopping();
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());

  // Named, because g++ 12 destroys temporaries of a co_await expression twice.
  const Outcome* outcome = std::get_if<0>(&ended);
  const bool* cancelled = std::get_if<1>(&ended);
  const Outcome none;
  if (attempt.finished()) {
    LOG(Debug, "jobs: {} finished", job.id.value);
  } else if (cancelled && *cancelled) {
    co_await settle(job, handler, none, true);
  } else if (outcome && !stop) {
    co_await settle(job, handler, *outcome, false);
  } else if (stop) {
    // Conflict when the lease was lost: then there is nothing to give back.
    auto back = co_await database_.write([&](store::Transaction& transaction) {
      return queue::put_back(transaction, {job.id, job.epoch});
    });
    if (!back && back.error().code != ErrorCode::Conflict) {
      LOG(Warning, "jobs: cannot give back {}: {}", job.id.value, back.error().message);
    }
  }
  running_.with([&](RunningJobs& jobs) { jobs.by_id.erase(job.id.value); });
  wake();
}

base::awaitable<Outcome> Worker::run_handler(const Handler& handler, Attempt& attempt) {
  try {
    co_return co_await handler.run(attempt);
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) {
      LOG(Error, "jobs: {} ended by an exception: {}", handler.kind, error.what());
    }
  } catch (const std::exception& error) {
    LOG(Error, "jobs: {} ended by an exception: {}", handler.kind, error.what());
  }
  co_return Outcome::retry("An internal error interrupted it.");
}

// Extends the lease until told to stop. True when the job is to be cancelled, false when it is lost
// or the worker stops.
base::awaitable<bool> Worker::keep_lease(const Job& job, Running& running) {
  co_await asio::this_coro::throw_if_cancelled(false);
  while (true) {
    if (!running.nudged) co_await wait_for(running.timer, options_.heartbeat_interval);
    running.nudged = false;
    const bool stop = co_await stopping();
    if (stop) co_return false;
    auto beat = co_await database_.write([&](store::Transaction& transaction) {
      return queue::heartbeat(transaction, {job.id, job.epoch},
                              clock_.now_ms() + options_.lease_time.count());
    });
    if (beat && *beat) co_return true;
    if (!beat && beat.error().code == ErrorCode::Conflict) co_return false;
  }
}

// Records the end of an attempt. A full disk delays it and nothing else: the row must not stay
// running.
base::awaitable<> Worker::settle(const Job& job, const Handler& handler, const Outcome& outcome,
                                 bool cancelled) {
  const Lease lease{job.id, job.epoch};
  const bool again = outcome.kind == Outcome::Kind::Retry && job.attempts < job.attempts_max;
  const auto wait_ms =
      random_.with([&](base::Random& random) { return queue::backoff_ms(job.attempts, random); });
  const auto record = [&](store::Transaction& transaction) -> Status {
    const auto now = clock_.now_ms();
    if (!cancelled && outcome.kind == Outcome::Kind::Done) {
      return queue::succeed(transaction, lease, now);
    }
    if (!cancelled && again) {
      return queue::retry(transaction, lease, outcome.reason, now + wait_ms);
    }
    Job ended = job;
    ended.state = cancelled ? State::Cancelled : State::Failed;
    ended.reason = outcome.reason;
    auto status = cancelled ? queue::cancelled(transaction, lease, now)
                            : queue::fail_for_good(transaction, lease, outcome.reason, now);
    if (!status || !handler.on_end) return status;
    return handler.on_end(transaction, ended);
  };
  while (true) {
    auto recorded = co_await database_.write(record);
    // Conflict: the handler ended it itself, or the lease is another's.
    if (recorded || recorded.error().code == ErrorCode::Conflict) co_return;
    LOG(Warning, "jobs: cannot record the end of {}: {}", job.id.value, recorded.error().message);
    if (stopping_) co_return;  // the next start takes it back
    co_await base::sleep_for(options_.poll_interval);
  }
}

}  // namespace jobs
