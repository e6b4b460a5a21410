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

constexpr float kNever = -std::numeric_limits<float>::infinity();
constexpr int kPage = kPageTokens;
static_assert(kPageTokens == compute::kAttentionPageTokens);

const compute::AttentionKernels& kernels_for(KvType type) {
  switch (type) {
    case KvType::F32: return compute::attention_kernels(compute::CacheType::F32);
    case KvType::F16: return compute::attention_kernels(compute::CacheType::F16);
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

// What one work item needs: the query heads of one kv head, of one row.
struct Item {
  const SequenceRows* rows = nullptr;
  int position = 0;
  int length = 0;  // tokens of the sequence after this step
  std::size_t kv_head = 0;
  std::size_t first_head = 0;
  std::size_t n_heads = 0;  // of this group
};

// Turns one page's scores into weights, in place, and the running maximum and sum along. Returns
// what the results so far must be multiplied by.
float soften_page(std::span<float> scores, Sight seen, int page_begin, const Item& item,
                  std::size_t head, const AttendOptions& options, float& highest, float& sum) {
  const int begin = std::max(0, seen.begin - page_begin);
  const int end = std::min(kPage, seen.end - page_begin);
  float page_highest = kNever;
  for (int t = begin; t < end; ++t) {
    float score = scores[t] * options.scale;
    if (options.softcap > 0) score = options.softcap * std::tanh(score / options.softcap);
    if (!options.slopes.empty()) {
      score -=
          options.slopes[head] * static_cast<float>(std::abs(item.position - (page_begin + t)));
    }
    scores[t] = score;
    page_highest = std::max(page_highest, score);
  }
  const float new_highest = std::max(highest, page_highest);
  const float rescale = highest == kNever ? 0 : std::exp(highest - new_highest);
  float page_sum = 0;
  for (int t = begin; t < end; ++t) {
    scores[t] = std::exp(scores[t] - new_highest);
    page_sum += scores[t];
  }
  sum = sum * rescale + page_sum;
  highest = new_highest;
  return rescale;
}

// One row and one kv head: all pages it sees, in order.
void attend_item(const Item& item, const Step& step, std::size_t kv_layer, ConstTensor queries,
                 Tensor out, const AttendOptions& options, std::vector<float>& work) {
  const auto& layout = step.cache.layout();
  const auto& kernels = kernels_for(layout.type());
  const auto group = layout.group_of(kv_layer);
  const auto& pool = step.cache.pool(group);
  const auto& table = item.rows->kv->tables[group];
  const std::size_t d_key = queries.extent(2), d_value = out.extent(2);
  const auto row =
      static_cast<std::size_t>(item.rows->first_row + item.position - item.rows->position);
  const float* query = queries.values() + (row * queries.extent(1) + item.first_head) * d_key;
  float* result = out.values() + (row * out.extent(1) + item.first_head) * d_value;
  std::fill_n(result, item.n_heads * d_value, 0.0f);

  work.resize(item.n_heads * (kPage + 3));
  float* scores = work.data();
  float* rescale = scores + item.n_heads * kPage;
  float* highest = rescale + item.n_heads;
  float* sum = highest + item.n_heads;
  for (std::size_t h = 0; h < item.n_heads; ++h) {
    const bool sink = !options.sinks.empty();
    highest[h] = sink ? options.sinks[item.first_head + h] : kNever;
    sum[h] = sink ? 1 : 0;
  }

  const Sight seen = sight_of(item.position, item.length, options);
  const auto keys_offset = layout.keys_offset(kv_layer, static_cast<int>(item.kv_head));
  const auto values_offset = layout.values_offset(kv_layer, static_cast<int>(item.kv_head));
  for (int index = seen.begin / kPage; index * kPage < seen.end; ++index) {
    const auto* page = pool.bytes(table[static_cast<std::size_t>(index)]);
    kernels.scores(query, item.n_heads, d_key, page + keys_offset, scores);
    for (std::size_t h = 0; h < item.n_heads; ++h) {
      rescale[h] = soften_page({scores + h * kPage, kPage}, seen, index * kPage, item,
                               item.first_head + h, options, highest[h], sum[h]);
    }
    kernels.weigh(scores, rescale, item.n_heads, d_value, page + values_offset,
                  static_cast<std::size_t>(std::max(0, seen.begin - index * kPage)),
                  static_cast<std::size_t>(std::min(kPage, seen.end - index * kPage)), result);
  }
  for (std::size_t h = 0; h < item.n_heads; ++h) {
    const float factor = sum[h] > 0 ? 1 / sum[h] : 0;
    for (std::size_t i = 0; i < d_value; ++i) result[h * d_value + i] *= factor;
  }
}

}  // namespace

void append_kv(Step& step, std::size_t kv_layer, ConstTensor keys, ConstTensor values) {
  const auto& layout = step.cache.layout();
  const auto& kernels = kernels_for(layout.type());
  const auto group = layout.group_of(kv_layer);
  const auto& pool = step.cache.pool(group);
  const auto& shape = layout.layer(kv_layer);
  const auto d_key = static_cast<std::size_t>(shape.d_key);
  const auto d_value = static_cast<std::size_t>(shape.d_value);
  CHECK(keys.extent(2) == d_key && values.extent(2) == d_value);
  for (const auto& rows : step.batch.sequences) {
    const auto write = [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        const std::size_t position = static_cast<std::size_t>(rows.position) + i;
        const auto row = static_cast<std::size_t>(rows.first_row) + i;
        auto* page = pool.bytes(rows.kv->tables[group][position / kPage]);
        for (int head = 0; head < shape.n_heads; ++head) {
          const auto at = row * keys.extent(1) + static_cast<std::size_t>(head);
          kernels.store_key(keys.values() + at * d_key, d_key, position % kPage,
                            page + layout.keys_offset(kv_layer, head));
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
  const auto& shape = step.cache.layout().layer(kv_layer);
  const auto n_kv_heads = static_cast<std::size_t>(shape.n_heads);
  const std::size_t n_heads = queries.extent(1);
  CHECK(n_heads % n_kv_heads == 0);
  const std::size_t group_heads = n_heads / n_kv_heads;
  std::vector<const SequenceRows*> rows_of(step.rows());
  for (const auto& rows : step.batch.sequences) {
    std::fill_n(rows_of.begin() + rows.first_row, rows.count, &rows);
  }
  const auto work_on = [&](std::size_t begin, std::size_t end) {
    std::vector<float> work;
    for (std::size_t index = begin; index < end; ++index) {
      const std::size_t row = index / n_kv_heads;
      Item item;
      item.rows = rows_of[row];
      item.position = step.batch.positions[row];
      item.length = item.rows->position + item.rows->count;
      item.kv_head = index % n_kv_heads;
      item.first_head = item.kv_head * group_heads;
      item.n_heads = group_heads;
      attend_item(item, step, kv_layer, queries, out, options, work);
    }
  };
  step.pool.parallel_for(step.rows() * n_kv_heads, 1, work_on);
}

}  // namespace engine
