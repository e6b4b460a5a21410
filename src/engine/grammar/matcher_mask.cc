// The masks of a matcher: what the tables know of texts, and a walk through the trie for the rest.
#include <algorithm>

#include "engine/grammar/matcher.h"

namespace engine::grammar {
namespace {

constexpr std::size_t kEndsMax =
    400;  // places where a text may end; beyond, a plain walk is cheaper

}  // namespace

void Matcher::mask(std::span<std::uint32_t> bits) {
  std::scoped_lock lock(grammar_->mutex_);
  std::ranges::fill(bits, 0u);
  std::vector<Cursor>& rest = stack_;
  rest.clear();
  for (const Cursor& cursor : cursors_) {
    switch (cursor.mode) {
      case Mode::Ended:
        for (const TokenId token : vocabulary_->end_tokens()) {
          if (cursor.frame == 0 && token < vocabulary_->n_tokens()) {
            bits[token >> 5] |= 1u << (token & 31);
          }
        }
        break;
      case Mode::Token:
        if (cursor.state < vocabulary_->n_tokens()) {
          bits[cursor.state >> 5] |= 1u << (cursor.state & 31);
        }
        break;
      default: rest.push_back(cursor);
    }
  }
  const std::vector<Cursor> alone =
      rest.size() == 1 && rest[0].lex == Lex::Plain ? rest : std::vector<Cursor>();
  if (!alone.empty() && alone[0].mode == Mode::Text) return mask_text(alone[0], bits);
  if (!alone.empty() && alone[0].mode == Mode::InKey) return mask_key(alone[0], bits);
  if (!alone.empty() && alone[0].mode == Mode::Scan) return mask_scan(alone[0], bits);
  if (!rest.empty()) walk(0, static_cast<std::uint32_t>(vocabulary_->nodes().size()), bits);
}

// Walks with the cursors in stack_ as the root's.
void Matcher::walk(std::uint32_t first, std::uint32_t last, std::span<std::uint32_t> bits) {
  const auto nodes = vocabulary_->nodes();
  levels_.assign(1, {last, 0, arena_.mark()});
  for (std::uint32_t i = first; i < last;) {
    while (i >= levels_.back().end) {
      stack_.resize(levels_.back().first);
      levels_.pop_back();
      arena_.release(levels_.back().arena);
    }
    const Vocabulary::Node& node = nodes[i];
    const std::size_t begin = levels_.back().first, end = stack_.size();
    if (!runner_.step(stack_, begin, end, node.byte)) {
      stack_.resize(end);
      i = node.end;
      continue;
    }
    if (node.token >= 0) vocabulary_->allow(static_cast<TokenId>(node.token), bits);
    if (node.end > i + 1) {
      levels_.push_back({node.end, static_cast<std::uint32_t>(end), arena_.mark()});
    } else {
      stack_.resize(end);
    }
    ++i;
  }
  arena_.release(levels_.front().arena);
}

// Collects the suffix nodes that are legal from this cursor on, the root included.
void Matcher::mark_suffixes(const Cursor& after) {
  suffixes_.assign(1, 0);
  const std::size_t mark = arena_.mark();
  stack_.clear();
  if (after.mode == Mode::Ended) {
    std::vector<Cursor> following;
    runner_.follow(after, following);
    stack_ = following;
  } else {
    stack_.push_back(after);
  }
  const auto nodes = vocabulary_->suffixes();
  levels_.assign(1, {static_cast<std::uint32_t>(nodes.size()), 0, arena_.mark()});
  for (std::uint32_t i = 1; i < nodes.size();) {
    while (i >= levels_.back().end) {
      stack_.resize(levels_.back().first);
      levels_.pop_back();
      arena_.release(levels_.back().arena);
    }
    const std::size_t begin = levels_.back().first, end = stack_.size();
    if (!runner_.step(stack_, begin, end, nodes[i].byte)) {
      stack_.resize(end);
      i = nodes[i].end;
      continue;
    }
    suffixes_.push_back(i);
    if (nodes[i].end > i + 1) {
      levels_.push_back({nodes[i].end, static_cast<std::uint32_t>(end), arena_.mark()});
    } else {
      stack_.resize(end);
    }
    ++i;
  }
  arena_.release(mark);
}

void Matcher::mask_text(const Cursor& cursor, std::span<std::uint32_t> bits) {
  Machine& machine = runner_.machine();
  Languages& languages = machine.languages();
  const TextMask& text =
      grammar_->masks(vocabulary_).mask(cursor.machine, cursor.state, /*quoted=*/true);
  const std::uint32_t length_min = languages.length_min(cursor.machine);
  const std::uint32_t length_max = languages.length_max(cursor.machine);
  const std::uint32_t room = length_max == kUnbounded ? kUnbounded : length_max - cursor.count;
  std::ranges::copy(text.inside, scratch_.begin());
  if (room != kUnbounded) vocabulary_->keep_short(room, scratch_);
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] |= scratch_[i];

  if (!machine.indifferent(cursor)) return mask_exits_one_by_one(cursor, text.exits, bits);
  const std::size_t mark = arena_.mark();
  Cursor after = cursor;
  if (machine.leave_text(after)) {
    mark_suffixes(after);
    for (const std::uint32_t suffix : suffixes_) {
      for (const std::uint32_t e : vocabulary_->exits_at(suffix)) {
        const Vocabulary::Exit& exit = vocabulary_->exits()[e];
        if (text.exits[e] && exit.n_points <= room && cursor.count + exit.n_points >= length_min) {
          vocabulary_->allow(exit.token, bits);
        }
      }
    }
  }
  arena_.release(mark);
}

// For texts and keys whose spelling decides about what follows.
void Matcher::mask_exits_one_by_one(const Cursor& cursor, const std::vector<bool>& exits,
                                    std::span<std::uint32_t> bits) {
  const std::size_t mark = arena_.mark();
  const auto all = vocabulary_->exits();
  for (std::size_t e = 0; e < all.size(); ++e) {
    if (!exits[e]) continue;
    stack_.assign(1, cursor);
    std::size_t first = 0;
    bool legal = true;
    for (const char c : vocabulary_->bytes(all[e].token)) {
      const std::size_t last = stack_.size();
      legal = runner_.step(stack_, first, last, static_cast<std::uint8_t>(c));
      if (!legal) break;
      first = last;
    }
    if (legal) vocabulary_->allow(all[e].token, bits);
    arena_.release(mark);
  }
}

void Matcher::mask_key(const Cursor& cursor, std::span<std::uint32_t> bits) {
  Machine& machine = runner_.machine();
  const auto n_nodes = static_cast<std::uint32_t>(vocabulary_->nodes().size());
  stack_.assign(1, cursor);
  if (cursor.state == kDead) return walk(0, n_nodes, bits);
  const bool universal = machine.languages().universal(cursor.machine, cursor.state);
  if (!universal && cursor.lo < cursor.hi) {
    Cursor declared = cursor;  // without the others, which the table covers
    declared.state = kDead;
    stack_.assign(1, declared);
    walk(0, n_nodes, bits);
  }
  const TextMask& text =
      grammar_->masks(vocabulary_).mask(cursor.machine, cursor.state, /*quoted=*/true);
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] |= text.inside[i];
  const Frame& frame = arena_.at(cursor.frame);
  if (machine.languages().n_watched(cursor.machine) > 0 || frame.digests != 0) {
    return mask_exits_one_by_one(cursor, text.exits, bits);
  }
  // Any key that is not declared goes on like any other.
  const std::size_t mark = arena_.mark();
  const auto& keys = machine.shapes().table(frame.shape).keys;
  std::vector<std::string_view> declared;  // what is missing of the keys begun
  for (std::uint32_t key = cursor.lo; key < cursor.hi; ++key) {
    declared.push_back(keys[key].substr(cursor.depth));
  }
  const auto is_declared = [&](const Vocabulary::Exit& exit) {
    return std::ranges::binary_search(declared,
                                      vocabulary_->bytes(exit.token).substr(0, exit.n_prefix));
  };
  std::vector<bool> others(text.exits.size());
  Cursor after = cursor;
  after.lo = after.hi = 0;
  std::vector<Cursor> probe{after};
  // The fresh key ends where one of its spellings may; the start of a text is as good as any.
  const bool may_end = [&] {
    after.state = machine.languages().start(kFreeLanguage);
    return universal;
  }();
  if (may_end) {
    after = cursor;
    after.lo = after.hi = 0;
    if (machine.step(after, '"')) {
      mark_suffixes(after);
      for (const std::uint32_t suffix : suffixes_) {
        for (const std::uint32_t e : vocabulary_->exits_at(suffix)) {
          const Vocabulary::Exit& exit = vocabulary_->exits()[e];
          if (!text.exits[e]) continue;
          if (is_declared(exit)) {
            others[e] = true;
          } else {
            vocabulary_->allow(exit.token, bits);
          }
        }
      }
    }
    arena_.release(mark);
    // A declared key may go on differently from a free one: also where that is refused.
    for (std::size_t e = 0; e < others.size(); ++e) {
      others[e] = others[e] || is_declared(vocabulary_->exits()[e]);
    }
    return mask_exits_one_by_one(cursor, others, bits);
  }
  mask_exits_one_by_one(cursor, text.exits, bits);
}

void Matcher::mask_scan(const Cursor& cursor, std::span<std::uint32_t> bits) {
  const TextMask& text =
      grammar_->masks(vocabulary_).mask(cursor.machine, cursor.state, /*quoted=*/false);
  if (text.ends.size() > kEndsMax) {
    stack_.assign(1, cursor);
    return walk(0, static_cast<std::uint32_t>(vocabulary_->nodes().size()), bits);
  }
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] |= text.inside[i];
  const std::size_t mark = arena_.mark();
  const std::vector<std::uint32_t> ends = text.ends;
  for (const std::uint32_t node : ends) {
    // The way to the node, then everything below it.
    stack_.assign(1, cursor);
    std::size_t first = 0;
    const auto& nodes = vocabulary_->nodes();
    std::string path;
    for (std::uint32_t i = 0; i <= node;) {
      if (nodes[i].end > node)
        path += static_cast<char>(nodes[i].byte), ++i;
      else
        i = nodes[i].end;
    }
    for (const char c : path) {
      const std::size_t last = stack_.size();
      if (!runner_.step(stack_, first, last, static_cast<std::uint8_t>(c))) break;
      first = last;
    }
    const std::vector<Cursor> there(stack_.begin() + static_cast<std::ptrdiff_t>(first),
                                    stack_.end());
    stack_ = there;
    walk(node + 1, nodes[node].end, bits);
    arena_.release(mark);
  }
}

// The longest text that every continuation begins with: bytes are followed while there is one only.
std::string Matcher::forced_bytes(std::size_t bytes_max) {
  std::scoped_lock lock(grammar_->mutex_);
  const std::size_t mark = arena_.mark();
  std::string forced;
  std::vector<Cursor> at = cursors_;
  const auto ends = [](const Cursor& cursor) {
    return cursor.mode == Mode::Ended || cursor.mode == Mode::Token;
  };
  while (forced.size() < bytes_max && std::ranges::none_of(at, ends)) {
    int only = -1;
    std::vector<Cursor> next;
    for (int byte = 0; byte < 256 && only != -2; ++byte) {
      stack_ = at;
      if (!runner_.step(stack_, 0, at.size(), static_cast<std::uint8_t>(byte))) continue;
      only = only == -1 ? byte : -2;
      next.assign(stack_.begin() + static_cast<std::ptrdiff_t>(at.size()), stack_.end());
    }
    if (only < 0) break;
    forced += static_cast<char>(only);
    at = std::move(next);
  }
  arena_.release(mark);
  return forced;
}

// A token may only be forced when no longer token with the same beginning could stand in its place:
// the text after the forced part is open, so the last ones are given back to the sampler.
void Matcher::drop_unsettled(const std::string& text, std::vector<TokenId>& tokens) {
  const auto nodes = vocabulary_->nodes();
  std::size_t at = 0;
  for (std::size_t n = 0; n < tokens.size(); ++n) {
    // A token that runs through the whole rest of the text and beyond it would be another choice.
    std::uint32_t i = 0, end = static_cast<std::uint32_t>(nodes.size());
    std::size_t k = at;
    bool beyond = true;
    for (; k < text.size(); ++k) {
      while (i < end && nodes[i].byte != static_cast<std::uint8_t>(text[k])) i = nodes[i].end;
      if (i >= end) break;
      end = nodes[i].end;
      ++i;
    }
    beyond = k == text.size() && i < end;
    const std::string_view bytes =
        tokens[n] < vocabulary_->n_tokens() ? vocabulary_->bytes(tokens[n]) : std::string_view();
    if (beyond || bytes.empty() || text.compare(at, bytes.size(), bytes) != 0) {
      tokens.resize(n);
      return;
    }
    at += bytes.size();
  }
}

}  // namespace engine::grammar
