#include "base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/guarded.h"

namespace base {
namespace {

struct CounterHandle final : Counter {
  explicit CounterHandle(prometheus::Counter& target) : target(target) {}
  void add(double amount) override { target.Increment(amount); }
  prometheus::Counter& target;
};

struct GaugeHandle final : Gauge {
  explicit GaugeHandle(prometheus::Gauge& target) : target(target) {}
  void set(double value) override { target.Set(value); }
  void add(double amount) override { target.Increment(amount); }
  prometheus::Gauge& target;
};

struct HistogramHandle final : Histogram {
  explicit HistogramHandle(prometheus::Histogram& target) : target(target) {}
  void observe(double value) override { target.Observe(value); }
  prometheus::Histogram& target;
};

}  // namespace

struct Metrics::Registry {
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  // Handles by the address of what they wrap: prometheus-cpp returns the same object for the same
  // labels.
  Guarded<std::map<const void*, std::unique_ptr<CounterHandle>>> counters;
  Guarded<std::map<const void*, std::unique_ptr<GaugeHandle>>> gauges;
  Guarded<std::map<const void*, std::unique_ptr<HistogramHandle>>> histograms;

  template <class Handle, class Target>
  static Handle& handle(Guarded<std::map<const void*, std::unique_ptr<Handle>>>& handles,
                        Target& target) {
    return *handles.with([&](auto& map) {
      auto& slot = map[&target];
      if (!slot) slot = std::make_unique<Handle>(target);
      return slot.get();
    });
  }
};

Metrics::Metrics() : registry_(std::make_unique<Registry>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  auto& family =
      prometheus::BuildCounter().Name("parlance_" + name).Help(help).Register(registry_->registry);
  return Registry::handle(registry_->counters, family.Add(labels));
}

Gauge& Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  auto& family =
      prometheus::BuildGauge().Name("parlance_" + name).Help(help).Register(registry_->registry);
  return Registry::handle(registry_->gauges, family.Add(labels));
}

Histogram& Metrics::histogram(const std::string& name, const std::string& help,
                              const std::vector<double>& bounds, const Labels& labels) {
  auto& family = prometheus::BuildHistogram()
                     .Name("parlance_" + name)
                     .Help(help)
                     .Register(registry_->registry);
  return Registry::handle(registry_->histograms, family.Add(labels, bounds));
}

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(registry_->registry.Collect());
}

}  // namespace base
