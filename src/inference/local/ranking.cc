#include "inference/local/ranking.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "inference/local/event_reader.h"

namespace inference::local {
namespace {

using engine::TokenId;
using Tokens = std::vector<TokenId>;

// What stands around a query and a text, and between them.
struct Frame {
  Tokens before, between, after;
};

void add(Tokens& tokens, TokenId token) {
  if (token != engine::kNoToken) tokens.push_back(token);
}

// As encoders learned it: [CLS] query [SEP] text [SEP], or <s> query </s></s> text </s>.
Frame frame_of_encoder(const engine::Tokenizer& tokenizer) {
  const auto& special = tokenizer.special();
  const TokenId end = special.eos != engine::kNoToken ? special.eos : special.separator;
  Frame frame;
  add(frame.before, special.bos);
  add(frame.between, end);
  if (tokenizer.kind() == engine::tokenizer::Kind::Unigram) add(frame.between, special.separator);
  add(frame.after, end);
  return frame;
}

// The Qwen3 rerankers' prompt, from their model card: yes or no is the next token.
Frame frame_of_decoder(const engine::Tokenizer& tokenizer) {
  const auto encode = [&](std::string_view text) {
    return tokenizer.encode(text, {.add_special = false, .parse_special = true});
  };
  return {.before =
              encode("<|im_start|>system\nJudge whether the Document meets the requirements based "
                     "on the Query and the Instruct provided. Note that the answer can only be "
                     "\"yes\" or \"no\".<|im_end|>\n<|im_start|>user\n<Instruct>: Given a web "
                     "search query, retrieve relevant passages that answer the query\n<Query>: "),
          .between = encode("\n<Document>: "),
          .after = encode("<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n")};
}

double to_score(const std::vector<float>& scores, const std::vector<std::string>& labels) {
  if (scores.empty()) return 0;
  if (scores.size() == 1) return 1 / (1 + std::exp(-static_cast<double>(scores[0])));
  const auto yes = std::ranges::find(labels, "yes") - labels.begin();
  return scores[static_cast<std::size_t>(yes) < scores.size() ? static_cast<std::size_t>(yes) : 0];
}

base::awaitable<Result<std::vector<float>>> receive_scores(EventReader& reader) {
  std::vector<float> scores;
  while (true) {
    engine::Event event = co_await reader.next();
    if (auto* made = std::get_if<engine::Embedded>(&event); made && !made->vectors.empty())
      scores = std::move(made->vectors.front());
    if (const auto* failed = std::get_if<engine::Failed>(&event)) co_return fail(failed->error);
    if (std::holds_alternative<engine::Finished>(event)) co_return std::move(scores);
  }
}

}  // namespace

Result<std::vector<Tokens>> encode_pairs(const LoadedModel& model, const RankRequest& request) {
  const auto& info = model.engine->model();
  if (info.pooling != engine::Pooling::Rank) {
    return fail(ErrorCode::Unsupported,
                fmt::format("The model '{}' does not rank texts.", request.model), "model");
  }
  const Frame frame =
      info.causal ? frame_of_decoder(*model.tokenizer) : frame_of_encoder(*model.tokenizer);
  const auto context = static_cast<std::size_t>(info.context_tokens);
  const std::size_t around = frame.before.size() + frame.between.size() + frame.after.size();
  auto query = model.tokenizer->encode(request.query);
  // At most half of what the model reads is the query.
  query.resize(std::min(query.size(), context / 2 > around ? context / 2 - around : 0));
  std::vector<Tokens> out;
  for (const auto& text : request.texts) {
    auto words = model.tokenizer->encode(text);
    const std::size_t used = around + query.size();
    words.resize(std::min(words.size(), context > used ? context - used : 0));
    auto& pair = out.emplace_back(frame.before);
    for (const auto& part : {query, frame.between, words, frame.after})
      pair.insert(pair.end(), part.begin(), part.end());
  }
  return out;
}

base::awaitable<Result<std::vector<double>>> rank_all(const LoadedModel& model,
                                                      const RankRequest& request,
                                                      std::vector<Tokens> pairs) {
  auto executor = co_await base::asio::this_coro::executor;
  std::vector<std::unique_ptr<EventReader>> readers;  // all at once, so that they share steps
  for (auto& pair : pairs) {
    auto& reader = readers.emplace_back(std::make_unique<EventReader>(executor));
    engine::EmbedRequest one{.tokens = std::move(pair),
                             .pooling = engine::Pooling::Rank,
                             .project = request.project.value};
    auto handle = model.engine->submit(std::move(one), reader->notify());
    if (!handle) co_return fail(handle.error());
    reader->attach(*model.engine, std::move(*handle));
  }
  std::vector<double> out;
  for (auto& reader : readers) {
    auto scores = co_await receive_scores(*reader);
    if (!scores) co_return fail(scores.error());
    out.push_back(to_score(*scores, model.engine->model().labels));
  }
  co_return out;
}

}  // namespace inference::local
