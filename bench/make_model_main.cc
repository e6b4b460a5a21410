// make_model OUT.gguf: a llama, or a BERT, of a given shape and format with random weights, by
// seed, for measuring. It says nonsense at exactly the speed of a real model of that shape.
//
//   make_model out.gguf --format Q4_0 --tokenizer vocabulary.gguf
//   make_model bert.gguf --bert --embd 384 --layers 6 --heads 12 --ff 1536 --context 512
//       --format Q8_0 --tokenizer bert-vocabulary.gguf   (all on one line)
//   make_model adapter.gguf --format F16 --lora 16      (an adapter of rank 16 for that shape)
//   make_model copying.gguf --copying     (of the same shape, but it repeats what it read)
//
// The defaults are the 1.1B shape of docs: 16 layers of 2048, 32 heads over 8, feed-forward 8192.
#include <CLI/CLI.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "compute/gguf/file.h"
#include "compute/gguf/writer.h"
#include "compute/quant/half.h"
#include "compute/quant/quantize.h"
#include "copying_model.h"
#include "engine/sampling/counter_random.h"

namespace {

using compute::DType;

struct Shape {
  int width = 2048;
  int layers = 16;
  int heads = 32;
  int kv_heads = 8;
  int feed_forward = 8192;
  int vocabulary = 32'000;
  int context = 32'768;
  float rope_base = 500'000;
  bool tied = false;
  bool bert = false;     // an encoder instead of a llama
  bool copying = false;  // see copying_model.h
};

enum class Fill { Random, Ones, Zeros };

struct TensorShape {
  std::string name;
  int n_in = 0;
  int n_out = 0;  // 0: a vector
  Fill fill = Fill::Random;
};

// A norm, or a bias.
TensorShape vector_tensor(std::string name, int n, Fill fill = Fill::Ones) {
  return {.name = std::move(name), .n_in = n, .n_out = 0, .fill = fill};
}

std::vector<TensorShape> bert_tensors(const Shape& shape) {
  std::vector<TensorShape> tensors = {{"token_embd.weight", shape.width, shape.vocabulary},
                                      {"position_embd.weight", shape.width, shape.context}};
  const auto norm = [&](const std::string& name) {
    tensors.push_back(vector_tensor(name + ".weight", shape.width));
    tensors.push_back(vector_tensor(name + ".bias", shape.width, Fill::Zeros));
  };
  const auto linear = [&](const std::string& name, int n_in, int n_out) {
    tensors.push_back({name + ".weight", n_in, n_out});
    tensors.push_back(vector_tensor(name + ".bias", n_out, Fill::Zeros));
  };
  norm("token_embd_norm");
  for (int i = 0; i < shape.layers; ++i) {
    const auto layer = "blk." + std::to_string(i) + ".";
    for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output"})
      linear(layer + name, shape.width, shape.width);
    norm(layer + "attn_output_norm");
    linear(layer + "ffn_up", shape.width, shape.feed_forward);
    linear(layer + "ffn_down", shape.feed_forward, shape.width);
    norm(layer + "layer_output_norm");
  }
  return tensors;
}

std::vector<TensorShape> tensors_of(const Shape& shape) {
  if (shape.bert) return bert_tensors(shape);
  std::vector<TensorShape> tensors = {{"token_embd.weight", shape.width, shape.vocabulary},
                                      vector_tensor("output_norm.weight", shape.width)};
  if (!shape.tied) tensors.push_back({"output.weight", shape.width, shape.vocabulary});
  const int d_kv = shape.width / shape.heads * shape.kv_heads;
  for (int i = 0; i < shape.layers; ++i) {
    const auto layer = "blk." + std::to_string(i) + ".";
    tensors.push_back(vector_tensor(layer + "attn_norm.weight", shape.width));
    tensors.push_back({layer + "attn_q.weight", shape.width, shape.width});
    tensors.push_back({layer + "attn_k.weight", shape.width, d_kv});
    tensors.push_back({layer + "attn_v.weight", shape.width, d_kv});
    tensors.push_back({layer + "attn_output.weight", shape.width, shape.width});
    tensors.push_back(vector_tensor(layer + "ffn_norm.weight", shape.width));
    tensors.push_back({layer + "ffn_gate.weight", shape.width, shape.feed_forward});
    tensors.push_back({layer + "ffn_up.weight", shape.width, shape.feed_forward});
    tensors.push_back({layer + "ffn_down.weight", shape.feed_forward, shape.width});
  }
  return tensors;
}

// Random bits of one tensor: the same for the same seed and tensor number.
class Bits {
 public:
  Bits(std::uint64_t seed, std::uint64_t tensor) : state_(engine::mix_bits(seed ^ tensor << 32)) {}
  std::uint64_t next() { return engine::mix_bits(state_++); }
  void fill(std::byte* out, std::size_t size) {
    for (; size >= 8; size -= 8, out += 8) {
      const auto bits = next();
      std::memcpy(out, &bits, 8);
    }
    const auto bits = next();
    std::memcpy(out, &bits, size);
  }
  // Uniform with standard deviation 1.
  float unit() { return (static_cast<float>(next() >> 40) * 0x1p-23f - 1) * std::sqrt(3.0f); }

 private:
  std::uint64_t state_;
};

void put_half(std::byte* out, float value) {
  const auto half = compute::f16_from_f32(value);
  std::memcpy(out, &half, 2);
}

// A block of random integers whose scale gives weights the wanted standard deviation.
void fill_block(DType format, float deviation, Bits& bits, std::byte* block) {
  bits.fill(block, compute::block_bytes(format));
  switch (format) {
    case DType::Q8_0: return put_half(block, deviation / 73.9f);  // uniform in [-128, 127]
    case DType::Q4_0: return put_half(block, deviation / 4.61f);  // uniform in [-8, 7]
    case DType::Q4_K: {
      // Scales and minimums all 32: d * 32 * q - dmin * 32, and dmin = 7.5 d centres q in [0, 15].
      const float d = deviation / (4.61f * 32);
      put_half(block, d);
      put_half(block + 2, 7.5f * d);
      const std::uint8_t packed[12] = {0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0, 0, 0, 0};
      std::memcpy(block + 4, packed, sizeof packed);
      return;
    }
    case DType::Q6_K: {
      std::memset(block + 192, 32, 16);  // the scales
      return put_half(block + 208, deviation / (18.5f * 32));
    }
    default: break;
  }
  const float value = deviation * bits.unit();
  const auto half =
      format == DType::F16 ? compute::f16_from_f32(value) : compute::bf16_from_f32(value);
  if (format == DType::F32) {
    std::memcpy(block, &value, 4);
  } else {
    std::memcpy(block, &half, 2);
  }
}

std::vector<std::byte> fill_tensor(const TensorShape& tensor, DType format, Bits bits) {
  if (tensor.n_out == 0) {
    const std::vector<float> same(static_cast<std::size_t>(tensor.n_in),
                                  tensor.fill == Fill::Ones ? 1.0f : 0.0f);
    const auto bytes = std::as_bytes(std::span(same));
    return {bytes.begin(), bytes.end()};
  }
  const auto elements = static_cast<std::size_t>(tensor.n_in) * tensor.n_out;
  const auto blocks = elements / compute::block_elements(format);
  const auto size = compute::block_bytes(format);
  std::vector<std::byte> bytes(blocks * size);
  const float deviation = 1 / std::sqrt(static_cast<float>(tensor.n_in));
  for (std::size_t b = 0; b < blocks; ++b) {
    fill_block(format, deviation, bits, bytes.data() + b * size);
  }
  return bytes;
}

std::vector<std::byte> fill_copying_tensor(const TensorShape& tensor, DType format,
                                           const CopyingShape& shape) {
  const auto row_bytes = compute::row_bytes(format, static_cast<std::size_t>(tensor.n_in)).value();
  std::vector<std::byte> bytes(row_bytes * static_cast<std::size_t>(tensor.n_out));
  if (!copying_tensor_counts(tensor.name)) return bytes;
  std::vector<float> values(static_cast<std::size_t>(tensor.n_in));
  for (int row = 0; row < tensor.n_out; ++row) {
    std::ranges::fill(values, 0.0f);
    fill_copying_row(tensor.name, row, shape, values);
    compute::quant::quantize_row(
        format, values,
        std::span(bytes).subspan(static_cast<std::size_t>(row) * row_bytes, row_bytes));
  }
  return bytes;
}

void describe(const Shape& shape, gguf::Layout& layout) {
  const std::string architecture = shape.bert ? "bert" : "llama";
  layout.set("general.architecture", architecture);
  layout.set("general.name", "random weights");
  const auto set = [&](const char* key, int value) {
    layout.set(architecture + "." + key, static_cast<std::uint32_t>(value));
  };
  set("context_length", shape.context);
  set("embedding_length", shape.width);
  set("block_count", shape.layers);
  set("feed_forward_length", shape.feed_forward);
  set("attention.head_count", shape.heads);
  set("vocab_size", shape.vocabulary);
  if (shape.bert) {
    layout.set("bert.attention.layer_norm_epsilon", 1e-12f);
    layout.set("bert.attention.causal", false);
    return set("pooling_type", 1);  // the mean
  }
  set("attention.head_count_kv", shape.kv_heads);
  layout.set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  layout.set("llama.rope.freq_base", shape.rope_base);
}

bool known(DType format) {
  switch (format) {
    case DType::F32:
    case DType::F16:
    case DType::BF16:
    case DType::Q8_0:
    case DType::Q4_0:
    case DType::Q4_K:
    case DType::Q6_K: return true;
    default: return false;
  }
}

// Two low matrices for every matrix of the layers.
std::vector<TensorShape> adapter_tensors_of(const Shape& shape, int rank) {
  std::vector<TensorShape> tensors;
  for (const auto& tensor : tensors_of(shape)) {
    if (tensor.n_out == 0 || !tensor.name.starts_with("blk.")) continue;
    tensors.push_back({tensor.name + ".lora_a", tensor.n_in, rank});
    tensors.push_back({tensor.name + ".lora_b", rank, tensor.n_out});
  }
  return tensors;
}

Status write_tensors(const std::string& path, const std::vector<TensorShape>& tensors, DType format,
                     std::uint64_t seed, const Shape& shape, gguf::Layout& layout) {
  for (const auto& tensor : tensors) {
    const std::int64_t extents[] = {tensor.n_in, tensor.n_out};
    const bool norm = tensor.n_out == 0;
    layout.add_tensor(tensor.name, norm ? DType::F32 : format, std::span(extents, norm ? 1 : 2));
  }
  auto writer = gguf::Writer::create(path, layout);
  if (!writer) return fail(writer.error());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const CopyingShape copying{.width = shape.width, .rope_base = shape.rope_base, .seed = seed};
    const auto bytes = shape.copying && tensors[i].n_out > 0
                           ? fill_copying_tensor(tensors[i], format, copying)
                           : fill_tensor(tensors[i], format, Bits(seed, i));
    if (auto status = writer->write(bytes); !status) return status;
  }
  return writer->finish();
}

int complain(const std::string& message) {
  std::fprintf(stderr, "make_model: %s\n", message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Writes a llama or a BERT with random weights.");
  std::string path, format_name = "Q4_0", tokenizer;
  Shape shape;
  std::uint64_t seed = 1;
  int rank = 0;
  app.add_option("out", path, "the file to write")->required();
  app.add_option("--format", format_name, "F32, F16, BF16, Q8_0, Q4_0, Q4_K or Q6_K");
  app.add_option("--tokenizer", tokenizer, "a GGUF file whose tokenizer to take");
  app.add_option("--seed", seed);
  app.add_option("--embd", shape.width);
  app.add_option("--layers", shape.layers);
  app.add_option("--heads", shape.heads);
  app.add_option("--kv-heads", shape.kv_heads);
  app.add_option("--ff", shape.feed_forward);
  app.add_option("--vocab", shape.vocabulary, "ignored with --tokenizer");
  app.add_option("--context", shape.context);
  app.add_option("--rope-base", shape.rope_base);
  app.add_option("--lora", rank, "writes an adapter of this rank instead")
      ->check(CLI::Range(1, 256));
  app.add_flag("--tied", shape.tied, "the head is the embedding");
  app.add_flag("--bert", shape.bert, "an encoder with mean pooling instead of a llama");
  app.add_flag("--copying", shape.copying, "a llama that repeats what it read");
  CLI11_PARSE(app, argc, argv);
  if (shape.copying) {
    shape.rope_base = kCopyingRopeBase;
    if (shape.bert || shape.tied || rank > 0 || shape.width < kCopyingWidthMin ||
        shape.layers < kCopyingLayersMin || shape.width != shape.heads * kCopyingHead) {
      return complain("a copying model is a llama with heads of 64, untied");
    }
  }

  const auto format = compute::dtype_from_name(format_name);
  if (!format || !known(*format)) return complain("unknown format " + format_name);
  const auto block = static_cast<int>(compute::block_elements(*format));
  if (rank > 0 && block > 1) return complain("adapters are F32, F16 or BF16");
  if (shape.width % block != 0 || shape.feed_forward % block != 0 || shape.heads < 1 ||
      shape.width % shape.heads != 0) {
    return complain("the shape does not fit the format");
  }
  gguf::Layout layout;
  if (!tokenizer.empty()) {
    const auto file = gguf::File::open(tokenizer);
    if (!file) return complain(file.error().message);
    for (const auto& [key, value] : file->metadata()) {
      if (key.starts_with("tokenizer.")) layout.set(key, value);
      if (key == "tokenizer.ggml.tokens") shape.vocabulary = static_cast<int>(value.count);
    }
  }
  describe(shape, layout);
  if (rank > 0) {
    layout.set("general.type", "adapter");
    layout.set("adapter.type", "lora");
    layout.set("adapter.lora.alpha", static_cast<float>(rank));
  }
  const auto tensors = rank > 0 ? adapter_tensors_of(shape, rank) : tensors_of(shape);
  if (auto status = write_tensors(path, tensors, *format, seed, shape, layout); !status) {
    return complain(status.error().message);
  }
  return 0;
}
