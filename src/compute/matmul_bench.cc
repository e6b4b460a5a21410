// Matrix products beside what the machine can do: integer or f32 operations per second for many
// rows, bytes of weights per second for few. Weights are larger than the caches, as in a model.
#include "compute/matmul.h"

#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "compute/random_weights_testing.h"

namespace compute {
namespace {

constexpr std::size_t kColumns = 2048;
constexpr std::size_t kRows = 2048;
constexpr std::size_t kMatrices = 32;  // 128 M weights: 75 MB at 4.5 bits

struct Model {
  std::vector<std::byte> bytes;
  std::vector<Weight> weights;

  Model(DType dtype, Pool& pool) {
    base::SeededRandom random(1);
    const auto row = testing::random_blocks(dtype, kColumns, random);
    for (std::size_t i = 0; i < kRows; ++i) bytes.insert(bytes.end(), row.begin(), row.end());
    for (std::size_t i = 0; i < kMatrices; ++i) {
      weights.push_back(*Weight::load({dtype, kRows, kColumns, bytes}, pool));
    }
  }
};

void matmul(benchmark::State& state, DType dtype, Isa isa) {
  const auto n_rows = static_cast<std::size_t>(state.range(0));
  Pool pool(static_cast<std::size_t>(state.range(1)), isa);
  const Model model(dtype, pool);
  base::SeededRandom random(2);
  const auto x = testing::random_floats(n_rows * kColumns, random);
  std::vector<float> out(n_rows * kRows);
  MatmulInput input;
  std::size_t bytes = 0;
  for (auto _ : state) {
    for (const auto& weight : model.weights) {
      input.set(ConstTensor(x.data(), {n_rows, kColumns}));
      ops::matmul(input, weight, Tensor(out.data(), {n_rows, kRows}), pool);
      bytes += weight.owned_bytes();
    }
  }
  const double operations = 2.0 * static_cast<double>(n_rows * kColumns * kRows * kMatrices);
  state.counters["Gop/s"] = benchmark::Counter(
      operations * 1e-9 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  state.counters["GB/s"] =
      benchmark::Counter(static_cast<double>(bytes) * 1e-9, benchmark::Counter::kIsRate);
}

// The ceilings of the same pool: reading memory, and the instruction that does the work.
void ceiling_memory(benchmark::State& state) {
  Pool pool(static_cast<std::size_t>(state.range(0)));
  std::vector<std::uint64_t> memory((256 << 20) / 8, 1);
  std::vector<std::uint64_t> sums(memory.size() >> 17);
  for (auto _ : state) {
    pool.parallel_for(sums.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        std::uint64_t sum[8] = {};
        for (std::size_t j = i << 17; j < (i + 1) << 17; j += 8) {
          for (std::size_t lane = 0; lane < 8; ++lane) sum[lane] += memory[j + lane];
        }
        for (const auto lane : sum) sums[i] += lane;
      }
    });
    benchmark::DoNotOptimize(sums.data());
  }
  state.counters["GB/s"] =
      benchmark::Counter(static_cast<double>(memory.size() * 8 * state.iterations()) * 1e-9,
                         benchmark::Counter::kIsRate);
}

#if defined(__x86_64__)
constexpr std::size_t kPeakSteps = 1'000'000;

// 12 independent chains hide a latency of 4 or 5 cycles twice over. What is in the registers does
// not matter: no value makes these slower, denormals being off.
void dot_products(std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    asm volatile(
        "vpdpbusd %%zmm16, %%zmm16, %%zmm0\n"
        "vpdpbusd %%zmm16, %%zmm16, %%zmm1\n"
        "vpdpbusd %%zmm16, %%zmm16, %%zmm2\n"
        "vpdpbusd %%zmm16, %%zmm16, %%zmm3\n"
        "vpdpbusd %%zmm16, %%zmm16, %%zmm4\n"
        "vpdpbusd %%zmm16, %%zmm16, %%zmm5\n"
        "vpdpbusd %%zmm16, %%zmm16, %%zmm6\n"
        "vpdpbusd %%zmm16, %%zmm16, %%zmm7\n"
        "vpdpbusd %%zmm16, %%zmm16, %%zmm8\n"
        "vpdpbusd %%zmm16, %%zmm16, %%zmm9\n"
        "vpdpbusd %%zmm16, %%zmm16, %%zmm10\n"
        "vpdpbusd %%zmm16, %%zmm16, %%zmm11\n" ::
            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
              "xmm10", "xmm11");
  }
}

void multiply_adds(std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    asm volatile(
        "vfmadd231ps %%zmm16, %%zmm16, %%zmm0\n"
        "vfmadd231ps %%zmm16, %%zmm16, %%zmm1\n"
        "vfmadd231ps %%zmm16, %%zmm16, %%zmm2\n"
        "vfmadd231ps %%zmm16, %%zmm16, %%zmm3\n"
        "vfmadd231ps %%zmm16, %%zmm16, %%zmm4\n"
        "vfmadd231ps %%zmm16, %%zmm16, %%zmm5\n"
        "vfmadd231ps %%zmm16, %%zmm16, %%zmm6\n"
        "vfmadd231ps %%zmm16, %%zmm16, %%zmm7\n"
        "vfmadd231ps %%zmm16, %%zmm16, %%zmm8\n"
        "vfmadd231ps %%zmm16, %%zmm16, %%zmm9\n"
        "vfmadd231ps %%zmm16, %%zmm16, %%zmm10\n"
        "vfmadd231ps %%zmm16, %%zmm16, %%zmm11\n" ::
            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
              "xmm10", "xmm11");
  }
}

void ceiling_arithmetic(benchmark::State& state, void (*run)(std::size_t),
                        int operations_per_step) {
  if (!is_available(Isa::Avx512)) return state.SkipWithError("no AVX-512 here");
  Pool pool(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    pool.parallel_for(pool.threads(), 1, [&](std::size_t, std::size_t) { run(kPeakSteps); });
  }
  state.counters["Gop/s"] =
      benchmark::Counter(operations_per_step * 1e-9 *
                             static_cast<double>(kPeakSteps * pool.threads() * state.iterations()),
                         benchmark::Counter::kIsRate);
}
#endif

// One thread by processor time, two by the clock.
using Bench = std::function<void(benchmark::State&)>;
void register_both(const std::string& title, const std::vector<std::int64_t>& rows,
                   const Bench& run) {
  for (const std::int64_t threads : {1, 2}) {
    auto* bench = benchmark::RegisterBenchmark(title.c_str(), run);
    bench->Unit(benchmark::kMillisecond);
    for (const auto n : rows) {
      if (n == 0) bench->Args({threads});
      if (n != 0) bench->Args({n, threads});
    }
    if (threads > 1) bench->UseRealTime();
  }
}

void register_all() {
  register_both("ceiling/memory", {0}, ceiling_memory);
#if defined(__x86_64__)
  // 12 instructions of 64 (16) multiplications and as many additions.
  register_both("ceiling/int8", {0},
                [](auto& state) { ceiling_arithmetic(state, dot_products, 12 * 128); });
  register_both("ceiling/f32", {0},
                [](auto& state) { ceiling_arithmetic(state, multiply_adds, 12 * 32); });
#endif
  for (const auto isa : {default_isa(), Isa::Avx2}) {
    if (!is_available(isa)) continue;
    for (const auto dtype :
         {DType::Q4_0, DType::Q8_0, DType::Q4_K, DType::Q5_K, DType::Q6_K, DType::MXFP4,
          DType::IQ4_NL, DType::Q3_K, DType::Q4_1, DType::F16, DType::BF16, DType::F32}) {
      const auto title = "matmul/" + std::string(name(dtype)) + "/" + std::string(name(isa));
      register_both(title, {1, 4, 16, 128},
                    [=](auto& state) { matmul(state, dtype, isa); });  // /rows/threads
    }
  }
}

[[maybe_unused]] const bool registered = (register_all(), true);

}  // namespace
}  // namespace compute
