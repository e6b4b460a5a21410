#include "engine/scheduler/scheduler.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

#include "base/random.h"

namespace engine {
namespace {

struct World {
  explicit World(std::size_t pages, SchedulerOptions options = {}, int window = 0)
      : cache(make_cache(pages, window)), states(0, 0), scheduler(options, cache, states) {}

  static KvCache make_cache(std::size_t pages, int window) {
    KvLayout layout(KvType::F32, {{.n_heads = 1, .d_key = 1, .d_value = 1},
                                  {.n_heads = 1, .d_key = 1, .d_value = 1, .window = window}});
    std::vector<std::size_t> counts(layout.group_count(), pages);
    return KvCache::create({.layout = std::move(layout), .page_counts = counts}).value();
  }

  Sequence& add(int length, const std::string& project = "p",
                Priority priority = Priority::Interactive, TokenId fill = 1) {
    auto& sequence = sequences.emplace_back();
    sequence.project = sequence.salt = project;
    sequence.priority = priority;
    sequence.tokens.assign(static_cast<std::size_t>(length), fill);
    scheduler.add(sequence);
    return sequence;
  }

  // One step with a model that always says 2; the parts as they were planned.
  std::vector<StepPart> step() {
    auto plan = scheduler.next();
    for (const auto& [sequence, first, count] : plan) {
      const bool generates = first + count >= static_cast<int>(sequence->tokens.size());
      cache.advance(sequence->kv, sequence->tokens,
                    std::min<int>(first + count, static_cast<int>(sequence->tokens.size())));
      if (generates) sequence->tokens.push_back(2);
    }
    return plan;
  }

  KvCache cache;
  StatePool states;
  Scheduler scheduler;
  std::deque<Sequence> sequences;
};

TEST(Scheduler, SplitsLongPromptAcrossSteps) {
  World world(64, {.rows_per_step_max = 256, .sequences_max = 4});
  world.add(600);
  EXPECT_EQ(world.step()[0].count, 256);
  EXPECT_EQ(world.step()[0].count, 256);
  EXPECT_EQ(world.step()[0].count, 88);
  EXPECT_EQ(world.step()[0].count, 1);
}

TEST(Scheduler, RunningStreamsComeFirstAndPromptsFillTheGap) {
  World world(64, {.rows_per_step_max = 256, .sequences_max = 4});
  auto& stream = world.add(10);
  world.step();
  world.add(600, "q");
  // 2 ms a row: 50 fit in 100 ms, the stream's included.
  world.scheduler.observe(100, std::chrono::milliseconds(200));
  const auto plan = world.step();
  ASSERT_EQ(plan.size(), 2u);
  EXPECT_EQ(plan[0].sequence, &stream);
  EXPECT_EQ(plan[1].count, 49);
}

TEST(Scheduler, SharesPromptRowsFairlyBetweenProjects) {
  World world(256, {.rows_per_step_max = 64, .sequences_max = 16});
  for (int i = 0; i < 5; ++i) world.add(640, "greedy", Priority::Interactive, 10 + i);
  auto& modest = world.add(640, "modest", Priority::Interactive, 99);
  int greedy_rows = 0;
  while (modest.remaining() > 0 && !modest.decoding()) {
    for (const auto& part : world.step()) {
      if (part.sequence != &modest) greedy_rows += part.count;
    }
  }
  EXPECT_LE(greedy_rows, 640 + 64);
}

TEST(Scheduler, InteractiveWorkPushesOutBatchWork) {
  World world(64, {.rows_per_step_max = 256, .sequences_max = 1});
  auto& batch = world.add(100, "p", Priority::Batch);
  EXPECT_EQ(world.scheduler.next()[0].sequence, &batch);
  world.cache.advance(batch.kv, batch.tokens, 64);
  auto& urgent = world.add(100, "p", Priority::Interactive, 5);
  const auto plan = world.step();
  ASSERT_EQ(plan.size(), 1u);
  EXPECT_EQ(plan[0].sequence, &urgent);
  EXPECT_FALSE(batch.admitted);
}

TEST(Scheduler, BatchWorkBesideInteractiveWorkTakesASixtiethOfItsTime) {
  World world(64, {.rows_per_step_max = 256, .sequences_max = 40});
  for (int i = 0; i < 20; ++i) world.add(2, "b", Priority::Batch, 10 + i);
  EXPECT_EQ(world.step().size(), 20u);
  world.scheduler.observe(40, std::chrono::milliseconds(10));
  auto& stream = world.add(2, "p");
  int with_batch = 0;
  for (int i = 0; i < 305; ++i) {
    const auto plan = world.step();
    ASSERT_EQ(plan[0].sequence, &stream);
    EXPECT_LE(plan.size(), 17u);
    with_batch += plan.size() > 1;
    world.scheduler.observe(static_cast<int>(plan.size()), std::chrono::milliseconds(5));
  }
  EXPECT_EQ(with_batch, 4);  // after sixty times the 10 ms of the first, every 300 + 5 ms
  world.scheduler.remove(stream);
  EXPECT_EQ(world.step().size(), 20u);
}

TEST(Scheduler, NoBatchStreamIsLeftOutBesideInteractiveWork) {
  World world(64, {.rows_per_step_max = 256, .sequences_max = 40});
  for (int i = 0; i < 24; ++i) world.add(2, "b", Priority::Batch, 10 + i);
  world.step();
  world.add(2, "p");
  // One step reads the stream's prompt, and 16 rows are of the batch in each.
  for (int i = 0; i < 20; ++i) EXPECT_EQ(world.step().size(), 17u);
  for (int i = 0; i < 24; ++i) EXPECT_GE(world.sequences[i].tokens.size(), 3u + 10) << i;
}

TEST(Scheduler, BatchStreamsTakeTurnsHoweverShortTheSteps) {
  World world(256, {.rows_per_step_max = 256, .sequences_max = 50});
  for (int i = 0; i < 50; ++i) world.add(2, "b", Priority::Batch, 10 + i);
  EXPECT_EQ(world.step().size(), 50u);
  world.scheduler.observe(100, std::chrono::milliseconds(10));  // 0.1 ms a row: 32 are enough
  for (int i = 0; i < 20; ++i) {
    for (auto& sequence : world.sequences) sequence.drafts.assign(15, 3);
    EXPECT_EQ(world.step().size(), 32u) << "rows for streams, none for guesses";
  }
  for (int i = 0; i < 50; ++i) EXPECT_GE(world.sequences[i].tokens.size(), 3u + 10) << i;
}

TEST(Scheduler, GuessesGetTheRowsThatStreamsLeave) {
  World world(64, {.rows_per_step_max = 16, .sequences_max = 8});
  for (int i = 0; i < 4; ++i) world.add(2, "p", i < 2 ? Priority::Interactive : Priority::Batch, i);
  world.step();
  world.sequences[0].drafts.assign(15, 3);
  world.sequences[1].drafts.assign(15, 3);
  const auto& plan = world.scheduler.next();
  ASSERT_EQ(plan.size(), 4u);
  EXPECT_EQ(plan[0].count, 1 + 12);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(plan[i].count, 1);
  EXPECT_EQ(world.sequences[0].drafts.size(), 12u);
  EXPECT_TRUE(world.sequences[1].drafts.empty());
}

TEST(Scheduler, NobodyGivesUpPagesForGuesses) {
  World world(2, {.rows_per_step_max = 64, .sequences_max = 4});
  auto& first = world.add(59, "p", Priority::Interactive, 3);
  auto& second = world.add(59, "p", Priority::Interactive, 4);
  while (!first.decoding() || !second.decoding()) world.step();
  const auto whole = static_cast<std::size_t>(kPageTokens - first.kv.length - 1);
  for (const auto guesses : {whole, whole + 1}) {  // the last ends the page, or begins another
    first.drafts.assign(guesses, 9);
    const auto& plan = world.scheduler.next();
    ASSERT_EQ(plan.size(), 2u);
    EXPECT_EQ(plan[0].count, guesses == whole ? 1 + static_cast<int>(whole) : 1);
  }
  EXPECT_EQ(world.scheduler.counts().preemptions, 0u);
}

TEST(Scheduler, StepsOfBatchWorkAreShort) {
  World world(256, {.rows_per_step_max = 512, .sequences_max = 4});
  world.scheduler.observe(100, std::chrono::milliseconds(4));  // 0.04 ms a row: 75 in 3 ms
  world.add(600, "b", Priority::Batch);
  EXPECT_EQ(world.step()[0].count, 75);
  for (int i = 0; i < 20; ++i) world.scheduler.observe(100, std::chrono::milliseconds(400));
  EXPECT_EQ(world.step()[0].count, 64) << "but not shorter than is worth while";
  for (const int rows : {32, 16, 16}) {
    EXPECT_TRUE(world.scheduler.only_batch());
    world.scheduler.given_up();
    EXPECT_EQ(world.step()[0].count, rows) << "and shorter where somebody keeps coming";
  }
  world.scheduler.observe(16, std::chrono::milliseconds(64));
  EXPECT_EQ(world.step()[0].count, 32);
  world.add(600, "p", Priority::Interactive, 7);
  EXPECT_EQ(world.step()[0].count, 512);
  EXPECT_FALSE(world.scheduler.only_batch());
}

TEST(Scheduler, PreemptsTheYoungestWhenPagesRunOut) {
  World world(5, {.rows_per_step_max = 512, .sequences_max = 4});
  auto& old = world.add(127, "p", Priority::Interactive, 3);
  auto& young = world.add(120, "p", Priority::Interactive, 4);
  for (int i = 0; i < 80; ++i) world.step();
  EXPECT_TRUE(old.admitted);
  EXPECT_FALSE(young.admitted);
  EXPECT_GT(world.scheduler.counts().preemptions, 0u);
  world.scheduler.remove(old);
  for (int i = 0; i < 5; ++i) world.step();
  EXPECT_TRUE(young.decoding());  // computed again from what was cached
}

// Arrivals, forks, cancellations and endings by seed, in pools that are far too small. After every
// step the page accounting must hold; in the end everyone has got what they asked for.
void simulate(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  base::SeededRandom random(seed);
  World world(4 + random.below(12),
              {.rows_per_step_max = static_cast<int>(16 + random.below(200)),
               .sequences_max = static_cast<int>(1 + random.below(8))},
              random.below(2) ? 32 : 0);
  struct Goal {
    Sequence* sequence;
    std::size_t tokens;
  };
  std::vector<Goal> goals;
  int arrivals = 40;
  while (arrivals > 0 || !goals.empty()) {
    if (arrivals > 0 && random.below(3) == 0) {
      --arrivals;
      const auto length = 1 + static_cast<int>(random.below(180));
      auto& sequence = world.add(length, std::string(1, static_cast<char>('a' + random.below(3))),
                                 random.below(3) ? Priority::Interactive : Priority::Batch,
                                 static_cast<TokenId>(random.below(3)));
      goals.push_back({&sequence, sequence.tokens.size() + 1 + random.below(70)});
    }
    if (!goals.empty() && random.below(12) == 0) {
      const auto index = random.below(goals.size());
      world.scheduler.remove(*goals[index].sequence, random.below(2) == 0);
      goals.erase(goals.begin() + static_cast<std::ptrdiff_t>(index));
    }
    if (!goals.empty() && random.below(10) == 0) {
      const Goal parent = goals[random.below(goals.size())];
      if (parent.sequence->decoding()) {
        auto& copy = world.sequences.emplace_back();
        copy.project = copy.salt = parent.sequence->project;
        copy.tokens = parent.sequence->tokens;
        world.scheduler.fork(*parent.sequence, copy);
        goals.push_back({&copy, parent.tokens});
      }
    }
    const auto plan = world.step();
    ASSERT_EQ(plan.empty(), goals.empty()) << "nobody moves";
    std::vector<const KvSequence*> alive;
    for (const auto& goal : goals) {
      if (goal.sequence->admitted) alive.push_back(&goal.sequence->kv);
    }
    world.cache.check(alive);
    std::erase_if(goals, [&](const Goal& goal) {
      if (goal.sequence->tokens.size() < goal.tokens) return false;
      world.scheduler.remove(*goal.sequence);
      return true;
    });
  }
  world.cache.check({});
  EXPECT_EQ(world.cache.usage().pages_in_use, 0u);
}

TEST(Scheduler, KeepsItsBooksUnderRandomLoad) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) simulate(seed);
}

}  // namespace
}  // namespace engine
