#include "compute/quant/quantize_model.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "compute/gguf/writer.h"
#include "compute/quant/dequantize.h"
#include "compute/quant/quantize.h"

namespace compute::quant {
namespace {

// Bytes of output that are computed before they are written.
constexpr std::size_t kPieceBytes = 16 << 20;

Result<MixContext> context_of(const gguf::File& model) {
  const auto architecture = model.find_or<std::string>("general.architecture", "");
  if (!architecture) return fail(architecture.error());
  const auto n_layers = model.find_or<std::uint32_t>(*architecture + ".block_count", 0);
  if (!n_layers) return fail(n_layers.error());
  const auto n_experts = model.find_or<std::uint32_t>(*architecture + ".expert_count", 0);
  if (!n_experts) return fail(n_experts.error());
  return MixContext{.n_layers = *n_layers,
                    .n_experts = *n_experts,
                    .has_output = model.find_tensor("output.weight") != nullptr};
}

DType type_of(const gguf::TensorInfo& tensor, Mix mix, const MixContext& context) {
  if (!can_dequantize(tensor.dtype)) return tensor.dtype;
  return type_in_mix(mix, tensor.name, tensor.dtype, static_cast<std::size_t>(tensor.shape[0]),
                     tensor.n_dims, context);
}

struct SquaredSums {
  double difference = 0;
  double original = 0;
};

// Rows [first, first + count) of the tensor in another type, one after the other into `out`; each
// row's share of the error into `errors`.
void convert_rows(const gguf::TensorInfo& tensor, DType to, std::size_t first, std::size_t count,
                  std::span<std::byte> out, std::span<SquaredSums> errors, Pool& pool) {
  const auto n_in = static_cast<std::size_t>(tensor.shape[0]);
  const std::size_t from_bytes = *row_bytes(tensor.dtype, n_in);
  const std::size_t to_bytes = *row_bytes(to, n_in);
  pool.parallel_for(count, 4, [&](std::size_t begin, std::size_t end) {
    std::vector<float> before(n_in);
    std::vector<float> after(n_in);
    for (std::size_t i = begin; i < end; ++i) {
      const auto row = out.subspan(i * to_bytes, to_bytes);
      dequantize_row(tensor.dtype, tensor.bytes.subspan((first + i) * from_bytes, from_bytes),
                     before);
      quantize_row(to, before, row);
      dequantize_row(to, row, after);
      auto& sums = errors[first + i];
      for (std::size_t k = 0; k < n_in; ++k) {
        const double difference = static_cast<double>(after[k]) - before[k];
        sums.difference += difference * difference;
        sums.original += static_cast<double>(before[k]) * before[k];
      }
    }
  });
}

// Returns the relative error.
Result<double> write_converted(const gguf::TensorInfo& tensor, DType to, gguf::Writer& writer,
                               Pool& pool) {
  const auto n_in = static_cast<std::size_t>(tensor.shape[0]);
  if (n_in == 0 || tensor.n_elements == 0) return 0.0;
  const std::size_t n_rows = tensor.n_elements / n_in;
  const std::size_t to_bytes = *row_bytes(to, n_in);
  const std::size_t rows_each = std::max<std::size_t>(1, kPieceBytes / to_bytes);
  std::vector<std::byte> piece(std::min(rows_each, n_rows) * to_bytes);
  std::vector<SquaredSums> errors(n_rows);
  for (std::size_t first = 0; first < n_rows; first += rows_each) {
    const std::size_t count = std::min(rows_each, n_rows - first);
    const auto out = std::span(piece).first(count * to_bytes);
    convert_rows(tensor, to, first, count, out, errors, pool);
    if (auto written = writer.write(out); !written) return fail(written.error());
  }
  SquaredSums total;
  for (const auto& row : errors) {
    total.difference += row.difference;
    total.original += row.original;
  }
  return total.original > 0 ? std::sqrt(total.difference / total.original) : 0.0;
}

}  // namespace

Status quantize_model(const gguf::File& model, Mix mix, const std::string& path, Pool& pool,
                      const std::function<void(const QuantizedTensor&)>& progress) {
  const auto context = context_of(model);
  if (!context) return fail(context.error());

  gguf::Layout layout;
  layout.copy_metadata(model);
  layout.set("general.file_type", file_type(mix));
  layout.set("general.quantization_version", std::uint32_t{2});
  for (const auto& tensor : model.tensors()) {
    layout.add_tensor(tensor.name, type_of(tensor, mix, *context),
                      std::span(tensor.shape).first(tensor.n_dims));
  }
  auto writer = gguf::Writer::create(path, layout);
  if (!writer) return fail(writer.error());

  for (const auto& tensor : model.tensors()) {
    QuantizedTensor report = {.name = tensor.name,
                              .from = tensor.dtype,
                              .to = type_of(tensor, mix, *context),
                              .bytes = tensor.bytes.size()};
    if (report.to == report.from) {
      if (auto written = writer->write(tensor.bytes); !written) return fail(written.error());
    } else {
      const auto error = write_converted(tensor, report.to, *writer, pool);
      if (!error) return fail(error.error());
      report.relative_error = *error;
      const auto n_in = static_cast<std::size_t>(tensor.shape[0]);
      report.bytes = n_in == 0 ? 0 : tensor.n_elements / n_in * *row_bytes(report.to, n_in);
    }
    if (progress) progress(report);
  }
  return writer->finish();
}

}  // namespace compute::quant
