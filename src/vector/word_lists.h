// Which chunks have a word, and how much they say about some words (BM25). In memory; knows numbers
// of chunks, no rows.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "vector/places.h"
#include "vector/snapshot.h"
#include "vector/terms.h"

namespace vector {

// Owned by Index, under its lock: reading from many threads, adding from one.
class WordLists {
 public:
  // The next chunk. A word of its heading counts twice.
  void add(std::span<const Term> heading, std::span<const Term> body);

  // The allowed chunks with any of the words, by BM25 (k1 1.2, b 0.75), best first.
  // Where all words together stand in very many chunks, the commonest of them are left out
  // (limits::search_postings_max). Time: proportional to the chunks that have the words.
  std::vector<Match> find(std::span<const Term> words, std::size_t limit, Ranges allowed) const;

  std::size_t size() const { return lengths_.size(); }  // chunks
  std::size_t bytes() const;                            // of memory, about

  void save(SnapshotWriter& out) const;
  Status load(SnapshotReader& in);

 private:
  // The chunks of a word in rising order, each as one number: its distance from the one before
  // and, in the low four bits, how often it has the word.
  struct List {
    std::vector<std::uint8_t> bytes;  // variable-length numbers, seven bits in each byte
    std::uint32_t chunks = 0;
    Place end = 0;  // behind the last
  };
  void append(Term word, unsigned count);
  void add_scores(const List& list, std::vector<float>& scores) const;

  std::unordered_map<Term, List> lists_;
  std::vector<std::uint16_t> lengths_;  // in words, the heading's too
  std::uint64_t words_ = 0;             // of all chunks
  std::size_t list_bytes_ = 0;
};

}  // namespace vector
