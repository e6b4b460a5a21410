#include "engine/speculation/draft_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/model/registry.h"
#include "engine/model/transformer.h"
#include "engine/sampling/logprobs.h"

namespace engine {
namespace {

// Of a text that it has not read, beside one step of the big model.
constexpr int kReadRows = 256;
constexpr double kWeight = 0.2;

struct Described {
  std::unique_ptr<gguf::File> file;
  KvLayout layout;
  std::vector<std::size_t> page_counts;
  int context_tokens = 0;
};

Result<Described> describe(const DraftOptions& options) {
  auto file = gguf::File::open(options.path);
  if (!file) return fail(file.error());
  const auto spec = describe_model(*file, options.context_tokens);
  if (!spec) return fail(spec.error());
  const auto layers = kv_layers_of(*spec);
  const bool windows =
      std::ranges::any_of(layers, [](const auto& layer) { return layer.window > 0; });
  if (!spec->info.generates || state_floats_of(*spec) > 0 || windows) {
    return fail(ErrorCode::InvalidRequest,
                "a draft model needs full attention in all layers, and to generate text");
  }
  if (spec->info.n_vocab != options.n_vocab) {
    return fail(ErrorCode::InvalidRequest,
                fmt::format("a draft model shares the vocabulary of the model it guesses for: it "
                            "has {} tokens, not {}",
                            spec->info.n_vocab, options.n_vocab));
  }
  Described out;
  out.file = std::make_unique<gguf::File>(std::move(*file));
  out.layout = KvLayout(KvType::F16, layers);
  out.context_tokens = std::min(options.context_tokens, spec->info.context_trained);
  const auto tokens = static_cast<std::size_t>(out.context_tokens);
  for (std::size_t group = 0; group < out.layout.group_count(); ++group) {
    // For streams that are far shorter than the longest, as most are.
    out.page_counts.push_back(2 * (tokens / kPageTokens + 1) +
                              4 * static_cast<std::size_t>(options.streams_max));
  }
  return out;
}

}  // namespace

Result<std::size_t> DraftModel::bytes(const DraftOptions& options) {
  const auto described = describe(options);
  if (!described) return fail(described.error());
  std::size_t bytes = 0;
  for (const auto& tensor : described->file->tensors()) bytes += tensor.bytes.size();
  for (std::size_t group = 0; group < described->page_counts.size(); ++group) {
    bytes += described->page_counts[group] * described->layout.page_bytes(group);
  }
  return bytes;
}

Result<std::unique_ptr<DraftModel>> DraftModel::load(const DraftOptions& options,
                                                     compute::Pool& pool) {
  auto described = describe(options);
  if (!described) return fail(described.error());
  auto model = load_model(*described->file, described->context_tokens, pool);
  if (!model) return fail(model.error());
  auto cache = KvCache::create({.layout = described->layout,
                                .page_counts = described->page_counts,
                                .share_prefixes = false});
  if (!cache) return fail(cache.error());
  return std::unique_ptr<DraftModel>(
      new DraftModel(std::move(described->file), std::move(*model), std::move(*cache),
                     static_cast<std::size_t>(options.streams_max),
                     static_cast<std::size_t>(described->context_tokens)));
}

DraftModel::DraftModel(std::unique_ptr<gguf::File> file, std::unique_ptr<Model> model,
                       KvCache cache, std::size_t streams_max, std::size_t context_tokens)
    : file_(std::move(file)),
      model_(std::move(model)),
      cache_(std::move(cache)),
      streams_max_(streams_max),
      context_tokens_(context_tokens) {}

DraftModel::Reader& DraftModel::reader_of(const void* key) {
  auto [found, added] = readers_.try_emplace(key);
  if (added) found->second.kv = cache_.begin({}, {}, /*reuse=*/false);
  return found->second;
}

void DraftModel::forget(const void* key) {
  const auto found = readers_.find(key);
  if (found == readers_.end()) return;
  cache_.end(found->second.kv, {});
  readers_.erase(found);
}

// One forward pass: each stream's `tokens` go behind what its reader has, and the best token after
// them is added to its `out`, if it has one. False, with nothing read, when there are no pages.
bool DraftModel::compute(std::span<const Reading> streams) {
  batch_.clear();
  for (const auto& [reader, tokens, out] : streams) {
    if (!cache_.reserve(reader->kv, static_cast<int>(tokens.size()))) return false;
    batch_.add(tokens, {.position = reader->kv.length, .kv = &reader->kv});
    if (out != nullptr) batch_.output_rows.push_back(static_cast<int>(batch_.rows()) - 1);
  }
  const auto logits = model_->logits(batch_, cache_, states_);
  std::size_t row = 0;
  for (const auto& [reader, tokens, out] : streams) {
    reader->tokens.insert(reader->tokens.end(), tokens.begin(), tokens.end());
    cache_.advance(reader->kv, reader->tokens, static_cast<int>(reader->tokens.size()));
    if (out == nullptr) continue;
    const auto best = top_logits(logits.row(row++), 1);
    out->push_back(best.empty() ? 0 : best[0].token);
  }
  return true;
}

// Forgets guesses that did not come, and reads what is new up to the last token but one. False
// while there is more to read.
bool DraftModel::read(const Stream& stream, Reader& reader) {
  const auto wanted = stream.tokens.first(stream.tokens.size() - 1);
  const auto equal = std::ranges::mismatch(reader.tokens, wanted).in1 - reader.tokens.begin();
  reader.tokens.resize(static_cast<std::size_t>(equal));
  reader.kv.length = static_cast<int>(equal);
  auto rest = wanted.subspan(reader.tokens.size());
  // A few are read together with the last one.
  if (rest.size() <= kReadRows) return true;
  const Reading piece[] = {{&reader, rest.first(kReadRows), nullptr}};
  compute(piece);
  return false;
}

std::vector<std::vector<TokenId>> DraftModel::guess(std::span<const Stream> streams, int count) {
  std::vector<std::vector<TokenId>> guesses(streams.size());
  std::vector<Reading> readings;
  for (std::size_t i = 0; i < streams.size() && i < streams_max_; ++i) {
    const auto end = streams[i].tokens.size() + static_cast<std::size_t>(count);
    if (end > context_tokens_) continue;
    auto& reader = reader_of(streams[i].key);
    if (!read(streams[i], reader)) continue;
    readings.push_back({&reader, streams[i].tokens.subspan(reader.tokens.size()), &guesses[i]});
  }
  for (int step = 0; step < count && !readings.empty(); ++step) {
    const auto begin = std::chrono::steady_clock::now();
    if (!compute(readings)) break;
    const auto ns = static_cast<double>((std::chrono::steady_clock::now() - begin).count());
    if (step > 0) ns_per_guess_ += (ns_per_guess_ == 0 ? 1 : kWeight) * (ns - ns_per_guess_);
    for (auto& reading : readings) reading.tokens = std::span(*reading.out).last(1);
  }
  return guesses;
}

}  // namespace engine
