// parlance quantize: writes a model file in another weight type.
#include <filesystem>

#include <fmt/format.h>

#include "app/commands/commands.h"
#include "compute/gguf/file.h"
#include "compute/quant/quantize_model.h"
#include "compute/threads.h"

namespace app {
namespace {

namespace fs = std::filesystem;
namespace quant = compute::quant;

struct Totals {
  std::uint64_t bytes_before = 0, bytes_after = 0;
  std::size_t changed = 0;
};

void print(const quant::QuantizedTensor& tensor) {
  if (tensor.from == tensor.to) {
    fmt::print("{:<40} {:>7}\n", tensor.name, compute::name(tensor.to));
    return;
  }
  fmt::print("{:<40} {:>7} -> {:<7} relative error {:.5f}\n", tensor.name,
             compute::name(tensor.from), compute::name(tensor.to), tensor.relative_error);
}

Status check(const QuantizeOptions& options, std::optional<quant::Mix> mix) {
  if (!mix) {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("there is no weight type '{}'; choose one of {}", options.type,
                            quant::mix_names()));
  }
  std::error_code ignored;
  if (fs::equivalent(options.input, options.output, ignored)) {
    return fail(ErrorCode::InvalidRequest, "the output must be another file than the input");
  }
  return {};
}

Status write(const QuantizeOptions& options) {
  const auto mix = quant::mix_from_name(options.type);
  if (auto good = check(options, mix); !good) return good;
  const auto model = gguf::File::open(options.input);
  if (!model) return fail(model.error());

  Totals totals;
  for (const auto& tensor : model->tensors()) totals.bytes_before += tensor.bytes.size();
  compute::Pool pool(0);
  const auto written = quant::quantize_model(*model, *mix, options.output, pool,
                                             [&](const quant::QuantizedTensor& tensor) {
                                               print(tensor);
                                               totals.bytes_after += tensor.bytes;
                                               totals.changed += tensor.from != tensor.to ? 1 : 0;
                                             });
  if (!written) return written;
  constexpr double kMegabyte = 1e6;
  fmt::print("{}: {} of {} tensors changed, {:.2f} MB -> {:.2f} MB\n", options.output,
             totals.changed, model->tensors().size(),
             static_cast<double>(totals.bytes_before) / kMegabyte,
             static_cast<double>(totals.bytes_after) / kMegabyte);
  return {};
}

}  // namespace

int quantize(const QuantizeOptions& options) {
  const auto written = write(options);
  return written ? 0 : complain(written.error().message);
}

}  // namespace app
