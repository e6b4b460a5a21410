// The texts an embedding model learns from: pairs that belong together, and articles from which
// pairs are cut while training. Read from the archives of a data folder.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "train/data/archive.h"
#include "train/embedding/held_out.h"

namespace train::embedding {

struct TextPair {
  std::string query;
  std::string passage;
  // Pairs of one group say the same and are never examples of difference; empty: those with an
  // equal query or passage.
  std::string group = {};
};

struct Paragraph {
  std::string heading;
  std::vector<std::string> sentences;
};

struct Article {
  std::string title;
  std::vector<Paragraph> paragraphs;
};

enum class SourceKind { Pairs, Articles };

struct SourceEntry {
  const char* name;
  SourceKind kind;
  double share;  // of all batches
};
// What is learned from, in a fixed order.
std::span<const SourceEntry> source_table();

struct Source {
  std::string name;
  std::vector<TextPair> pairs = {};
  std::vector<Article> articles = {};
};
using Sources = std::vector<Source>;

// All of them, without what `held_out` forbids.
Result<Sources> read_sources(const Archives& archives, const HeldOut& held_out);

// Documents that begin with "<|doc|>TITLE", as articles of paragraphs of some 500 letters.
std::vector<Article> split_articles(std::string_view text);
std::vector<std::string> split_sentences(std::string_view text);

}  // namespace train::embedding
