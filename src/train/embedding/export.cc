#include "train/embedding/export.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "compute/gguf/file.h"
#include "compute/gguf/writer.h"
#include "train/publish/quantise.h"

namespace train::embedding {

namespace {

constexpr std::int32_t kNormal = 1;  // token types of the format
constexpr std::int32_t kUnknown = 2;
constexpr std::int32_t kControl = 3;
// Any would do for a sum; this is what the API's own models take.
constexpr std::uint32_t kContext = 8'192;

// Only directions count, so the numbers may be as large as suits the half-precision scales of Q8_0.
// [PAD], which stands for BERT's first and last token, is next to nothing, yet gives white space a
// direction.
std::vector<float> stored_numbers(const StaticModel& model) {
  constexpr float largest_wanted = 64, padding = 1e-3f;
  std::vector<float> numbers(model.weights.begin(), model.weights.end());
  const auto width = static_cast<std::size_t>(model.width);
  for (std::size_t i = width; i < 2 * width; ++i) numbers[i] *= padding;
  float largest = 1e-9f;
  for (const float number : numbers) largest = std::max(largest, std::abs(number));
  for (float& number : numbers) number *= largest_wanted / largest;
  return numbers;
}

void set_tokenizer(const std::vector<std::string>& tokens, gguf::Layout& layout) {
  std::vector<std::int32_t> types(tokens.size(), kNormal);
  types[0] = kUnknown;
  types[1] = kControl;
  layout.set("tokenizer.ggml.model", "bert");
  layout.set("tokenizer.ggml.tokens", std::span<const std::string>(tokens));
  layout.set("tokenizer.ggml.token_type", std::span<const std::int32_t>(types));
  layout.set("tokenizer.ggml.unknown_token_id", std::uint32_t{0});
  // The kind's defaults would make control tokens of whatever stands at BERT's places.
  for (const char* name : {"padding", "bos", "eos", "seperator", "mask"})
    layout.set(std::string("tokenizer.ggml.") + name + "_token_id", std::uint32_t{1});
  layout.set("tokenizer.ggml.add_bos_token", false);
  layout.set("tokenizer.ggml.add_eos_token", false);
}

}  // namespace

Status export_static(const StaticModel& model, const std::filesystem::path& file) {
  gguf::Layout layout;
  const std::string architecture = "static-embedding";
  layout.set("general.architecture", architecture);
  layout.set("general.name", "Parlance Embed");
  layout.set("general.description", "Parlance's built-in embedding model");
  layout.set("general.license", "apache-2.0");
  layout.set("general.file_type", std::uint32_t{7});  // mostly Q8_0
  layout.set("general.quantization_version", std::uint32_t{2});
  layout.set(architecture + ".context_length", kContext);
  layout.set(architecture + ".embedding_length", static_cast<std::uint32_t>(model.width));
  layout.set(architecture + ".block_count", std::uint32_t{0});
  layout.set(architecture + ".pooling_type", std::uint32_t{1});  // the mean
  set_tokenizer(model.tokens, layout);
  if (!model.weights.empty()) {
    layout.add_tensor(
        "token_embd.weight", compute::DType::Q8_0,
        std::array{std::int64_t{model.width}, static_cast<std::int64_t>(model.tokens.size())});
  }
  auto writer = gguf::Writer::create(file.string(), layout);
  if (!writer) return fail(writer.error());
  if (!model.weights.empty()) {
    if (auto status = writer->write(q8_0_of(stored_numbers(model))); !status) return status;
  }
  return writer->finish();
}

Result<std::vector<std::string>> read_tokens(const std::filesystem::path& path) {
  const auto file = gguf::File::open(path.string());
  if (!file) return fail(file.error());
  const auto texts = file->require<std::span<const std::string_view>>("tokenizer.ggml.tokens");
  if (!texts) return fail(texts.error());
  return std::vector<std::string>(texts->begin(), texts->end());
}

}  // namespace train::embedding
