#include "engine/speculation/drafter.h"

#include <algorithm>

namespace engine {
namespace {

constexpr std::size_t kRunMax = 64;  // longer runs say nothing more
// A prediction was made by somebody who knows: as good as a run of so many tokens.
constexpr std::size_t kPredictionRun = 8;
// What is believed of a class before anything is known, and how many guesses it counts for.
constexpr double kPrior[] = {0.3, 0.5, 0.7, 0.85, 0.95};
constexpr double kPriorGuesses = 3;
constexpr double kRemembered = 64;  // guesses; beyond, older ones fade

// Tokens that are equal before `end` in `text` and at the end of `tokens`.
std::size_t equal_run(std::span<const TokenId> text, std::size_t end,
                      std::span<const TokenId> tokens) {
  const std::size_t most = std::min({end, tokens.size(), kRunMax});
  std::size_t run = 0;
  while (run < most && text[end - 1 - run] == tokens[tokens.size() - 1 - run]) ++run;
  return run;
}

}  // namespace

// Runs of up to 3, 7, 15, 31 tokens, and longer.
std::size_t Drafter::class_of(std::size_t run) {
  std::size_t index = 0;
  for (std::size_t limit = 4; index + 1 < kClasses && run >= limit; limit *= 2) ++index;
  return index;
}

void Drafter::read(std::span<const TokenId> tokens, std::size_t n_prompt) {
  if (seen_ == 0) {
    seen_ = n_prompt;
    for (auto& index : in_prediction_) index.cover(prediction_);
    if (!prediction_.empty()) {
      source_ = Source::Prediction;
      run_ = kPredictionRun;
    }
    choose_source(tokens.first(seen_));
  }
  for (; seen_ < tokens.size(); ++seen_) {
    judge(tokens.first(seen_ + 1));
    choose_source(tokens.first(seen_ + 1));
  }
}

// Where the guesses for what follows `tokens` come from: as before, unless that was wrong or is
// used up.
void Drafter::choose_source(std::span<const TokenId> tokens) {
  // Not the run at the very end, which would find itself.
  for (auto& index : in_sequence_) index.cover(tokens.first(tokens.size() - 1));
  if (source_ == Source::Prediction && cursor_ == prediction_.size()) source_ = Source::Nothing;
  if (source_ == Source::Nothing) look_up(tokens);
}

// Compares the last of `tokens` with the guess for it.
void Drafter::judge(std::span<const TokenId> tokens) {
  if (source_ == Source::Nothing) return;
  const auto text = source_ == Source::Prediction ? std::span<const TokenId>(prediction_) : tokens;
  const bool right = cursor_ < text.size() && text[cursor_] == tokens.back();
  auto& record = records_[class_of(run_)];
  if (record.all >= kRemembered) record = {record.right / 2, record.all / 2};
  record.all += 1;
  record.right += right ? 1 : 0;
  if (!right) {
    source_ = Source::Nothing;
    return;
  }
  if (source_ == Source::Prediction) ++predicted_;
  ++cursor_;
  run_ = std::min(run_ + 1, kRunMax);
}

// Long runs first; of equal ones that in the prediction.
void Drafter::look_up(std::span<const TokenId> tokens) {
  const auto try_at = [&](Source source, const GramIndex& index, std::span<const TokenId> text) {
    const std::size_t end = index.find(text, tokens);
    if (end == 0 || end == text.size()) return false;
    source_ = source;
    cursor_ = end;
    run_ = equal_run(text, end, tokens);
    return true;
  };
  for (std::size_t i = 0; i < in_sequence_.size(); ++i) {
    if (try_at(Source::Prediction, in_prediction_[i], prediction_)) return;
    if (try_at(Source::Sequence, in_sequence_[i], tokens)) return;
  }
}

std::size_t Drafter::length() const {
  switch (source_) {
    case Source::Nothing: return 0;
    case Source::Prediction: return std::min(prediction_.size() - cursor_, 2 * run_);
    case Source::Sequence: break;
  }
  return 2 * run_;  // beyond its end it repeats itself
}

double Drafter::chance(std::size_t index) const {
  const std::size_t run_class = class_of(run_ + index);
  const auto& record = records_[run_class];
  return (record.right + kPriorGuesses * kPrior[run_class]) / (record.all + kPriorGuesses);
}

std::vector<TokenId> Drafter::guess(std::span<const TokenId> tokens, std::size_t count) const {
  std::vector<TokenId> out;
  for (std::size_t i = 0; i < std::min(count, length()); ++i) {
    const std::size_t at = cursor_ + i;
    if (source_ == Source::Prediction) {
      out.push_back(prediction_[at]);
    } else {
      // Beyond its end the sequence goes on with the guesses themselves.
      out.push_back(at < tokens.size() ? tokens[at] : out[at - tokens.size()]);
    }
  }
  return out;
}

}  // namespace engine
