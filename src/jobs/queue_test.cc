#include "jobs/queue.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "store/test_support.h"

namespace jobs {
namespace {

const std::vector<std::string> kKinds{"a", "b"};

class Queue : public ::testing::Test {
 protected:
  template <class Fn>
  auto write(Fn fn) {
    return db_->write_blocking(fn);
  }
  void enqueue(NewJob job, std::int64_t now = 0) {
    ASSERT_TRUE(write([&](store::Transaction& t) { return queue::enqueue(t, job, now); }));
  }
  std::optional<Job> take(std::string worker, std::int64_t now, std::string after = {}) {
    auto job = write([&](store::Transaction& t) {
      return queue::take(t, {.worker = worker,
                             .kinds = kKinds,
                             .after_project = after,
                             .now_ms = now,
                             .lease_until_ms = now + 100});
    });
    EXPECT_TRUE(job);
    return job.value_or(std::nullopt);
  }
  std::size_t recover(queue::Recover recover) {
    auto count = write([&](store::Transaction& t) {
      return queue::recover(t, recover, [&](store::Transaction&, const Job& job) -> Status {
        ended_.push_back(job.id.value + ":" + name(job.state));
        return {};
      });
    });
    EXPECT_TRUE(count);
    return count.value_or(0);
  }
  Job get(std::string id) {
    auto job = db_->read_blocking(
        [&](store::Session& session) { return queue::get(session, {"p"}, {id}); });
    EXPECT_TRUE(job);
    return job.value_or(Job{.id = {}});
  }

  store::testing::TemporaryDatabase db_;
  std::vector<std::string> ended_;
};

NewJob job(std::string id, Priority priority = Priority::Normal, std::int64_t run_at = 0) {
  return {.id = {id}, .kind = "a", .project = {"p"}, .priority = priority, .run_at_ms = run_at};
}

TEST_F(Queue, PriorityThenTimeThenOrder) {
  enqueue(job("bulk", Priority::Bulk));
  enqueue(job("later", Priority::Normal, 50));
  enqueue(job("first"));
  enqueue(job("second"));
  enqueue(job("urgent", Priority::Interactive));
  enqueue(
      {.id = {"foreign"}, .kind = "unknown", .project = {"p"}, .priority = Priority::Interactive});
  std::vector<std::string> order;
  while (auto next = take("w", 49)) order.push_back(next->id.value);
  EXPECT_EQ(order, (std::vector<std::string>{"urgent", "first", "second", "bulk"}));
  EXPECT_EQ(take("w", 50)->id.value, "later");
}

TEST_F(Queue, ProjectsTakeTurns) {
  for (int i = 0; i < 3; ++i) {
    for (const char* project : {"busy", "calm"}) {
      if (i > 0 && project == std::string("calm")) continue;
      enqueue({.id = {project + std::to_string(i)}, .kind = "a", .project = {project}});
    }
  }
  std::string order;
  std::string last;
  while (auto next = take("w", 1, last)) {
    last = next->project.value;
    order += next->id.value + " ";
  }
  EXPECT_EQ(order, "busy0 calm0 busy1 busy2 ");
}

TEST_F(Queue, AnOldEpochCannotWrite) {
  enqueue(job("j"));
  const auto old = *take("sleeper", 0);
  EXPECT_EQ(recover({.now_ms = 100, .worker = "other"}), 0u);    // the lease still lasts
  EXPECT_EQ(recover({.now_ms = 101, .worker = "sleeper"}), 0u);  // never from oneself
  EXPECT_EQ(recover({.now_ms = 101, .worker = "other"}), 1u);
  const auto now = *take("other", 101);
  EXPECT_EQ(now.epoch, old.epoch + 1);
  EXPECT_EQ(now.attempts, 2);
  const Lease stale{old.id, old.epoch};
  const auto refused = [&](auto step) {
    auto status = write([&](store::Transaction& t) -> Status { return step(t); });
    return !status && status.error().code == ErrorCode::Conflict;
  };
  using store::Transaction;
  EXPECT_TRUE(refused([&](Transaction& t) { return queue::check(t, stale); }));
  EXPECT_TRUE(refused([&](Transaction& t) { return queue::succeed(t, stale, 1); }));
  EXPECT_TRUE(refused([&](Transaction& t) { return queue::fail_for_good(t, stale, "", 1); }));
  EXPECT_TRUE(refused([&](Transaction& t) { return queue::cancelled(t, stale, 1); }));
  EXPECT_TRUE(refused([&](Transaction& t) { return queue::retry(t, stale, "", 1); }));
  EXPECT_TRUE(refused([&](Transaction& t) { return queue::put_back(t, stale); }));
  EXPECT_TRUE(refused([&](Transaction& t) { return queue::report_progress(t, stale, "1"); }));
  EXPECT_FALSE(write([&](Transaction& t) { return queue::heartbeat(t, stale, 999); }));
  EXPECT_EQ(get("j").state, State::Running);
}

TEST_F(Queue, AJobEndsOnce) {
  enqueue(job("j"));
  const auto taken = *take("w", 0);
  const Lease lease{taken.id, taken.epoch};
  ASSERT_TRUE(write([&](store::Transaction& t) { return queue::succeed(t, lease, 5); }));
  EXPECT_FALSE(write([&](store::Transaction& t) { return queue::succeed(t, lease, 6); }));
  EXPECT_FALSE(write([&](store::Transaction& t) { return queue::cancelled(t, lease, 6); }));
  auto after =
      write([&](store::Transaction& t) { return queue::request_cancel(t, {"p"}, {"j"}, 7); });
  EXPECT_EQ(after->state, State::Succeeded);
  EXPECT_EQ(get("j").ended_at_ms, 5);
}

TEST_F(Queue, CancellingIsImmediateWhileQueuedAndAskedForWhileRunning) {
  const auto cancel = [&](std::string project, std::string id) {
    return write(
        [&](store::Transaction& t) { return queue::request_cancel(t, {project}, {id}, 9); });
  };
  enqueue(job("j"));
  EXPECT_EQ(cancel("other", "j").error().code, ErrorCode::NotFound);
  EXPECT_EQ(cancel("p", "j")->state, State::Cancelled);
  EXPECT_EQ(cancel("p", "j")->state, State::Cancelled);
  EXPECT_FALSE(take("w", 10));

  enqueue(job("k"));
  const auto taken = *take("w", 10);
  EXPECT_EQ(cancel("p", "k")->state, State::Running);
  EXPECT_EQ(write([&](store::Transaction& t) {
              return queue::heartbeat(t, {taken.id, taken.epoch}, 50);
            }),
            true);
  EXPECT_EQ(recover({.now_ms = 500, .worker = "x", .only_process = true}), 1u);
  EXPECT_EQ(ended_, std::vector<std::string>{"k:cancelled"});
}

TEST_F(Queue, AttemptsRunOut) {
  auto fragile = job("j");
  fragile.attempts_max = 2;
  enqueue(fragile);
  ASSERT_TRUE(take("w1", 0));
  recover({.worker = "w2", .only_process = true});
  ASSERT_TRUE(take("w2", 0));
  recover({.worker = "w3", .only_process = true});
  EXPECT_FALSE(take("w3", 0));
  EXPECT_EQ(get("j").state, State::Failed);
  EXPECT_NE(get("j").reason, "");
  EXPECT_EQ(ended_, std::vector<std::string>{"j:failed"});
}

TEST_F(Queue, EndedJobsAreForgottenInTime) {
  for (const char* id : {"j", "k"}) enqueue(job(id));
  const auto taken = *take("w", 0);
  ASSERT_TRUE(
      write([&](store::Transaction& t) { return queue::succeed(t, {taken.id, taken.epoch}, 5); }));
  const auto forget = [&](std::int64_t before) {
    return write([&](store::Transaction& t) { return queue::forget_ended(t, before, 10); });
  };
  EXPECT_EQ(forget(5), 0);
  EXPECT_EQ(forget(6), 1);
  EXPECT_EQ(get("k").state, State::Queued);
}

TEST(Backoff, DoublesWithinBounds) {
  base::SeededRandom random(1);
  std::int64_t full = 1'000;
  for (std::int64_t attempts = 1; attempts < 70; ++attempts) {
    const auto wait = queue::backoff_ms(attempts, random);
    EXPECT_GE(wait, full / 2);
    EXPECT_LE(wait, full);
    full = std::min<std::int64_t>(full * 2, 300'000);
  }
}

// Three workers, one of which sometimes sleeps past its lease, random cancels: whatever happens,
// each job ends once, is never seen going back from its end, and all end once one worker is well.
TEST_F(Queue, EveryJobEndsExactlyOnceForManySeeds) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    base::SeededRandom random(seed);
    const std::string prefix = "s" + std::to_string(seed) + "_";
    std::map<std::string, int> ends;
    std::vector<std::pair<std::string, Job>> held;  // worker and what it believes to hold
    std::int64_t now = 0;
    for (int i = 0; i < 25; ++i) {
      auto made = job(prefix + std::to_string(i), static_cast<Priority>(random.below(3)));
      made.attempts_max = 1 + static_cast<std::int64_t>(random.below(3));
      enqueue(made, now);
    }
    const auto end = [&](std::size_t at, std::uint64_t how) {
      const auto [worker, mine] = held[at];
      const Lease lease{mine.id, mine.epoch};
      const bool again = how == 0 && mine.attempts < mine.attempts_max;
      auto status = write([&](store::Transaction& t) -> Status {
        if (again) return queue::retry(t, lease, "again", now + 3);
        return how == 1 ? queue::fail_for_good(t, lease, "bad", now)
                        : queue::succeed(t, lease, now);
      });
      if (status && !again) ++ends[mine.id.value];
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
    };
    const auto recover_all = [&](std::string worker) {
      ended_.clear();
      recover({.now_ms = now, .worker = worker});
      for (const auto& each : ended_) ++ends[each.substr(0, each.find(':'))];
    };
    for (int step = 0; step < 150; ++step) {
      now += static_cast<std::int64_t>(random.below(40));
      const std::string worker = "w" + std::to_string(random.below(3));
      switch (random.below(5)) {
        case 0:
        case 1:
          if (auto taken = take(worker, now)) held.emplace_back(worker, *taken);
          break;
        case 2:
          if (!held.empty()) end(random.below(held.size()), random.below(4));
          break;
        case 3: recover_all(worker); break;
        case 4: {
          const auto id = prefix + std::to_string(random.below(25));
          const auto before = get(id).state;
          auto after = write(
              [&](store::Transaction& t) { return queue::request_cancel(t, {"p"}, {id}, now); });
          if (before == State::Queued) ++ends[id];
          EXPECT_TRUE(!is_final(before) || after->state == before);
          break;
        }
      }
    }
    for (int round = 0; round < 20; ++round) {
      now += 1'000;
      recover_all("well");
      while (auto taken = take("well", now)) {
        held.emplace_back("well", *taken);
        end(held.size() - 1, 2);
      }
    }
    while (!held.empty()) end(0, 2);  // sleepers wake up: too late
    for (int i = 0; i < 25; ++i) {
      const auto id = prefix + std::to_string(i);
      EXPECT_TRUE(is_final(get(id).state)) << id;
      EXPECT_EQ(ends[id], 1) << id;
    }
  }
}

}  // namespace
}  // namespace jobs
