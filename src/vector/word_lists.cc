#include "vector/word_lists.h"

#include <algorithm>
#include <cmath>

#include "base/limits/vector.h"

namespace vector {
namespace {

constexpr float kSaturation = 1.2f, kLengthShare = 0.75f;  // k1 and b, as SQLite has them
constexpr unsigned kCountBits = 4;
constexpr unsigned kCountMax = 1u << kCountBits;
constexpr std::size_t kListBytes = 80;  // of a word in the table, beside its list's bytes

void append_number(std::vector<std::uint8_t>& bytes, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) bytes.push_back(static_cast<std::uint8_t>(number | 0x80));
  bytes.push_back(static_cast<std::uint8_t>(number));
}

std::uint64_t read_number(const std::uint8_t*& at, const std::uint8_t* end) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; at < end && shift < 64; shift += 7) {
    const std::uint8_t byte = *at++;
    number |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) break;
  }
  return number;
}

// Those of the scores that are above 0.
std::vector<Match> best_of(const std::vector<float>& scores, std::size_t limit, Ranges allowed) {
  Best best(limit);
  float least = 0;
  for (const auto& range : allowed) {
    for (Place place = range.begin; place < range.end; ++place) {
      if (scores[place] <= least) continue;
      best.add({place, scores[place]});
      least = std::max(0.0f, best.least());
    }
  }
  return std::move(best).in_order();
}

}  // namespace

void WordLists::append(Term word, unsigned count) {
  auto& list = lists_[word];
  const auto place = static_cast<Place>(lengths_.size());
  const std::size_t before = list.bytes.size();
  append_number(list.bytes, (std::uint64_t{place} - list.end) << kCountBits | (count - 1));
  list_bytes_ += list.bytes.size() - before;
  list.end = place + 1;
  ++list.chunks;
}

void WordLists::add(std::span<const Term> heading, std::span<const Term> body) {
  std::vector<Term> words(body.begin(), body.end());
  for (int twice = 0; twice < 2; ++twice) words.insert(words.end(), heading.begin(), heading.end());
  std::sort(words.begin(), words.end());
  for (std::size_t i = 0, end = 0; i < words.size(); i = end) {
    while (end < words.size() && words[end] == words[i]) ++end;
    append(words[i], static_cast<unsigned>(std::min<std::size_t>(end - i, kCountMax)));
  }
  const std::size_t length = heading.size() + body.size();
  lengths_.push_back(static_cast<std::uint16_t>(std::min<std::size_t>(length, UINT16_MAX)));
  words_ += lengths_.back();
}

void WordLists::add_scores(const List& list, std::vector<float>& scores) const {
  const auto n = static_cast<float>(lengths_.size()), having = static_cast<float>(list.chunks);
  // Of a word that half of the chunks have, SQLite's formula would become negative.
  const float rarity = std::max(1e-6f, std::log((n - having + 0.5f) / (having + 0.5f)));
  const float per_length =
      kSaturation * kLengthShare / (static_cast<float>(words_) / std::max(1.0f, n));
  const float fixed = kSaturation * (1 - kLengthShare);
  const std::uint8_t* at = list.bytes.data();
  const std::uint8_t* const end = at + list.bytes.size();
  Place place = 0;
  while (at < end) {
    const std::uint64_t number = read_number(at, end);
    place += static_cast<Place>(number >> kCountBits);
    const auto count = static_cast<float>((number & (kCountMax - 1)) + 1);
    scores[place] += rarity * count * (kSaturation + 1) /
                     (count + fixed + per_length * static_cast<float>(lengths_[place]));
    ++place;
  }
}

std::vector<Match> WordLists::find(std::span<const Term> words, std::size_t limit,
                                   Ranges allowed) const {
  std::vector<const List*> lists;
  for (const Term word : words) {
    const auto found = lists_.find(word);
    if (found == lists_.end()) continue;
    if (std::ranges::find(lists, &found->second) == lists.end()) lists.push_back(&found->second);
  }
  if (lists.empty() || limit == 0) return {};
  std::ranges::stable_sort(lists, {}, &List::chunks);  // the rarest first
  std::vector<float> scores(lengths_.size());
  std::size_t read = 0;
  for (const List* list : lists) {
    if (read > 0 && read + list->chunks > limits::search_postings_max) break;
    add_scores(*list, scores);
    read += list->chunks;
  }
  return best_of(scores, limit, allowed);
}

std::size_t WordLists::bytes() const {
  return list_bytes_ + lists_.size() * kListBytes + lengths_.size() * sizeof(std::uint16_t);
}

void WordLists::save(SnapshotWriter& out) const {
  out.numbers(lengths_);
  out.number(words_);
  out.number(lists_.size());
  for (const auto& [word, list] : lists_) {
    out.number(word);
    out.number(list.chunks);
    out.number(list.end);
    out.numbers(list.bytes);
  }
}

Status WordLists::load(SnapshotReader& in) {
  in.numbers(lengths_);
  in.number(words_);
  std::uint64_t n_lists = 0;
  in.number(n_lists);
  for (std::uint64_t i = 0; i < n_lists && in.ok(); ++i) {
    Term word = 0;
    List list;
    in.number(word);
    in.number(list.chunks);
    in.number(list.end);
    in.numbers(list.bytes);
    if (list.end > lengths_.size()) return in.damaged();
    list_bytes_ += list.bytes.size();
    lists_.emplace(word, std::move(list));
  }
  return in.status();
}

}  // namespace vector
