#include "train/model/transformer.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace train {

namespace {

// Rows whose logits exist at once: 256 x 4096 floats are 4 MB, which stays in the last cache.
constexpr int kHeadRows = 256;

void grow(std::vector<float>& buffer, std::int64_t size) {
  if (static_cast<std::int64_t>(buffer.size()) < size)
    buffer.resize(static_cast<std::size_t>(size));
}

Factor rows_of(const float* data, std::int64_t stride) {
  return {data, stride, false};
}
Factor transposed(const float* data, std::int64_t stride) {
  return {data, stride, true};
}

}  // namespace

Transformer::Transformer(const Shape& shape, const Kernels& kernels)
    : shape_(shape), layout_(shape), kernels_(kernels), traces_(std::size_t(shape.n_layers)) {
  cos_sin_.resize(std::size_t(shape.context) * std::size_t(shape.d_head));
  for (int position = 0; position < shape.context; ++position) {
    for (int i = 0; i < shape.d_head; i += 2) {
      const double angle =
          position * std::pow(double{shape.rope_theta}, -double(i) / double(shape.d_head));
      float* to = &cos_sin_[std::size_t(position) * std::size_t(shape.d_head) + std::size_t(i)];
      to[0] = static_cast<float>(std::cos(angle));
      to[1] = static_cast<float>(std::sin(angle));
    }
  }
}

// Calls visit(first token, length) for each document.
void Transformer::each_document(const Batch& batch, auto&& visit) {
  int first = 0;
  for (const int length : batch.lengths) {
    visit(first, length);
    first += length;
  }
  CHECK(first == static_cast<int>(batch.tokens.size()));
}

void Transformer::reserve(int n_tokens, int longest) {
  CHECK(longest <= shape_.context);
  const std::int64_t t = n_tokens;
  for (LayerTrace& trace : traces_) {
    for (auto* buffer : {&trace.input, &trace.attn_normed, &trace.middle, &trace.ffn_normed})
      grow(*buffer, t * shape_.d_model);
    for (auto* buffer : {&trace.attn_inv_rms, &trace.ffn_inv_rms}) grow(*buffer, t);
    grow(trace.qkv, t * shape_.d_qkv());
    grow(trace.log_sum, t * shape_.n_heads);
    grow(trace.attended, t * shape_.d_query());
    grow(trace.gate_up, t * 2 * shape_.d_ff);
    grow(trace.act, t * shape_.d_ff);
  }
  for (auto* buffer : {&x_, &final_normed_, &d_x_, &d_normed_}) grow(*buffer, t * shape_.d_model);
  grow(final_inv_rms_, t);
  grow(logits_, std::int64_t{kHeadRows} * shape_.vocab_size);
  grow(attention_, attention_space({longest, shape_.n_heads, shape_.n_kv_heads, shape_.d_head}));
  grow(d_qkv_, t * shape_.d_qkv());
  grow(d_attended_, t * shape_.d_query());
  grow(d_gate_up_, t * 2 * shape_.d_ff);
  grow(d_act_, t * shape_.d_ff);
  positions_.resize(std::size_t(n_tokens));
}

void Transformer::forward(const float* weights, const Batch& batch) {
  const int n = static_cast<int>(batch.tokens.size());
  reserve(n, *std::ranges::max_element(batch.lengths));
  each_document(batch, [this](int first, int length) {
    for (int i = 0; i < length; ++i) positions_[std::size_t(first + i)] = i;
  });
  for (int t = 0; t < n; ++t) {
    const int token = batch.tokens[std::size_t(t)];
    CHECK(token >= 0 && token < shape_.vocab_size);
    const float* row = weights + layout_.embedding + std::int64_t{token} * shape_.d_model;
    std::copy_n(row, shape_.d_model, x_.data() + std::int64_t{t} * shape_.d_model);
  }
  for (int layer = 0; layer < shape_.n_layers; ++layer) layer_forward(weights, batch, layer);
  kernels_.rms_norm(x_.data(), weights + layout_.output_norm, shape_.norm_epsilon, n,
                    shape_.d_model, final_normed_.data(), final_inv_rms_.data());
}

void Transformer::layer_forward(const float* weights, const Batch& batch, int layer) {
  const int n = static_cast<int>(batch.tokens.size());
  const int d = shape_.d_model;
  const LayerOffsets& at = layout_.layers[std::size_t(layer)];
  LayerTrace& trace = traces_[std::size_t(layer)];
  const auto project = [&](const std::vector<float>& from, std::int64_t matrix, int n_in, int n_out,
                           float* to, bool add) {
    kernels_.multiply({n, n_out, n_in}, rows_of(from.data(), n_in),
                      transposed(weights + matrix, n_in), to, n_out, add, packing_);
  };

  std::copy_n(x_.data(), std::int64_t{n} * d, trace.input.data());
  kernels_.rms_norm(x_.data(), weights + at.attn_norm, shape_.norm_epsilon, n, d,
                    trace.attn_normed.data(), trace.attn_inv_rms.data());
  project(trace.attn_normed, at.qkv, d, shape_.d_qkv(), trace.qkv.data(), false);
  kernels_.rope(trace.qkv.data(), shape_.d_qkv(), n, shape_.n_heads + shape_.n_kv_heads,
                shape_.d_head, positions_.data(), cos_sin_.data(), 1.0f);
  each_document(batch, [&](int first, int length) {
    kernels_.attend({length, shape_.n_heads, shape_.n_kv_heads, shape_.d_head},
                    trace.qkv.data() + std::int64_t{first} * shape_.d_qkv(),
                    trace.attended.data() + std::int64_t{first} * shape_.d_query(),
                    trace.log_sum.data() + std::int64_t{first} * shape_.n_heads, attention_.data());
  });
  project(trace.attended, at.attn_out, shape_.d_query(), d, x_.data(), true);

  std::copy_n(x_.data(), std::int64_t{n} * d, trace.middle.data());
  kernels_.rms_norm(x_.data(), weights + at.ffn_norm, shape_.norm_epsilon, n, d,
                    trace.ffn_normed.data(), trace.ffn_inv_rms.data());
  project(trace.ffn_normed, at.gate_up, d, 2 * shape_.d_ff, trace.gate_up.data(), false);
  kernels_.swiglu(trace.gate_up.data(), n, shape_.d_ff, trace.act.data());
  project(trace.act, at.down, shape_.d_ff, d, x_.data(), true);
}

Loss Transformer::head(const float* weights, const Batch& batch, float scale, float* gradients) {
  const int n = static_cast<int>(batch.tokens.size());
  const int d = shape_.d_model;
  const int vocab = shape_.vocab_size;
  const float* embedding = weights + layout_.embedding;
  Loss loss;
  std::vector<float> scaled(kHeadRows);
  std::vector<float> losses(kHeadRows);
  for (int first = 0; first < n; first += kHeadRows) {
    const int rows = std::min(kHeadRows, n - first);
    const float* normed = final_normed_.data() + std::int64_t{first} * d;
    kernels_.multiply({rows, vocab, d}, rows_of(normed, d), transposed(embedding, d),
                      logits_.data(), vocab, false, packing_);
    for (int r = 0; r < rows; ++r) {
      const float weight = batch.weights[std::size_t(first + r)];
      scaled[std::size_t(r)] = weight * scale;
      loss.weight += weight;
    }
    kernels_.softmax_loss(logits_.data(), rows, vocab, batch.targets.data() + first, scaled.data(),
                          losses.data());
    for (int r = 0; r < rows; ++r) loss.sum += losses[std::size_t(r)] / scale;
    if (!gradients) continue;
    kernels_.multiply({rows, d, vocab}, rows_of(logits_.data(), vocab), rows_of(embedding, d),
                      d_normed_.data() + std::int64_t{first} * d, d, false, packing_);
    kernels_.multiply({vocab, d, rows}, transposed(logits_.data(), vocab), rows_of(normed, d),
                      gradients + layout_.embedding, d, true, packing_);
  }
  if (gradients) {
    std::fill_n(d_x_.data(), std::int64_t{n} * d, 0.0f);
    kernels_.rms_norm_backward(x_.data(), weights + layout_.output_norm, final_inv_rms_.data(),
                               d_normed_.data(), n, d, d_x_.data(),
                               gradients + layout_.output_norm);
  }
  return loss;
}

void Transformer::layer_backward(const float* weights, const Batch& batch, int layer,
                                 float* gradients) {
  const int n = static_cast<int>(batch.tokens.size());
  const int d = shape_.d_model;
  const LayerOffsets& at = layout_.layers[std::size_t(layer)];
  LayerTrace& trace = traces_[std::size_t(layer)];
  // d_from = d_to * W and dW += d_to^T * from.
  const auto project_back = [&](const std::vector<float>& from, std::int64_t matrix, int n_in,
                                int n_out, const float* d_to, float* d_from) {
    kernels_.multiply({n, n_in, n_out}, rows_of(d_to, n_out), rows_of(weights + matrix, n_in),
                      d_from, n_in, false, packing_);
    kernels_.multiply({n_out, n_in, n}, transposed(d_to, n_out), rows_of(from.data(), n_in),
                      gradients + matrix, n_in, true, packing_);
  };

  project_back(trace.act, at.down, shape_.d_ff, d, d_x_.data(), d_act_.data());
  kernels_.swiglu_backward(trace.gate_up.data(), d_act_.data(), n, shape_.d_ff, d_gate_up_.data());
  project_back(trace.ffn_normed, at.gate_up, d, 2 * shape_.d_ff, d_gate_up_.data(),
               d_normed_.data());
  kernels_.rms_norm_backward(trace.middle.data(), weights + at.ffn_norm, trace.ffn_inv_rms.data(),
                             d_normed_.data(), n, d, d_x_.data(), gradients + at.ffn_norm);

  project_back(trace.attended, at.attn_out, shape_.d_query(), d, d_x_.data(), d_attended_.data());
  each_document(batch, [&](int first, int length) {
    const std::int64_t query = std::int64_t{first} * shape_.d_query();
    const std::int64_t qkv = std::int64_t{first} * shape_.d_qkv();
    kernels_.attend_backward({length, shape_.n_heads, shape_.n_kv_heads, shape_.d_head},
                             trace.qkv.data() + qkv, trace.attended.data() + query,
                             trace.log_sum.data() + std::int64_t{first} * shape_.n_heads,
                             d_attended_.data() + query, d_qkv_.data() + qkv, attention_.data());
  });
  kernels_.rope(d_qkv_.data(), shape_.d_qkv(), n, shape_.n_heads + shape_.n_kv_heads, shape_.d_head,
                positions_.data(), cos_sin_.data(), -1.0f);
  project_back(trace.attn_normed, at.qkv, d, shape_.d_qkv(), d_qkv_.data(), d_normed_.data());
  kernels_.rms_norm_backward(trace.input.data(), weights + at.attn_norm, trace.attn_inv_rms.data(),
                             d_normed_.data(), n, d, d_x_.data(), gradients + at.attn_norm);
}

Loss Transformer::evaluate(std::span<const float> weights, const Batch& batch) {
  forward(weights.data(), batch);
  return head(weights.data(), batch, 1.0f, nullptr);
}

Loss Transformer::accumulate_gradients(std::span<const float> weights, const Batch& batch,
                                       float scale, std::span<float> gradients) {
  CHECK(static_cast<std::int64_t>(gradients.size()) == layout_.size);
  forward(weights.data(), batch);
  const Loss loss = head(weights.data(), batch, scale, gradients.data());
  for (int layer = shape_.n_layers - 1; layer >= 0; --layer)
    layer_backward(weights.data(), batch, layer, gradients.data());
  for (std::size_t t = 0; t < batch.tokens.size(); ++t) {
    const float* d_row = d_x_.data() + t * std::size_t(shape_.d_model);
    float* to =
        gradients.data() + layout_.embedding + std::int64_t{batch.tokens[t]} * shape_.d_model;
    for (int i = 0; i < shape_.d_model; ++i) to[i] += d_row[i];
  }
  return loss;
}

std::vector<float> Transformer::next_logits(std::span<const float> weights,
                                            std::span<const int> tokens) {
  Batch batch;
  batch.tokens.assign(tokens.begin(), tokens.end());
  batch.lengths = {static_cast<int>(tokens.size())};
  forward(weights.data(), batch);
  const int d = shape_.d_model;
  const float* last = final_normed_.data() + std::int64_t(tokens.size() - 1) * d;
  std::vector<float> logits(std::size_t(shape_.vocab_size));
  kernels_.multiply({1, shape_.vocab_size, d}, rows_of(last, d),
                    transposed(weights.data() + layout_.embedding, d), logits.data(),
                    shape_.vocab_size, false, packing_);
  return logits;
}

}  // namespace train
