#include "engine/model/blocks/recurrent.h"

#include <algorithm>
#include <cmath>

#include "engine/size.h"

namespace engine {

using compute::ConstTensor;
using compute::MatmulInput;
using compute::Tensor;
namespace ops = compute::ops;

namespace {

float softplus(float x) {
  return x > 20 ? x : std::log1p(std::exp(x));
}

// Calls body(rows of one sequence as (first, count), its state) for every sequence of the batch.
template <class Body>
void for_each_sequence(Step& step, std::size_t state_offset, const Body& body) {
  for (const auto& rows : step.batch.sequences) {
    body(static_cast<std::size_t>(rows.first_row), static_cast<std::size_t>(rows.count),
         step.states.values(rows.state_slot) + state_offset);
  }
}

}  // namespace

void CausalConv::run(Tensor x, float* state, compute::Pool& pool) const {
  const std::size_t rows = x.rows(), before = d_conv - 1;
  pool.parallel_for(n_channels, 256, [&](std::size_t begin, std::size_t end) {
    std::vector<float> line(before + rows);
    for (std::size_t c = begin; c < end; ++c) {
      for (std::size_t i = 0; i < before; ++i) line[i] = state[i * n_channels + c];
      for (std::size_t t = 0; t < rows; ++t) line[before + t] = x.row(t)[c];
      for (std::size_t t = 0; t < rows; ++t) {
        float sum = 0;
        for (std::size_t i = 0; i < d_conv; ++i) sum += filter[c * d_conv + i] * line[t + i];
        x.row(t)[c] = sum + (bias.empty() ? 0 : bias[c]);
      }
      for (std::size_t i = 0; i < before; ++i) state[i * n_channels + c] = line[rows + i];
    }
  });
}

// --- Mamba ---

std::size_t MambaBlock::state_floats(const MambaSpec& spec) {
  return size(spec.d_inner) * (size(spec.d_conv) - 1 + size(spec.d_state));
}

MambaBlock::MambaBlock(TensorLoader& loader, const MambaSpec& spec, std::size_t d_model,
                       std::size_t state_offset)
    : spec_(spec), state_offset_(state_offset) {
  const auto d_inner = size(spec.d_inner), d_state = size(spec.d_state);
  const auto dt_rank = size(spec.dt_rank), d_conv = size(spec.d_conv);
  in_ = loader.linear("ssm_in", d_model, 2 * d_inner);
  conv_ = {.n_channels = d_inner,
           .d_conv = d_conv,
           .filter = loader.floats("ssm_conv1d.weight", d_inner * d_conv),
           .bias = loader.optional_floats("ssm_conv1d.bias", d_inner)};
  mix_ = loader.linear("ssm_x", d_inner, dt_rank + 2 * d_state);
  dt_ = loader.linear("ssm_dt", dt_rank, d_inner);
  decay_ = loader.floats("ssm_a", d_inner * d_state);
  skip_ = loader.floats("ssm_d", d_inner);
  out_ = loader.linear("ssm_out", d_inner, d_model);
}

// x: [T, d_inner], replaced by the result. mixed: [T, dt_rank + 2 d_state] holds B and C behind dt.
// state: [d_inner, d_state].
void MambaBlock::scan(Tensor x, ConstTensor dt, ConstTensor mixed, float* state,
                      compute::Pool& pool) const {
  const auto d_state = size(spec_.d_state), dt_rank = size(spec_.dt_rank);
  pool.parallel_for(size(spec_.d_inner), 32, [&](std::size_t begin, std::size_t end) {
    for (std::size_t t = 0; t < x.rows(); ++t) {
      const float* b = mixed.row(t).data() + dt_rank;
      const float* c = b + d_state;
      for (std::size_t i = begin; i < end; ++i) {
        const float step = softplus(dt.row(t)[i]);
        float& value = x.row(t)[i];
        float sum = 0;
        for (std::size_t s = 0; s < d_state; ++s) {
          float& h = state[i * d_state + s];
          h = h * std::exp(step * decay_[i * d_state + s]) + step * value * b[s];
          sum += h * c[s];
        }
        value = sum + skip_[i] * value;
      }
    }
  });
}

void MambaBlock::forward(ConstTensor normed, Tensor out, Step& step) const {
  const Scratch::Scope scope(step.scratch);
  const std::size_t rows = normed.rows();
  const auto d_inner = size(spec_.d_inner);
  auto& input = step.scratch.take_input(normed);
  const auto both = apply(in_, input, step);  // [T, 2 d_inner]: the input, and its gate
  const auto x = step.scratch.take({rows, d_inner});
  const auto gate = step.scratch.take({rows, d_inner});
  for (std::size_t t = 0; t < rows; ++t) {
    std::copy_n(both.row(t).data(), d_inner, x.row(t).data());
    std::copy_n(both.row(t).data() + d_inner, d_inner, gate.row(t).data());
  }
  for_each_sequence(step, state_offset_, [&](std::size_t first, std::size_t count, float* state) {
    conv_.run(x.slice(first, count), state, step.pool);
  });
  ops::activate(ops::Activation::Silu, x, x, step.pool);

  auto& conv_input = step.scratch.take_input(x);
  const auto mixed = apply(mix_, conv_input, step);
  const auto low = step.scratch.take({rows, size(spec_.dt_rank)});
  const auto d_state = size(spec_.d_state);
  for (std::size_t t = 0; t < rows; ++t) {
    if (spec_.norms) {
      float* part = mixed.row(t).data();
      for (const std::size_t width : {size(spec_.dt_rank), d_state, d_state}) {
        const Tensor row(part, {1, width});
        ops::rms_norm(row, std::span<const float>(), step.norm_epsilon, row, step.pool);
        part += width;
      }
    }
    std::copy_n(mixed.row(t).data(), low.columns(), low.row(t).data());
  }
  auto& low_input = step.scratch.take_input(low);
  const auto dt = apply(dt_, low_input, step);
  for_each_sequence(step, state_offset_, [&](std::size_t first, std::size_t count, float* state) {
    scan(x.slice(first, count), dt.slice(first, count), mixed.slice(first, count),
         state + conv_.state_floats(), step.pool);
  });
  ops::swiglu(gate, x, x, step.pool);
  auto& result = step.scratch.take_input(x);
  apply(out_, result, out, step);
}

// --- Gated delta net ---

std::size_t DeltaNetBlock::state_floats(const DeltaNetSpec& spec) {
  const auto channels = size(2 * spec.n_key_heads + spec.n_value_heads) * size(spec.d_head);
  return channels * (size(spec.d_conv) - 1) +
         size(spec.n_value_heads) * size(spec.d_head) * size(spec.d_head);
}

DeltaNetBlock::DeltaNetBlock(TensorLoader& loader, const DeltaNetSpec& spec, std::size_t d_model,
                             std::size_t state_offset)
    : spec_(spec), state_offset_(state_offset) {
  const auto n_value = size(spec.n_value_heads), d_head = size(spec.d_head);
  const auto channels = size(2 * spec.n_key_heads + spec.n_value_heads) * d_head;
  mix_ = loader.linear("attn_qkv", d_model, channels);
  gate_ = loader.linear("attn_gate", d_model, n_value * d_head);
  conv_ = {.n_channels = channels,
           .d_conv = size(spec.d_conv),
           .filter = loader.floats("ssm_conv1d.weight", channels * size(spec.d_conv)),
           .bias = loader.optional_floats("ssm_conv1d.bias", channels)};
  beta_ = loader.linear("ssm_beta", d_model, n_value);
  alpha_ = loader.linear("ssm_alpha", d_model, n_value);
  dt_bias_ = loader.floats("ssm_dt.bias", n_value);
  decay_ = loader.floats("ssm_a", n_value);
  norm_ = loader.norm("ssm_norm", d_head, NormKind::Rms);
  out_ = loader.linear("ssm_out", n_value * d_head, d_model);
}

// One value head over the rows of one sequence. state: [d_key, d_value], as if it were a fast
// weight matrix: it forgets, unlearns what it would answer for this key, learns the value instead.
void DeltaNetBlock::recur(const Rows& rows, std::size_t value_head, float* state) const {
  const auto d = size(spec_.d_head), n_key = size(spec_.n_key_heads);
  const std::size_t key_head = value_head % n_key;
  const float scale = 1 / std::sqrt(static_cast<float>(d));
  std::vector<float> change(d);
  for (std::size_t t = 0; t < rows.mixed.rows(); ++t) {
    const float* query = rows.mixed.row(t).data() + key_head * d;
    const float* key = query + n_key * d;
    const float* value = rows.mixed.row(t).data() + (2 * n_key + value_head) * d;
    const float keep = std::exp(rows.decay.row(t)[value_head]);
    std::ranges::fill(change, 0.0f);
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t j = 0; j < d; ++j) {
        state[i * d + j] *= keep;
        change[j] += state[i * d + j] * key[i];
      }
    }
    for (std::size_t j = 0; j < d; ++j) {
      change[j] = (value[j] - change[j]) * rows.beta.row(t)[value_head];
    }
    float* out = rows.out.values() + (t * size(spec_.n_value_heads) + value_head) * d;
    std::fill_n(out, d, 0.0f);
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t j = 0; j < d; ++j) {
        state[i * d + j] += key[i] * change[j];
        out[j] += state[i * d + j] * query[i] * scale;
      }
    }
  }
}

void DeltaNetBlock::forward(ConstTensor normed, Tensor out, Step& step) const {
  const Scratch::Scope scope(step.scratch);
  const std::size_t rows = normed.rows();
  const auto n_value = size(spec_.n_value_heads), d = size(spec_.d_head);
  const auto n_key = size(spec_.n_key_heads);
  auto& input = step.scratch.take_input(normed);
  const auto mixed = apply(mix_, input, step);
  const auto gate = apply(gate_, input, step);
  const auto beta = apply(beta_, input, step);
  const auto decay = apply(alpha_, input, step);
  ops::activate(ops::Activation::Sigmoid, beta, beta, step.pool);
  for (std::size_t t = 0; t < rows; ++t) {
    for (std::size_t h = 0; h < n_value; ++h) {
      float& value = decay.row(t)[h];
      value = softplus(value + dt_bias_[h]) * decay_[h];
    }
  }
  for_each_sequence(step, state_offset_, [&](std::size_t first, std::size_t count, float* state) {
    conv_.run(mixed.slice(first, count), state, step.pool);
  });
  ops::activate(ops::Activation::Silu, mixed, mixed, step.pool);
  // Queries and keys get length 1.
  for (std::size_t t = 0; t < rows; ++t) {
    const Tensor heads(mixed.row(t).data(), {2 * n_key, d});
    ops::l2_norm(heads, step.norm_epsilon, heads, step.pool);
  }
  const auto result = step.scratch.take({rows, n_value, d});
  for_each_sequence(step, state_offset_, [&](std::size_t first, std::size_t count, float* state) {
    const Rows part{mixed.slice(first, count), beta.slice(first, count), decay.slice(first, count),
                    result.slice(first, count)};
    step.pool.parallel_for(n_value, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t h = begin; h < end; ++h) {
        recur(part, h, state + conv_.state_floats() + h * d * d);
      }
    });
  });
  apply_per_head(norm_, result, step);
  const auto flat = result.reshaped({rows, n_value * d});
  ops::swiglu(gate, flat, flat, step.pool);
  auto& output = step.scratch.take_input(flat);
  apply(out_, output, out, step);
}

// --- Short convolution ---

std::size_t ShortConvBlock::state_floats(const ShortConvSpec& spec, std::size_t d_model) {
  return d_model * (size(spec.d_conv) - 1);
}

ShortConvBlock::ShortConvBlock(TensorLoader& loader, const ShortConvSpec& spec, std::size_t d_model,
                               std::size_t state_offset)
    : state_offset_(state_offset) {
  in_ = loader.linear("shortconv.in_proj", d_model, 3 * d_model);
  conv_ = {.n_channels = d_model,
           .d_conv = size(spec.d_conv),
           .filter = loader.floats("shortconv.conv.weight", d_model * size(spec.d_conv)),
           .bias = {}};
  out_ = loader.linear("shortconv.out_proj", d_model, d_model);
}

void ShortConvBlock::forward(ConstTensor normed, Tensor out, Step& step) const {
  const Scratch::Scope scope(step.scratch);
  const std::size_t rows = normed.rows(), d = normed.columns();
  auto& input = step.scratch.take_input(normed);
  const auto all = apply(in_, input, step);  // [T, 3 d]: b, c, x
  const auto x = step.scratch.take({rows, d});
  for (std::size_t t = 0; t < rows; ++t) {
    const float* row = all.row(t).data();
    for (std::size_t i = 0; i < d; ++i) x.row(t)[i] = row[i] * row[2 * d + i];
  }
  for_each_sequence(step, state_offset_, [&](std::size_t first, std::size_t count, float* state) {
    conv_.run(x.slice(first, count), state, step.pool);
  });
  for (std::size_t t = 0; t < rows; ++t) {
    const float* c = all.row(t).data() + d;
    for (std::size_t i = 0; i < d; ++i) x.row(t)[i] *= c[i];
  }
  auto& result = step.scratch.take_input(x);
  apply(out_, result, out, step);
}

}  // namespace engine
