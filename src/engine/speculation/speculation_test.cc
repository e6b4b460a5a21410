// The parts: guesses and their chances, costs of steps, and what is worth it by both.
#include <gtest/gtest.h>

#include <numeric>

#include "engine/speculation/choose_drafts.h"
#include "engine/speculation/drafter.h"
#include "engine/speculation/gram_index.h"
#include "engine/speculation/step_costs.h"

namespace engine {
namespace {

using Tokens = std::vector<TokenId>;

TEST(GramIndex, FindsTheLastPlaceOfARunAsTheTextGrows) {
  GramIndex index(2);
  Tokens text;
  for (int i = 0; i < 5'000; ++i) text.push_back(i % 1'000);
  for (const std::size_t size : {3, 10, 900, 5'000}) {
    index.cover(std::span(text).first(size));
    EXPECT_EQ(index.find(text, Tokens{0, 1}), (size - 2) / 1'000 * 1'000 + 2);
    EXPECT_EQ(index.find(text, Tokens{1, 0}), 0u);
  }
  EXPECT_EQ(index.find(text, Tokens{1}), 0u);
  EXPECT_EQ(GramIndex(2).find({}, Tokens{1, 2}), 0u);
}

TEST(Drafter, GoesOnWhereTheSameTokensStoodBefore) {
  Drafter drafter;
  const Tokens tokens = {1, 2, 3, 4, 5, 6, 9, 1, 2, 3};
  drafter.read(tokens, tokens.size());
  EXPECT_EQ(drafter.guess(tokens, 3), (Tokens{4, 5, 6}));
  EXPECT_FALSE(drafter.from_prediction());
  // Beyond its own end it repeats itself.
  const Tokens cycle = {1, 2, 3, 1, 2, 3, 1, 2};
  Drafter repeating;
  repeating.read(cycle, cycle.size());
  EXPECT_EQ(repeating.guess(cycle, 9), (Tokens{3, 1, 2, 3, 1, 2, 3, 1, 2}));
}

TEST(Drafter, HasNoGuessForWhatIsNew) {
  Drafter drafter;
  const Tokens tokens = {1, 2, 3, 4, 5};
  drafter.read(tokens, tokens.size());
  EXPECT_EQ(drafter.length(), 0u);
  EXPECT_TRUE(drafter.guess(tokens, 3).empty());
  drafter.read(Tokens{1, 2, 3, 4, 5, 1}, 5);
  EXPECT_EQ(drafter.length(), 0u) << "a single token is no run";
}

TEST(Drafter, TakesThePredictionFirstAndFindsItsPlaceAgain) {
  Drafter drafter;
  drafter.expect({20, 21, 22, 23, 24, 25});
  Tokens tokens = {1, 2, 3};
  drafter.read(tokens, 3);
  EXPECT_EQ(drafter.guess(tokens, 9), (Tokens{20, 21, 22, 23, 24, 25}));
  tokens.insert(tokens.end(), {20, 7, 8});
  drafter.read(tokens, 3);
  EXPECT_EQ(drafter.length(), 0u);
  tokens.insert(tokens.end(), {22, 23});
  drafter.read(tokens, 3);
  EXPECT_EQ(drafter.guess(tokens, 9), (Tokens{24, 25}));
  EXPECT_TRUE(drafter.from_prediction());
  tokens.insert(tokens.end(), {24, 25});
  drafter.read(tokens, 3);
  EXPECT_EQ(drafter.length(), 0u) << "it is used up";
}

TEST(Drafter, GuessesTheSameHoweverManyTokensComeAtATime) {
  const Tokens answer = {20, 21, 22, 7, 8, 22, 23, 24, 1, 2, 3, 9, 1, 2, 3, 9};
  Tokens tokens = {1, 2, 3, 9};
  const std::size_t n_prompt = tokens.size();
  Drafter by_one, at_once;
  for (auto* drafter : {&by_one, &at_once}) drafter->expect({20, 21, 22, 23, 24, 25});
  by_one.read(tokens, n_prompt);
  for (const TokenId token : answer) {
    tokens.push_back(token);
    by_one.read(tokens, n_prompt);
  }
  at_once.read(tokens, n_prompt);
  EXPECT_EQ(by_one.predicted(), 4) << "20 to 22, and 24, which 22 23 leads to";
  EXPECT_EQ(at_once.predicted(), 4);
  EXPECT_EQ(at_once.guess(tokens, 9), by_one.guess(tokens, 9));
  EXPECT_EQ(at_once.chance(0), by_one.chance(0));
}

TEST(Drafter, LearnsFromGuessesThatNobodyVerified) {
  Drafter hopeful, disappointed;
  Tokens cycle, broken;
  for (int i = 0; i < 8; ++i) cycle.push_back(i), broken.push_back(i);
  for (int i = 8; i < 200; ++i) {
    cycle.push_back(i % 8);
    // Runs of two tokens of before, then something new.
    broken.push_back(i % 3 == 2 ? 1'000 + i : i % 3);
    hopeful.read(cycle, 8);
    disappointed.read(broken, 8);
  }
  EXPECT_GT(hopeful.chance(0), 0.95);
  ASSERT_GT(disappointed.length(), 0u);
  EXPECT_LT(disappointed.chance(0), 0.15);
}

TEST(StepCosts, DoesNotHopeForMoreThanItSaw) {
  StepCosts costs;
  for (int i = 0; i < 50; ++i) costs.observe(1, 100), costs.observe(2, 110), costs.observe(4, 310);
  EXPECT_NEAR(costs.estimate(8), 310 + 4 * 100, 20);
}

TEST(StepCosts, KnowsWhatItSawAndHopesForTheRest) {
  StepCosts costs;
  EXPECT_EQ(costs.estimate(1), 0);
  costs.observe(1, 100);
  EXPECT_DOUBLE_EQ(costs.estimate(1), 100);
  EXPECT_GT(costs.estimate(4), 100);
  EXPECT_LT(costs.estimate(4), 130);
  costs.observe(9, 500);
  EXPECT_NEAR(costs.estimate(9), 328, 1) << "twice what was hoped for";
  for (int i = 0; i < 20; ++i) costs.observe(9, 500);
  EXPECT_NEAR(costs.estimate(9), 500, 5);
  EXPECT_NEAR(costs.estimate(5), (costs.estimate(1) + costs.estimate(9)) / 2, 1);
  for (int i = 0; i < 20; ++i) costs.observe(4, 110);
  EXPECT_NEAR(costs.estimate(4), 110, 1);
  costs.observe(4, 100'000);
  EXPECT_LT(costs.estimate(4), 140) << "one slow step decides little";
  costs.observe(0, 1), costs.observe(StepCosts::kRowsMax + 1, 1);
  EXPECT_GT(costs.estimate(StepCosts::kRowsMax + 1), 0);
}

StepCosts costs(std::initializer_list<std::pair<int, double>> steps) {
  StepCosts costs;
  for (int i = 0; i < 50; ++i) {
    for (const auto& [rows, ns] : steps) costs.observe(rows, ns);
  }
  return costs;
}

using Counts = std::vector<std::size_t>;

TEST(ChooseDrafts, GuessesFarWhereRowsAreFreeAndNotWhereTheyCost) {
  const DraftChances good(15, 0.9), bad(15, 0.1);
  const auto free_rows = costs({{1, 100}, {16, 110}});
  const auto dear_rows = costs({{1, 100}, {16, 1'600}});
  EXPECT_EQ(choose_drafts(1, {good}, free_rows, 64), Counts{15});
  EXPECT_EQ(choose_drafts(1, {good}, dear_rows, 64), Counts{0});
  EXPECT_LE(choose_drafts(1, {bad}, costs({{1, 100}, {4, 130}}), 64)[0], 1u);
  EXPECT_EQ(choose_drafts(1, {good}, StepCosts(), 64), Counts{0}) << "nothing is measured yet";
}

TEST(ChooseDrafts, GivesRowsToTheStreamsThatUseThemBest) {
  const DraftChances sure(15, 0.98), unsure(15, 0.3);
  // Eight rows cost what two cost, the ninth as much as all of them.
  const auto tile = costs({{2, 100}, {8, 104}, {9, 300}, {16, 2'000}});
  const auto counts = choose_drafts(2, {unsure, sure}, tile, 64);
  EXPECT_EQ(counts[0] + counts[1], 6u);
  EXPECT_GE(counts[1], 5u);
  EXPECT_EQ(choose_drafts(2, {unsure, sure}, tile, 3)[1], 3u);
}

TEST(ChooseDrafts, StaysWithinTheRowsOfAStep) {
  const std::vector<DraftChances> streams(60, DraftChances(15, 1.0));
  const auto counts = choose_drafts(60, streams, costs({{60, 100}, {64, 100}}), 64);
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::size_t{0}), 4u);
  EXPECT_EQ(choose_drafts(100, streams, costs({{60, 100}}), 64), Counts(60, 0));
}

}  // namespace
}  // namespace engine
