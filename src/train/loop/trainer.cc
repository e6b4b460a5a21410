#include "train/loop/trainer.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/check.h"

namespace train {

namespace {

// Gradients are summed in this many parts whatever the number of threads, so that the sum does not
// depend on it.
constexpr int kParts = 2;
constexpr std::int64_t kReportEvery = 10;

// One part of a step's work, with a model and gradients of its own.
struct Part {
  Transformer model;
  std::vector<float> gradients;
  Loss loss;

  Part(const Shape& shape, const Kernels& kernels)
      : model(shape, kernels), gradients(std::size_t(model.layout().size)) {}

  void work(std::span<const float> weights, const std::vector<Batch>& batches, std::size_t first,
            float scale) {
    std::ranges::fill(gradients, 0.0f);
    loss = {};
    for (std::size_t i = first; i < batches.size(); i += kParts) {
      const Loss one = model.accumulate_gradients(weights, batches[i], scale, gradients);
      loss.sum += one.sum;
      loss.weight += one.weight;
    }
  }
};

double weight_of(const std::vector<Batch>& batches) {
  double sum = 0;
  for (const Batch& batch : batches) {
    for (const float weight : batch.weights) sum += weight;
  }
  return sum;
}

Loss gradients_of(std::span<const float> weights, const std::vector<Batch>& batches, int threads,
                  std::vector<Part>& parts) {
  const auto scale = static_cast<float>(1.0 / weight_of(batches));
  if (threads > 1) {
    std::jthread other([&] { parts[1].work(weights, batches, 1, scale); });
    parts[0].work(weights, batches, 0, scale);
  } else {
    for (std::size_t i = 0; i < parts.size(); ++i) parts[i].work(weights, batches, i, scale);
  }
  for (std::size_t i = 0; i < parts[0].gradients.size(); ++i)
    parts[0].gradients[i] += parts[1].gradients[i];
  return {parts[0].loss.sum + parts[1].loss.sum, parts[0].loss.weight + parts[1].loss.weight};
}

// Turns steps into lines about them.
class Meter {
 public:
  Meter(const Plan& plan, const std::function<void(const Progress&)>& report)
      : plan_(plan), report_(report), since_(std::chrono::steady_clock::now()) {}

  void add(std::int64_t step, std::int64_t tokens_all, int tokens, Loss loss, double length) {
    loss_.sum += loss.sum;
    loss_.weight += loss.weight;
    tokens_ += tokens;
    ++steps_;
    if (step % kReportEvery != 0 && step != plan_.steps) return;
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - since_).count();
    report_({.step = step,
             .tokens = tokens_all,
             .loss = loss_.sum / loss_.weight,
             .gradient_length = length,
             .tokens_per_second = tokens_ / seconds,
             .seconds_left = seconds / steps_ * static_cast<double>(plan_.steps - step)});
    since_ = now;
    loss_ = {};
    tokens_ = 0;
    steps_ = 0;
  }

 private:
  const Plan& plan_;
  const std::function<void(const Progress&)>& report_;
  std::chrono::steady_clock::time_point since_;
  Loss loss_;
  double tokens_ = 0;
  int steps_ = 0;
};

}  // namespace

double rate_factor(const Plan& plan, std::int64_t step) {
  const double up = double(step + 1) / double(std::max<std::int64_t>(1, plan.warmup_steps));
  const double down =
      double(plan.steps - step) / double(std::max<std::int64_t>(1, plan.decay_steps));
  return std::min({1.0, up, down});
}

Status run(const Plan& plan, const std::vector<Share>& shares, const Kernels& kernels,
           Checkpoint& checkpoint, const std::function<void(const Progress&)>& report,
           const std::function<Status(const Checkpoint&)>& save) {
  CHECK(!shares.empty());
  Mixture mixture(shares, plan.seed);
  checkpoint.dealt.resize(shares.size());
  mixture.take_up(checkpoint.dealt);
  Optimizer optimizer(checkpoint.shape, kernels, plan.threads);
  if (!checkpoint.optimizer.empty()) optimizer.restore(checkpoint.optimizer);
  std::vector<Part> parts;
  for (int i = 0; i < kParts; ++i) parts.emplace_back(checkpoint.shape, kernels);

  Meter meter(plan, report);
  while (checkpoint.step < plan.steps) {
    const auto batches =
        mixture.next(plan.tokens_per_step, plan.tokens_per_batch, plan.light_weight);
    const Loss loss = gradients_of(checkpoint.weights, batches, plan.threads, parts);
    const auto factor = static_cast<float>(rate_factor(plan, checkpoint.step));
    const double length = optimizer.step(checkpoint.weights, parts[0].gradients,
                                         {plan.rates.matrices * factor, plan.rates.others * factor},
                                         plan.gradient_length_max);
    // Early on, the average forgets faster: it must not remember the random start.
    const float keep =
        std::min(plan.average_keep, float(checkpoint.step) / float(checkpoint.step + 10));
    for (std::size_t i = 0; i < checkpoint.weights.size(); ++i)
      checkpoint.average[i] += (1 - keep) * (checkpoint.weights[i] - checkpoint.average[i]);

    int tokens = 0;
    for (const Batch& batch : batches) tokens += static_cast<int>(batch.tokens.size());
    ++checkpoint.step;
    checkpoint.tokens += tokens;
    meter.add(checkpoint.step, checkpoint.tokens, tokens, loss, length);
    if (checkpoint.step % plan.save_every == 0 || checkpoint.step == plan.steps) {
      checkpoint.dealt = mixture.dealt();
      checkpoint.optimizer = optimizer.state();
      if (auto status = save(checkpoint); !status) return status;
    }
  }
  return {};
}

double held_out_loss(const TokenSet& set, std::size_t documents_max, float light_weight,
                     const Checkpoint& checkpoint, const Kernels& kernels) {
  Transformer model(checkpoint.shape, kernels);
  Loss total;
  const std::size_t n = std::min(documents_max, set.lengths.size());
  Batch batch;
  for (std::size_t i = 0; i < n; ++i) {
    // Spread over the set, whose documents lie by source.
    append(set.document(i * set.lengths.size() / n), light_weight, batch);
    if (batch.tokens.size() < 2'000 && i + 1 < n) continue;
    const Loss loss = model.evaluate(checkpoint.average, batch);
    total.sum += loss.sum;
    total.weight += loss.weight;
    batch = {};
  }
  return total.sum / total.weight;
}

}  // namespace train
