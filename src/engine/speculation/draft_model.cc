#include "engine/speculation/draft_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "engine/memory_plan.h"
#include "engine/model/registry.h"
#include "engine/model/transformer.h"
#include "engine/sampling/logprobs.h"

namespace engine {
namespace {

// Rows of texts that it has not read, beside one step of the big model: as many as take this share
// of the time that streams may wait, but enough to be worth reading the weights for.
constexpr double kShareOfGap = 0.25;
constexpr std::size_t kPieceRowsMin = 32, kPieceRowsMax = 256;
constexpr std::size_t kPieceRowsUnmeasured = 64;
// So few are read together with the last token: what one step brings, and no piece of a prompt.
constexpr std::size_t kTogetherMax = 16;
constexpr double kWeight = 0.2;

double ns_since(std::chrono::steady_clock::time_point begin) {
  return static_cast<double>((std::chrono::steady_clock::now() - begin).count());
}

struct Described {
  std::unique_ptr<gguf::File> file;
  KvLayout layout;
  std::vector<std::size_t> page_counts;
  MemoryPlan memory;
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
  auto& memory = out.memory;
  memory.context_tokens = std::min(options.context_tokens, spec->info.context_trained);
  for (const auto& tensor : out.file->tensors()) memory.weights += tensor.bytes.size();
  const auto rows =
      std::max(kPieceRowsMax, static_cast<std::size_t>(options.streams_max) * (kTogetherMax + 1));
  memory.work = work_bytes(*spec, options.streams_max, static_cast<int>(rows));
  const auto tokens = static_cast<std::size_t>(memory.context_tokens);
  for (std::size_t group = 0; group < out.layout.group_count(); ++group) {
    // For streams that are far shorter than the longest, as most are.
    out.page_counts.push_back(2 * (tokens / kPageTokens + 1) +
                              4 * static_cast<std::size_t>(options.streams_max));
    memory.cache += out.page_counts.back() * out.layout.page_bytes(group);
  }
  return out;
}

}  // namespace

Result<MemoryPlan> DraftModel::plan_memory(const DraftOptions& options) {
  const auto described = describe(options);
  if (!described) return fail(described.error());
  return described->memory;
}

Result<std::unique_ptr<DraftModel>> DraftModel::load(const DraftOptions& options,
                                                     compute::Pool& pool) {
  auto described = describe(options);
  if (!described) return fail(described.error());
  const int context_tokens = described->memory.context_tokens;
  auto model = load_model(*described->file, context_tokens, pool);
  if (!model) return fail(model.error());
  auto cache = KvCache::create({.layout = described->layout,
                                .page_counts = described->page_counts,
                                .share_prefixes = false});
  if (!cache) return fail(cache.error());
  return std::unique_ptr<DraftModel>(new DraftModel(std::move(described->file), std::move(*model),
                                                    std::move(*cache), options, context_tokens));
}

DraftModel::DraftModel(std::unique_ptr<gguf::File> file, std::unique_ptr<Model> model,
                       KvCache cache, const DraftOptions& options, int context_tokens)
    : file_(std::move(file)),
      model_(std::move(model)),
      cache_(std::move(cache)),
      streams_max_(static_cast<std::size_t>(options.streams_max)),
      context_tokens_(static_cast<std::size_t>(context_tokens)),
      gap_goal_(options.gap_goal) {}

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

// Pages for `tokens` tokens of the text, if need be those of texts that nobody asks about now.
bool DraftModel::reserve(Reader& reader, std::size_t tokens, std::span<const Stream> streams) {
  while (!cache_.reserve(reader.kv, static_cast<int>(tokens) - reader.kv.length)) {
    const auto idle = std::ranges::find_if(readers_, [&](const auto& entry) {
      return std::ranges::find(streams, entry.first, &Stream::key) == streams.end();
    });
    if (idle == readers_.end()) return false;
    forget(idle->first);
  }
  return true;
}

// One forward pass: each stream's `tokens` go behind what its reader has, and the best token after
// them is added to its `out`, if it has one. There are pages for them.
void DraftModel::compute(std::span<const Reading> streams) {
  batch_.clear();
  for (const auto& [reader, tokens, out] : streams) {
    CHECK(cache_.reserve(reader->kv, static_cast<int>(tokens.size())));
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
}

std::size_t DraftModel::piece_rows() const {
  if (ns_per_row_ == 0) return kPieceRowsUnmeasured;
  const double rows = kShareOfGap * static_cast<double>(gap_goal_.count()) / ns_per_row_;
  return static_cast<std::size_t>(
      std::clamp(rows, static_cast<double>(kPieceRowsMin), static_cast<double>(kPieceRowsMax)));
}

void DraftModel::read(std::span<const Reading> pieces) {
  if (pieces.empty()) return;
  const auto begin = std::chrono::steady_clock::now();
  compute(pieces);
  const double ns = ns_since(begin) / static_cast<double>(batch_.rows());
  ns_per_row_ += (ns_per_row_ == 0 ? 1 : kWeight) * (ns - ns_per_row_);
}

std::vector<std::vector<TokenId>> DraftModel::guess(std::span<const Stream> streams, int count) {
  std::vector<std::vector<TokenId>> guesses(streams.size());
  std::vector<Reading> readings, pieces;
  std::size_t rows_left = piece_rows();
  for (std::size_t i = 0; i < std::min(streams.size(), streams_max_); ++i) {
    const auto& [key, tokens] = streams[i];
    auto& reader = reader_of(key);
    // Guesses that did not come are forgotten.
    const auto known = std::ranges::mismatch(reader.tokens, tokens.first(tokens.size() - 1)).in2;
    reader.tokens.resize(static_cast<std::size_t>(known - tokens.begin()));
    reader.kv.length = static_cast<int>(reader.tokens.size());
    const auto end = tokens.size() + static_cast<std::size_t>(count);
    if (end > context_tokens_ || !reserve(reader, end, streams)) {
      forget(key);
      continue;
    }
    const auto rest = tokens.subspan(reader.tokens.size());
    if (rest.size() <= kTogetherMax + 1) {
      readings.push_back({&reader, rest, &guesses[i]});
      continue;
    }
    const auto piece = rest.first(std::min(rest.size() - 1, rows_left));
    rows_left -= piece.size();
    if (!piece.empty()) pieces.push_back({&reader, piece, nullptr});
  }
  read(pieces);
  for (int step = 0; step < count && !readings.empty(); ++step) {
    const auto begin = std::chrono::steady_clock::now();
    compute(readings);
    if (batch_.rows() == readings.size()) {  // no text was read on the way
      ns_per_guess_ += (ns_per_guess_ == 0 ? 1 : kWeight) * (ns_since(begin) - ns_per_guess_);
    }
    for (auto& reading : readings) reading.tokens = std::span(*reading.out).last(1);
  }
  return guesses;
}

}  // namespace engine
