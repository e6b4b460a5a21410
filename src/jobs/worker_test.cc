#include "jobs/worker.h"

#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <atomic>

#include "base/time.h"
#include "store/repo/documents.h"
#include "store/test_support.h"

namespace jobs {
namespace {

using namespace std::chrono_literals;
namespace asio = base::asio;

// What the handlers of these tests share with them.
struct Trace {
  std::atomic<int> runs = 0;
  std::atomic<int> running = 0;
  std::atomic<int> running_most = 0;
  std::atomic<int> ends = 0;
  State ended_as = State::Queued;
};

base::awaitable<Outcome> count_run(Trace& trace, Outcome outcome) {
  ++trace.runs;
  co_return outcome;
}

base::awaitable<Outcome> run_until_cancelled(Trace& trace) {
  ++trace.runs;
  trace.running_most = std::max(trace.running_most.load(), ++trace.running);
  try {
    co_await base::sleep_for(1h);
  } catch (...) {
    --trace.running;
    throw;
  }
  co_return Outcome::done();
}

base::awaitable<Outcome> store_result(Attempt& attempt) {
  auto stored = co_await attempt.finish([&](store::Transaction& transaction) {
    store::Document document{.key = {{"p"}, "result", attempt.job().subject}, .body = "{}"};
    return store::documents::create(transaction, document);
  });
  // Conflict: it was cancelled meanwhile.
  EXPECT_TRUE(stored || stored.error().code == ErrorCode::Conflict);
  co_return Outcome::done();
}

class Workers : public ::testing::Test {
 protected:
  ~Workers() override {
    stop();
    guard_.reset();
    context_.run();
  }
  void start(Handler handler, std::size_t jobs_max = 16) {
    WorkerOptions options{.handlers = {std::move(handler)},
                          .jobs_max = jobs_max,
                          .heartbeat_interval = 2ms,
                          .poll_interval = 1ms};
    worker_ = std::make_unique<Worker>(std::move(options), *db_, clock_, random_,
                                       context_.get_executor());
    Status started = fail(ErrorCode::Internal, "");
    run(worker_->start(), started);
    ASSERT_TRUE(started);
  }
  void stop() {
    if (!worker_) return;
    bool stopped = false;
    asio::co_spawn(context_, worker_->stop(), [&](std::exception_ptr) { stopped = true; });
    while (!stopped) context_.run_one();
    worker_.reset();
  }
  template <class T>
  void run(base::awaitable<T> body, T& out) {
    bool done = false;
    asio::co_spawn(context_, std::move(body), [&](std::exception_ptr, T value) {
      out = std::move(value);
      done = true;
    });
    while (!done) context_.run_one();
  }
  void enqueue(std::string id, std::int64_t attempts_max = 3) {
    ASSERT_TRUE(db_->write_blocking([&](store::Transaction& transaction) {
      return queue::enqueue(
          transaction,
          {.id = {id}, .kind = "a", .project = {"p"}, .subject = id, .attempts_max = attempts_max},
          QueueClock(clock_).now_ms());
    }));
    if (worker_) worker_->wake();
  }
  Job get(std::string id) {
    return *db_->read_blocking(
        [&](store::Session& session) { return queue::get(session, {"p"}, {id}); });
  }
  template <class Condition>
  void run_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      context_.run_one_for(5ms);
    }
  }
  Handler handler(std::function<base::awaitable<Outcome>(Attempt&)> run) {
    return {.kind = "a", .run = std::move(run), .on_end = [this](auto&, const Job& job) -> Status {
              ++trace_.ends;
              trace_.ended_as = job.state;
              return {};
            }};
  }

  asio::io_context context_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> guard_{
      asio::make_work_guard(context_)};
  base::SystemClock clock_;
  base::SystemRandom random_;
  store::testing::TemporaryDatabase db_;
  Trace trace_;
  std::unique_ptr<Worker> worker_;
};

TEST_F(Workers, RunsWhatIsEnqueuedAndRecordsTheResultOnce) {
  for (int i = 0; i < 30; ++i) enqueue("before" + std::to_string(i));
  start(handler(store_result));
  for (int i = 0; i < 30; ++i) enqueue("after" + std::to_string(i));
  run_until([&] {
    auto count = db_->read_blocking([](store::Session& session) {
      return store::documents::count(session, {{"p"}, "result"});
    });
    return count == 60;
  });
  run_until([&] { return get("after29").state == State::Succeeded; });
  EXPECT_EQ(trace_.ends, 0);
}

TEST_F(Workers, FailsForGoodWithItsReason) {
  start(handler([this](Attempt&) { return count_run(trace_, Outcome::fail("no such model")); }));
  enqueue("j");
  run_until([&] { return get("j").state == State::Failed; });
  EXPECT_EQ(get("j").reason, "no such model");
  EXPECT_EQ(trace_.runs, 1);
  EXPECT_EQ(trace_.ends, 1);
}

TEST_F(Workers, RetriesLaterAndGivesUpAtTheLimit) {
  start(handler([this](Attempt&) { return count_run(trace_, Outcome::retry("busy")); }));
  enqueue("last", 1);
  enqueue("again", 2);
  run_until([&] {
    return get("last").state == State::Failed && get("again").state == State::Queued &&
           get("again").attempts == 1;
  });
  EXPECT_GT(get("again").run_at_ms, worker_->clock().now_ms());
}

TEST_F(Workers, AnExceptionIsARetryAndNotTheEndOfTheServer) {
  start(handler([](Attempt&) -> base::awaitable<Outcome> { throw std::runtime_error("oops"); }));
  enqueue("j", 1);
  run_until([&] { return get("j").state == State::Failed; });
}

TEST_F(Workers, CancellingInterruptsTheHandlerAndEndsTheObject) {
  start(handler([this](Attempt&) { return run_until_cancelled(trace_); }));
  enqueue("j");
  run_until([&] { return trace_.running == 1; });
  auto asked = db_->write_blocking([&](store::Transaction& transaction) {
    return queue::request_cancel(transaction, {"p"}, {"j"}, 0);
  });
  EXPECT_EQ(asked->state, State::Running);
  worker_->nudge({"j"});
  run_until([&] { return get("j").state == State::Cancelled; });
  EXPECT_EQ(trace_.running, 0);
  EXPECT_EQ(trace_.ends, 1);
  EXPECT_EQ(trace_.ended_as, State::Cancelled);
}

TEST_F(Workers, AKindRunsOnlyAsManyAtOnceAsItSays) {
  Handler bounded = handler([this](Attempt&) { return run_until_cancelled(trace_); });
  bounded.at_once_max = 2;
  start(std::move(bounded));
  for (const char* id : {"j", "k", "l"}) enqueue(id);
  run_until([&] { return trace_.running == 2; });
  for (int polls = 0; polls < 50; ++polls) context_.run_one_for(1ms);
  EXPECT_EQ(trace_.running_most, 2);
  EXPECT_EQ(get("l").state, State::Queued);
}

// It did: the loop went round without waiting, and on a single thread nothing else ran again.
TEST_F(Workers, AWakeWhileItIsFullHoldsUpNobody) {
  start(handler([this](Attempt&) { return run_until_cancelled(trace_); }), 1);
  for (const char* id : {"1", "2", "3"}) enqueue(id);
  run_until([&] { return trace_.running == 1; });
  worker_->wake();
  int turns = 0;
  for (int i = 0; i < 3; ++i) asio::post(context_, [&] { ++turns; });
  run_until([&] { return turns == 3; });
  EXPECT_EQ(trace_.running_most, 1);
}

TEST_F(Workers, StoppingGivesJobsBackUnharmed) {
  start(handler([this](Attempt&) { return run_until_cancelled(trace_); }), /*jobs_max=*/2);
  for (const char* id : {"j", "k", "l"}) enqueue(id, 1);
  run_until([&] { return trace_.running == 2; });
  stop();
  EXPECT_EQ(trace_.running_most, 2);
  for (const char* id : {"j", "k", "l"}) {
    EXPECT_EQ(get(id).state, State::Queued);
    EXPECT_EQ(get(id).attempts, 0);
  }
  start(handler(store_result));
  run_until([&] {
    return get("j").state == State::Succeeded && get("k").state == State::Succeeded &&
           get("l").state == State::Succeeded;
  });
}

TEST_F(Workers, AJobLostToAnotherWorkerIsNotRecordedTwice) {
  start(handler([this](Attempt&) { return run_until_cancelled(trace_); }));
  enqueue("j");
  run_until([&] { return trace_.running == 1; });
  // Another worker finds the lease void, takes the job and ends it.
  ASSERT_TRUE(db_->write_blocking([&](store::Transaction& transaction) -> Status {
    auto back = queue::recover(transaction, {.worker = "other", .only_process = true},
                               [](auto&, const Job&) -> Status { return {}; });
    const std::vector<std::string> kinds{"a"};
    auto taken = queue::take(transaction, {.worker = "other",
                                           .kinds = kinds,
                                           .now_ms = worker_->clock().now_ms() + 1'000,
                                           .lease_until_ms = INT64_MAX});
    return queue::succeed(transaction, {(*taken)->id, (*taken)->epoch}, 1);
  }));
  run_until([&] { return trace_.running == 0; });
  stop();
  EXPECT_EQ(get("j").state, State::Succeeded);
  EXPECT_EQ(trace_.ends, 0);
}

TEST(WorkerThreads, SeveralThreadsShareTheWorkWhileJobsAreCancelledAndItStops) {
  store::testing::TemporaryDatabase db;
  base::SystemClock clock;
  base::SystemRandom random;
  asio::thread_pool pool(3);
  std::atomic<int> ended = 0;
  WorkerOptions options{.handlers = {{.kind = "a",
                                      .run = store_result,
                                      .on_end = [&](auto&, const Job&) -> Status {
                                        ++ended;
                                        return {};
                                      }}},
                        .heartbeat_interval = 1ms,
                        .poll_interval = 1ms};
  Worker worker(std::move(options), *db, clock, random, pool.get_executor());
  ASSERT_TRUE(asio::co_spawn(pool, worker.start(), asio::use_future).get());
  for (int i = 0; i < 100; ++i) {
    const base::JobId id{"j" + std::to_string(i)};
    ASSERT_TRUE(db->write_blocking([&](store::Transaction& transaction) {
      return queue::enqueue(transaction,
                            {.id = id, .kind = "a", .project = {"p"}, .subject = id.value},
                            worker.clock().now_ms());
    }));
    worker.wake();
    if (i % 3 == 0) {
      auto asked = db->write_blocking([&](store::Transaction& transaction) {
        return queue::request_cancel(transaction, {"p"}, id, worker.clock().now_ms());
      });
      ASSERT_TRUE(asked);
      worker.nudge(id);
      // Cancelled while queued ends without the worker.
      if (asked->state == State::Cancelled && asked->attempts == 0) ++ended;
    }
  }
  std::int64_t open = 1;
  while (open > 0) {
    open = *db->read_blocking([](store::Session& session) {
      return session.query_integer("SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')",
                                   {});
    });
  }
  asio::co_spawn(pool, worker.stop(), asio::use_future).get();
  pool.join();
  auto results = db->read_blocking(
      [](store::Session& session) { return store::documents::count(session, {{"p"}, "result"}); });
  EXPECT_EQ(*results + ended, 100);
}

TEST(QueueClock, IgnoresJumpsOfTheWallClock) {
  struct Jumpy final : base::Clock {
    base::UnixTime now() const override { return base::UnixTime(wall); }
    base::MonotonicTime monotonic() const override { return base::MonotonicTime(steady); }
    std::chrono::milliseconds wall{1'000'000};
    std::chrono::milliseconds steady{5};
  } clock;
  const QueueClock queue_clock(clock);
  clock.wall += 24h;
  clock.steady += 7ms;
  EXPECT_EQ(queue_clock.now_ms(), 1'000'007);
}

}  // namespace
}  // namespace jobs
