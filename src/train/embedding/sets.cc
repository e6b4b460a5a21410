#include "train/embedding/sets.h"

#include <algorithm>
#include <cstdio>

namespace train::embedding {

namespace {

using Part = std::span<const std::uint16_t>;

// Passages of one article in a batch: neighbours are the hardest to tell apart.
constexpr std::size_t kPassagesPerArticle = 4;
// A document has to fit its token set.
constexpr std::size_t kDocumentMax = 2'000;

std::uint64_t hash_of(Part tokens) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a, the same everywhere
  for (const auto token : tokens) hash = (hash ^ token) * 1099511628211u;
  return hash;
}

std::vector<Part> parts_of(Part document) {
  std::vector<Part> parts;
  while (true) {
    const auto end = std::ranges::find(document, kPartEnd);
    const auto size = static_cast<std::size_t>(end - document.begin());
    parts.push_back(document.first(size));
    if (end == document.end()) return parts;
    document = document.subspan(size + 1);
  }
}

void append(Tokens& to, Part from) {
  to.insert(to.end(), from.begin(), from.end());
}

// Each token with this chance.
Tokens some_of(Part tokens, double chance, base::Random& random) {
  Tokens some;
  for (const auto token : tokens)
    if (random.unit() < chance) some.push_back(token);
  return some;
}

void shorten(Tokens& tokens, std::size_t most, double dropout, base::Random& random) {
  if (tokens.size() > most) tokens.resize(most);
  if (dropout <= 0) return;
  Tokens kept = some_of(tokens, 1 - dropout, random);
  if (!kept.empty()) tokens = std::move(kept);
}

TrainingPair given_pair(Part document) {
  const auto parts = parts_of(document);
  const bool grouped = !parts[2].empty();
  return {.query = Tokens(parts[0].begin(), parts[0].end()),
          .passage = Tokens(parts[1].begin(), parts[1].end()),
          .query_key = hash_of(parts[grouped ? 2 : 0]),
          .passage_key = hash_of(parts[grouped ? 2 : 1])};
}

// A sentence, some of its words or the title and heading as the query; the rest of the paragraph as
// what it should find.
TrainingPair cut_pair(Part document, base::Random& random) {
  const auto parts = parts_of(document);
  const Part title = parts[0], heading = parts[1];
  const std::uint64_t key = hash_of(document);
  TrainingPair pair{.query = {}, .passage = {}, .query_key = key, .passage_key = key};
  const std::size_t chosen = 2 + random.below(parts.size() - 2);
  const double form = random.unit();
  if (form < 0.15) {
    append(pair.query, title);
    append(pair.query, heading);
    pair.query_key = hash_of(title);
  } else {
    if (form < 0.4) append(pair.query, title);
    if (random.unit() < 0.6) {
      append(pair.query, some_of(parts[chosen], 0.4, random));
    } else {
      append(pair.query, parts[chosen]);
    }
  }
  if (random.unit() < 0.3) append(pair.passage, title);
  if (random.unit() < 0.3) append(pair.passage, heading);
  const bool keep_sentence = random.unit() < 0.25;
  for (std::size_t i = 2; i < parts.size(); ++i)
    if (i != chosen || keep_sentence) append(pair.passage, parts[i]);
  if (pair.query.empty()) append(pair.query, parts[chosen]);
  return pair;
}

std::string set_name(const std::string& source) {
  return "embed_" + source;
}

}  // namespace

Tokens to_tokens(const std::string& text, const engine::Tokenizer& tokenizer) {
  const auto encoded = tokenizer.encode(text);
  return Tokens(encoded.begin(), encoded.end());
}

Status save_sets(const Sources& sources, const engine::Tokenizer& tokenizer,
                 const std::filesystem::path& folder) {
  const auto joined = [&](std::initializer_list<const std::string*> texts) {
    Tokens document;
    bool first = true;
    for (const auto* text : texts) {
      if (!first) document.push_back(kPartEnd);
      first = false;
      auto tokens = to_tokens(*text, tokenizer);
      if (tokens.size() > kDocumentMax / 4) tokens.resize(kDocumentMax / 4);
      append(document, tokens);
    }
    return document;
  };
  for (const auto& source : sources) {
    TokenSet set;
    for (const auto& pair : source.pairs) {
      const auto document = joined({&pair.query, &pair.passage, &pair.group});
      if (document.front() != kPartEnd) set.add(document);
    }
    for (const auto& article : source.articles) {
      for (const auto& paragraph : article.paragraphs) {
        auto document = joined({&article.title, &paragraph.heading});
        std::size_t sentences = 0;
        for (const auto& sentence : paragraph.sentences) {
          const auto tokens = to_tokens(sentence, tokenizer);
          if (tokens.size() < 4 || document.size() + tokens.size() > kDocumentMax) continue;
          document.push_back(kPartEnd);
          append(document, tokens);
          ++sentences;
        }
        if (sentences >= 2) set.add(document);
      }
    }
    std::printf("%s: %zu documents, %.2f million tokens\n", source.name.c_str(), set.lengths.size(),
                double(set.words.size()) / 1e6);
    if (auto status = set.save(folder, set_name(source.name)); !status) return status;
  }
  return {};
}

Result<TrainingSets> TrainingSets::load(const std::filesystem::path& folder, std::size_t n_tokens) {
  TrainingSets sets;
  sets.counts_.resize(n_tokens);
  for (const auto& source : source_table()) {
    auto documents = TokenSet::load(folder, set_name(source.name));
    if (!documents) return fail(documents.error());
    for (const auto token : documents->words) {
      if (token >= n_tokens)
        return fail(ErrorCode::CorruptData, "a token set of another vocabulary");
      ++sets.counts_[token];
    }
    sets.sets_.push_back({source.kind, source.share, std::move(*documents)});
  }
  sets.counts_[kPartEnd] = 0;
  return sets;
}

std::vector<TrainingPair> TrainingSets::draw(const DrawOptions& options,
                                             base::Random& random) const {
  double shares = 0;
  for (const auto& set : sets_) shares += set.share;
  double at = random.unit() * shares;
  const Set* set = &sets_.back();
  for (const auto& each : sets_) {
    at -= each.share;
    if (at >= 0) continue;
    set = &each;
    break;
  }
  std::vector<TrainingPair> batch;
  const auto wanted = static_cast<std::size_t>(options.pairs);
  const auto& documents = set->documents;
  while (batch.size() < wanted) {
    const std::size_t first = random.below(documents.lengths.size());
    const bool articles = set->kind == SourceKind::Articles;
    const std::size_t end =
        std::min(first + (articles ? kPassagesPerArticle : 1), documents.lengths.size());
    for (std::size_t i = first; i < end && batch.size() < wanted; ++i) {
      auto pair =
          articles ? cut_pair(documents.document(i), random) : given_pair(documents.document(i));
      shorten(pair.query, options.query_tokens_max, options.dropout, random);
      shorten(pair.passage, options.passage_tokens_max, options.dropout, random);
      batch.push_back(std::move(pair));
    }
  }
  return batch;
}

}  // namespace train::embedding
