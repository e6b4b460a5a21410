#include "engine/model/blocks/paged_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/check.h"
#include "compute/kernels/attention.h"

namespace engine {

using compute::ConstTensor;
using compute::Tensor;

namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();
constexpr int kPage = kPageTokens;
static_assert(kPageTokens == compute::kAttentionPageTokens);

const compute::AttentionKernels& kernels_for(KvType type) {
  switch (type) {
    case KvType::F32: return compute::attention_kernels(compute::CacheType::F32);
    case KvType::F16: return compute::attention_kernels(compute::CacheType::F16);
    case KvType::BF16: return compute::attention_kernels(compute::CacheType::BF16);
    case KvType::Q8: break;
  }
  return compute::attention_kernels(compute::CacheType::Q8);
}

// The tokens a query at `position` sees: [begin, end).
struct Sight {
  int begin = 0;
  int end = 0;
};

Sight sight_of(int position, int length, const AttendOptions& options) {
  if (options.causal) {
    const int begin = options.window > 0 ? std::max(0, position - options.window + 1) : 0;
    return {begin, position + 1};
  }
  if (options.window == 0) return {0, length};
  const int half = options.window / 2;
  return {std::max(0, position - half), std::min(length, position + half + 1)};
}

// What one work item needs: some neighbouring rows of one sequence, and the query heads of one kv
// head. Taking several rows at once reads every page once for all of them.
struct Item {
  const SequenceRows* rows = nullptr;
  int first = 0;  // of the sequence's rows in this step
  int count = 0;
  std::size_t kv_head = 0;
};

// A tile's memory, kept from item to item.
struct Work {
  std::vector<float> queries;                // [count, group_heads, d_key_stored]
  std::vector<float> shared;                 // [count, group_heads, d_shared]
  std::vector<float> results;                // [count, group_heads, d_value]
  std::vector<float> scores;                 // [count, group_heads, 64]
  std::vector<float> rescale, highest, sum;  // [count, group_heads]

  void resize(std::size_t n, std::size_t d_stored, std::size_t d_shared, std::size_t d_value) {
    queries.resize(n * d_stored);
    shared.resize(n * d_shared);
    results.assign(n * d_value, 0);
    scores.resize(n * kPage);
    rescale.resize(n);
    highest.resize(n);
    sum.resize(n);
  }
};

// Softcap and ALiBi, where a model has them, before the softmax; scores are scaled then.
void bend_scores(std::span<float> scores, int position, int page_begin, std::size_t head,
                 const AttendOptions& options) {
  for (int t = 0; t < kPage; ++t) {
    float score = scores[static_cast<std::size_t>(t)] * options.scale;
    if (options.softcap > 0) score = options.softcap * std::tanh(score / options.softcap);
    if (!options.slopes.empty()) {
      score -= options.slopes[head] * static_cast<float>(std::abs(position - (page_begin + t)));
    }
    scores[static_cast<std::size_t>(t)] = score;
  }
}

class Attention {
 public:
  Attention(const Step& step, std::size_t kv_layer, ConstTensor queries, Tensor out,
            const AttendOptions& options)
      : layout_(step.cache.layout()),
        pool_(step.cache.pool(layout_.group_of(kv_layer))),
        kernels_(kernels_for(layout_.type())),
        kv_layer_(kv_layer),
        queries_(queries),
        out_(out),
        options_(options),
        d_shared_(static_cast<std::size_t>(layout_.layer(kv_layer).d_shared)),
        group_heads_(queries.extent(1) / static_cast<std::size_t>(layout_.layer(kv_layer).n_heads)),
        bends_(options.softcap > 0 || !options.slopes.empty()) {}

  void run(const Item& item, Work& work) const {
    begin(item, work);
    int first_seen = std::numeric_limits<int>::max(), end_seen = 0;
    for (int i = 0; i < item.count; ++i) {
      const Sight seen = sight(item, i);
      first_seen = std::min(first_seen, seen.begin);
      end_seen = std::max(end_seen, seen.end);
    }
    for (int page = first_seen / kPage; page * kPage < end_seen; ++page) {
      add_page(item, page, {first_seen, end_seen}, work);
    }
    end(item, work);
  }

 private:
  Sight sight(const Item& item, int i) const {
    return sight_of(item.rows->position + item.first + i, item.rows->position + item.rows->count,
                    options_);
  }
  std::size_t row_of(const Item& item, int i) const {
    return static_cast<std::size_t>(item.rows->first_row + item.first + i);
  }

  void begin(const Item& item, Work& work) const {
    const std::size_t d_key = queries_.extent(2);
    const auto count = static_cast<std::size_t>(item.count);
    work.resize(count * group_heads_, d_key - d_shared_, d_shared_, out_.extent(2));
    const std::size_t first_head = item.kv_head * group_heads_;
    for (int i = 0; i < item.count; ++i) {
      const float* from =
          queries_.values() + (row_of(item, i) * queries_.extent(1) + first_head) * d_key;
      const auto at = static_cast<std::size_t>(i) * group_heads_;
      copy_queries(from, at, work);
      for (std::size_t h = 0; h < group_heads_; ++h) {
        const bool sink = !options_.sinks.empty();
        work.highest[at + h] = sink ? options_.sinks[first_head + h] : kLowest;
        work.sum[at + h] = sink ? 1 : 0;
      }
    }
    const std::size_t n = count * group_heads_;
    kernels_.loops.prepare(work.queries.data(), n, d_key - d_shared_);
    kernels_.loops.prepare_for_values(work.shared.data(), n, d_shared_);
  }

  // A row's query heads, apart: what meets the values, and what meets the keys.
  void copy_queries(const float* from, std::size_t at, Work& work) const {
    const std::size_t d_key = queries_.extent(2), d_stored = d_key - d_shared_;
    for (std::size_t h = 0; h < group_heads_; ++h, from += d_key) {
      std::copy_n(from, d_shared_, work.shared.data() + (at + h) * d_shared_);
      std::copy_n(from + d_shared_, d_stored, work.queries.data() + (at + h) * d_stored);
    }
  }

  void add_page(const Item& item, int index, Sight all, Work& work) const {
    const auto& table = item.rows->kv->tables[layout_.group_of(kv_layer_)];
    const auto* page = pool_.bytes(table[static_cast<std::size_t>(index)]);
    const bool last = (index + 1) * kPage >= all.end;
    const auto* next_page = last ? page : pool_.bytes(table[static_cast<std::size_t>(index) + 1]);
    const auto head = static_cast<int>(item.kv_head);
    const int page_begin = index * kPage;
    const std::size_t n = static_cast<std::size_t>(item.count) * group_heads_;
    const auto* values = page + layout_.values_offset(kv_layer_, head);
    kernels_.loops.scores(work.queries.data(), n, queries_.extent(2) - d_shared_,
                          page + layout_.keys_offset(kv_layer_, head), values, work.scores.data());
    if (d_shared_ > 0) {
      kernels_.loops.add_value_scores(work.shared.data(), n, d_shared_, values, work.scores.data());
    }
    for (int i = 0; i < item.count; ++i) {
      const Sight seen = sight(item, i);
      const int begin = std::clamp(seen.begin - page_begin, 0, kPage);
      const int end = std::clamp(seen.end - page_begin, begin, kPage);
      for (std::size_t h = 0; h < group_heads_; ++h) {
        const auto at = static_cast<std::size_t>(i) * group_heads_ + h;
        soften(std::span(work.scores).subspan(at * kPage, kPage), begin, end,
               item.rows->position + item.first + i, page_begin, item.kv_head * group_heads_ + h,
               at, work);
      }
    }
    kernels_.loops.weigh(work.scores.data(), work.rescale.data(), n, out_.extent(2), values,
                         static_cast<std::size_t>(std::max(0, all.begin - page_begin)),
                         static_cast<std::size_t>(std::min(kPage, all.end - page_begin)),
                         next_page + layout_.keys_offset(kv_layer_, head), work.results.data());
  }

  void soften(std::span<float> scores, int begin, int end, int position, int page_begin,
              std::size_t head, std::size_t at, Work& work) const {
    if (begin == end) {  // another row of the tile sees this page, this one does not
      std::ranges::fill(scores, 0.0f);
      work.rescale[at] = 1;
      return;
    }
    if (bends_) bend_scores(scores, position, page_begin, head, options_);
    work.rescale[at] = kernels_.soften(scores.data(), static_cast<std::size_t>(begin),
                                       static_cast<std::size_t>(end), bends_ ? 1 : options_.scale,
                                       work.highest[at], work.sum[at]);
  }

  void end(const Item& item, Work& work) const {
    const std::size_t d_value = out_.extent(2);
    for (int i = 0; i < item.count; ++i) {
      for (std::size_t h = 0; h < group_heads_; ++h) {
        const auto at = static_cast<std::size_t>(i) * group_heads_ + h;
        const float factor = work.sum[at] > 0 ? 1 / work.sum[at] : 0;
        const float* from = work.results.data() + at * d_value;
        float* to = out_.values() +
                    (row_of(item, i) * out_.extent(1) + item.kv_head * group_heads_ + h) * d_value;
        for (std::size_t k = 0; k < d_value; ++k) to[k] = from[k] * factor;
      }
    }
  }

  const KvLayout& layout_;
  const PagePool& pool_;
  const compute::AttentionKernels& kernels_;
  std::size_t kv_layer_;
  ConstTensor queries_;
  Tensor out_;
  const AttendOptions& options_;
  std::size_t d_shared_;
  std::size_t group_heads_;
  bool bends_;
};

}  // namespace

void grow_queries(const QueryGrowth& growth, Tensor queries,
                  std::span<const std::int32_t> positions) {
  if (growth.scale == 0) return;
  const std::size_t width = queries.extent(1) * queries.extent(2);
  for (std::size_t t = 0; t < queries.extent(0); ++t) {
    const auto block = static_cast<float>(positions[t] / growth.floor);
    const float factor = 1 + growth.scale * std::log1p(block);
    for (float& value : std::span(queries.values() + t * width, width)) value *= factor;
  }
}

void append_kv(Step& step, std::size_t kv_layer, ConstTensor keys, ConstTensor values) {
  const auto& layout = step.cache.layout();
  const auto& kernels = kernels_for(layout.type());
  const auto group = layout.group_of(kv_layer);
  const auto& pool = step.cache.pool(group);
  const auto& shape = layout.layer(kv_layer);
  const auto d_key = static_cast<std::size_t>(shape.d_key);
  const auto d_value = static_cast<std::size_t>(shape.d_value);
  const auto d_shared = static_cast<std::size_t>(shape.d_shared);
  CHECK(keys.extent(2) == d_key && values.extent(2) == d_value);
  for (const auto& rows : step.batch.sequences) {
    const auto write = [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        const std::size_t position = static_cast<std::size_t>(rows.position) + i;
        const auto row = static_cast<std::size_t>(rows.first_row) + i;
        auto* page = pool.bytes(rows.kv->tables[group][position / kPage]);
        for (int head = 0; head < shape.n_heads; ++head) {
          const auto at = row * keys.extent(1) + static_cast<std::size_t>(head);
          kernels.store_key(keys.values() + at * d_key + d_shared, d_key - d_shared,
                            position % kPage, page + layout.keys_offset(kv_layer, head));
          kernels.store_value(values.values() + at * d_value, d_value, position % kPage,
                              page + layout.values_offset(kv_layer, head));
        }
      }
    };
    // Ranges of 16 rows: threads then rarely write to the same cache line of a page.
    step.pool.parallel_for(static_cast<std::size_t>(rows.count), 16, write);
  }
}

void attend(Step& step, std::size_t kv_layer, ConstTensor queries, Tensor out,
            const AttendOptions& options) {
  constexpr int kTileRows = 8;
  const int n_kv_heads = step.cache.layout().layer(kv_layer).n_heads;
  CHECK(queries.extent(1) % static_cast<std::size_t>(n_kv_heads) == 0);
  std::vector<Item> items;
  for (const auto& rows : step.batch.sequences) {
    for (int first = 0; first < rows.count; first += kTileRows) {
      for (int head = 0; head < n_kv_heads; ++head) {
        items.push_back({&rows, first, std::min(kTileRows, rows.count - first),
                         static_cast<std::size_t>(head)});
      }
    }
  }
  const Attention attention(step, kv_layer, queries, out, options);
  step.pool.parallel_for(items.size(), 1, [&](std::size_t begin, std::size_t end) {
    static thread_local Work work;
    for (std::size_t i = begin; i < end; ++i) attention.run(items[i], work);
  });
}

}  // namespace engine
