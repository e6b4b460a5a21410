#include "train/publish/gguf_export.h"

#include <array>
#include <vector>

#include "compute/gguf/writer.h"
#include "train/publish/quantise.h"
#include "train/text/pretokenize.h"

namespace train {

namespace {

constexpr std::int32_t kNormal = 1;  // token types of the format
constexpr std::int32_t kControl = 3;

void set_architecture(const Shape& shape, const ExportOptions& options, gguf::Layout& layout) {
  const auto u32 = [](int value) { return static_cast<std::uint32_t>(value); };
  layout.set("general.architecture", "llama");
  layout.set("general.name", options.name);
  layout.set("general.description", options.description);
  layout.set("general.license", "apache-2.0");
  layout.set("general.file_type", std::uint32_t{7});  // mostly Q8_0
  layout.set("general.quantization_version", std::uint32_t{2});
  layout.set("llama.vocab_size", u32(shape.vocab_size));
  layout.set("llama.context_length", u32(shape.context));
  layout.set("llama.embedding_length", u32(shape.d_model));
  layout.set("llama.block_count", u32(shape.n_layers));
  layout.set("llama.feed_forward_length", u32(shape.d_ff));
  layout.set("llama.attention.head_count", u32(shape.n_heads));
  layout.set("llama.attention.head_count_kv", u32(shape.n_kv_heads));
  layout.set("llama.attention.layer_norm_rms_epsilon", shape.norm_epsilon);
  layout.set("llama.rope.dimension_count", u32(shape.d_head));
  layout.set("llama.rope.freq_base", shape.rope_theta);
}

void set_tokenizer(const Vocabulary& vocabulary, int n_tokens, gguf::Layout& layout) {
  std::vector<std::string> tokens;
  std::vector<std::int32_t> types;
  for (int token = 0; token < vocabulary.size(); ++token) {
    const bool special = token < kFirstByte;
    tokens.push_back(special ? std::string(vocabulary.bytes(token))
                             : printable_bytes(vocabulary.bytes(token)));
    types.push_back(special ? kControl : kNormal);
  }
  // A small text may teach fewer tokens than the model has rows.
  for (int token = vocabulary.size(); token < n_tokens; ++token) {
    tokens.push_back("<|unused_" + std::to_string(token) + "|>");
    types.push_back(kControl);
  }
  std::vector<std::string> merges;
  for (const Merge& merge : vocabulary.merges())
    merges.push_back(printable_bytes(vocabulary.bytes(merge.left)) + " " +
                     printable_bytes(vocabulary.bytes(merge.right)));
  layout.set("tokenizer.ggml.model", "gpt2");
  layout.set("tokenizer.ggml.pre", "gpt-2");
  layout.set("tokenizer.ggml.tokens", std::span<const std::string>(tokens));
  layout.set("tokenizer.ggml.token_type", std::span<const std::int32_t>(types));
  layout.set("tokenizer.ggml.merges", std::span<const std::string>(merges));
  layout.set("tokenizer.ggml.bos_token_id", static_cast<std::uint32_t>(kEndOfText));
  layout.set("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(kMessageEnd));
  layout.set("tokenizer.ggml.eot_token_id", static_cast<std::uint32_t>(kMessageEnd));
  layout.set("tokenizer.ggml.padding_token_id", static_cast<std::uint32_t>(kEndOfText));
  layout.set("tokenizer.ggml.add_bos_token", false);
  layout.set("tokenizer.chat_template", chat_template());
}

}  // namespace

std::string chat_template() {
  return R"({%- if tools -%}
{{- '<|im_start|>system\nYou can call these tools: ' -}}{{- tools | tojson -}}{{- '<|im_end|>\n' -}}
{%- endif -%}
{%- for message in messages -%}
{{- '<|im_start|>' + ('system' if message.role == 'developer' else message.role) + '\n' -}}
{%- if message.content is string -%}
{{- message.content -}}
{%- elif message.content -%}
{%- for part in message.content -%}{{- part.text -}}{%- endfor -%}
{%- endif -%}
{%- if message.tool_calls -%}
{%- for call in message.tool_calls -%}
{{- '<tool_call>\n' -}}{{- call.function | tojson -}}{{- '\n</tool_call>' -}}
{%- endfor -%}
{%- endif -%}
{{- '<|im_end|>\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|im_start|>assistant\n' -}}
{%- endif -%}
)";
}

Status export_gguf(const Checkpoint& checkpoint, const Vocabulary& vocabulary,
                   const ExportOptions& options, const std::filesystem::path& file) {
  const Shape& shape = checkpoint.shape;
  if (vocabulary.size() > shape.vocab_size)
    return fail(ErrorCode::InvalidRequest, "the vocabulary is larger than the model's");
  gguf::Layout layout;
  set_architecture(shape, options, layout);
  set_tokenizer(vocabulary, shape.vocab_size, layout);
  const Layout weights(shape);
  for (const Weight& weight : weights.weights) {
    if (weight.rows == 1)
      layout.add_tensor(weight.name, compute::DType::F32, std::array{std::int64_t{weight.cols}});
    else
      layout.add_tensor(weight.name, compute::DType::Q8_0,
                        std::array{std::int64_t{weight.cols}, std::int64_t{weight.rows}});
  }
  auto writer = gguf::Writer::create(file.string(), layout);
  if (!writer) return fail(writer.error());
  for (const Weight& weight : weights.weights) {
    const auto values = std::span(checkpoint.average)
                            .subspan(std::size_t(weight.offset), std::size_t(weight.size()));
    const auto status =
        weight.rows == 1 ? writer->write(std::as_bytes(values)) : writer->write(q8_0_of(values));
    if (!status) return status;
  }
  return writer->finish();
}

}  // namespace train
