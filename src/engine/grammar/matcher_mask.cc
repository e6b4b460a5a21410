// The masks of a matcher: what the tables know of texts, and a walk through the trie for the rest.
#include <algorithm>

#include "engine/grammar/matcher.h"

namespace engine::grammar {
namespace {

// A text that may be this long takes any token: tokenizers have none with more characters.
constexpr std::uint32_t kTokenPointsMax = 256;
constexpr std::uint32_t kFewKeys = 64;
// Places of rules in one walk, a few ms: of a very ambiguous grammar the tokens beyond are left
// out.
constexpr std::size_t kWalkWorkMax = 100'000;

// The bytes that may come next in a key that must be one of a few.
ByteSet key_candidates(const Cursor& cursor, std::span<const std::string_view> keys) {
  ByteSet set;
  set.add('"');
  set.add('\\');
  for (std::uint32_t key = cursor.lo; key < cursor.hi; ++key) {
    if (cursor.depth < keys[key].size()) {
      set.add(static_cast<std::uint8_t>(keys[key][cursor.depth]));
    }
  }
  return set;
}

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
  mask_each(bits);
}

// The mask of several cursors is that of each together. What the tables know needs no walk; the
// others walk side by side.
void Matcher::mask_each(std::span<std::uint32_t> bits) {
  if (stack_.empty()) return;
  const std::vector<Cursor> all = stack_;
  std::vector<Cursor> walked;
  const auto is_plain = [](const Cursor& cursor, Mode mode) {
    return cursor.mode == mode && cursor.lex == Lex::Plain;
  };
  // Keys also take bits away again, so they come first and alone.
  const bool has_one_key = std::ranges::count(all, Mode::InKey, &Cursor::mode) == 1;
  for (const Cursor& cursor : all) {
    if (has_one_key && is_plain(cursor, Mode::InKey)) mask_key(cursor, bits);
  }
  for (const Cursor& cursor : all) {
    if (is_plain(cursor, Mode::Text)) {
      mask_text(cursor, bits);
    } else if (is_plain(cursor, Mode::Scan)) {
      if (!mask_scan(cursor, bits)) walked.push_back(cursor);
    } else if (!has_one_key || !is_plain(cursor, Mode::InKey)) {
      walked.push_back(cursor);
    }
  }
  if (walked.empty()) return;
  stack_ = std::move(walked);
  walk(bits);
}

void Matcher::walk(std::span<std::uint32_t> bits) {
  constexpr std::uint16_t kRoot = 0;
  work_max_ = runner_.work() + kWalkWorkMax;
  walk_children(0, static_cast<std::uint32_t>(vocabulary_->nodes().size()), &kRoot, 0, bits);
}

void Matcher::walk_below(std::uint32_t node, std::span<std::uint32_t> bits) {
  const Vocabulary::Node& at = vocabulary_->nodes()[node];
  work_max_ = runner_.work() + kWalkWorkMax;
  walk_children(node + 1, at.end, at.wide != 0 ? &at.wide : nullptr, 0, bits);
}

// The cursors of this level are stack_[begin, end). Recursion is as deep as a token is long.
void Matcher::walk_children(std::uint32_t first, std::uint32_t last, const std::uint16_t* wide,
                            std::size_t begin, std::span<std::uint32_t> bits) {
  const std::size_t end = stack_.size(), arena_mark = arena_.mark();
  const auto nodes = vocabulary_->nodes();
  if (end - begin == 1) {
    const Cursor& at = stack_[begin];
    ByteSet candidates = Machine::candidates(at);
    if (at.mode == Mode::InKey && at.lex == Lex::Plain && at.state == kDead &&
        at.hi - at.lo <= kFewKeys) {
      const ShapeId shape = arena_.at(at.frame).shape;
      candidates = key_candidates(at, runner_.machine().shapes().table(shape).keys);
    }
    if (wide) {
      for (const auto& [byte, node] : vocabulary_->children(*wide)) {
        if (!candidates.contains(byte)) continue;
        visit(node, begin, end, bits);
        arena_.release(arena_mark);
      }
      return;
    }
    for (std::uint32_t i = first; i < last; i = nodes[i].end) {
      if (!candidates.contains(nodes[i].byte)) continue;
      visit(i, begin, end, bits);
      arena_.release(arena_mark);
    }
    return;
  }
  for (std::uint32_t i = first; i < last; i = nodes[i].end) {
    visit(i, begin, end, bits);
    arena_.release(arena_mark);
  }
}

// Steps stack_[begin, end) over the node's byte, and goes on below it.
void Matcher::visit(std::uint32_t i, std::size_t begin, std::size_t end,
                    std::span<std::uint32_t> bits) {
  const Vocabulary::Node& node = vocabulary_->nodes()[i];
  if (runner_.work() > work_max_) return;
  if (!runner_.step(stack_, begin, end, node.byte)) {
    stack_.resize(end);
    return;
  }
  if (node.token >= 0) vocabulary_->allow(static_cast<TokenId>(node.token), bits);
  if (node.byte == '"' && stack_.size() == end + 1 && opens_freely(stack_.back())) {
    if (const auto* opening = vocabulary_->opening(i)) {
      const Cursor opened = stack_.back();
      for (const TokenId token : opening->inside) bits[token >> 5] |= 1u << (token & 31);
      if (opened.mode == Mode::Text) {
        leave_text(opened, opening->exits, nullptr, bits);
      } else {
        leave_key(opened, opening->exits, nullptr, bits);
      }
      stack_.resize(end);
      return;
    }
  }
  if (node.end > i + 1) {
    if (stack_.size() == end + 1 && inside_anything(stack_.back())) {
      walk_text(i + 1, node.end, end, bits);
    } else {
      walk_children(i + 1, node.end, node.wide != 0 ? &node.wide : nullptr, end, bits);
    }
  }
  stack_.resize(end);
}

// Whether the cursor is in a text where plain characters change nothing at all.
bool Matcher::inside_anything(const Cursor& cursor) {
  Machine& machine = runner_.machine();
  return cursor.mode == Mode::Text && cursor.lex == Lex::Plain && cursor.state != kDead &&
         machine.languages().universal(cursor.machine, cursor.state) &&
         machine.languages().length_max(cursor.machine) == kUnbounded &&
         machine.languages().length_min(cursor.machine) <= cursor.count &&
         machine.indifferent(cursor);
}

// The nodes first..last below such a cursor, which is stack_[begin]: only what is no plain
// character is stepped over.
void Matcher::walk_text(std::uint32_t first, std::uint32_t last, std::size_t begin,
                        std::span<std::uint32_t> bits) {
  const auto nodes = vocabulary_->nodes();
  const std::size_t end = stack_.size(), arena_mark = arena_.mark();
  for (std::uint32_t i = first; i < last;) {
    const Vocabulary::Node& node = nodes[i];
    if (node.byte >= 0x20 && node.byte < 0x80 && node.byte != '"' && node.byte != '\\') {
      if (node.token >= 0) vocabulary_->allow(static_cast<TokenId>(node.token), bits);
      ++i;
      continue;
    }
    visit(i, begin, end, bits);
    arena_.release(arena_mark);
    i = node.end;
  }
}

bool Matcher::opens_freely(const Cursor& cursor) {
  Machine& machine = runner_.machine();
  Languages& languages = machine.languages();
  if (cursor.mode != Mode::Text && cursor.mode != Mode::InKey) return false;
  if (cursor.lex != Lex::Plain || cursor.state == kDead) return false;
  if (!languages.universal(cursor.machine, cursor.state)) return false;
  if (cursor.mode == Mode::InKey) return languages.n_watched(cursor.machine) == 0;
  return cursor.count == 0 && languages.length_max(cursor.machine) >= kTokenPointsMax &&
         machine.indifferent(cursor);
}

void Matcher::mask_text(const Cursor& cursor, std::span<std::uint32_t> bits) {
  const TextMask& text =
      grammar_->masks(vocabulary_).mask(cursor.machine, cursor.state, /*quoted=*/true);
  const std::uint32_t length_max = runner_.machine().languages().length_max(cursor.machine);
  std::ranges::copy(text.inside, scratch_.begin());
  if (length_max != kUnbounded) vocabulary_->keep_short(length_max - cursor.count, scratch_);
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] |= scratch_[i];
  leave_text(cursor, vocabulary_->exits(), &text.exits, bits);
}

void Matcher::mask_key(const Cursor& cursor, std::span<std::uint32_t> bits) {
  stack_.assign(1, cursor);
  if (cursor.state == kDead) return walk(bits);
  if (!runner_.machine().languages().universal(cursor.machine, cursor.state) &&
      cursor.lo < cursor.hi) {
    stack_[0].state = kDead;  // declared keys alone; the table covers the others
    walk(bits);
  }
  const TextMask& text =
      grammar_->masks(vocabulary_).mask(cursor.machine, cursor.state, /*quoted=*/true);
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] |= text.inside[i];
  leave_key(cursor, vocabulary_->exits(), &text.exits, bits);
}

bool Matcher::mask_scan(const Cursor& cursor, std::span<std::uint32_t> bits) {
  const std::size_t arena_mark = arena_.mark();
  const bool goes_on = runner_.reads_after(cursor);
  arena_.release(arena_mark);
  const TextMask& text =
      grammar_->masks(vocabulary_).mask(cursor.machine, cursor.state, /*quoted=*/false);
  if (goes_on && text.ends.size() > kEndsMax) return false;
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] |= text.inside[i];
  if (!goes_on) return true;
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
    walk_below(node, bits);
    arena_.release(mark);
  }
  return true;
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
  constexpr std::size_t kPositionsMax = 8;  // more of them are hardly of one mind
  while (forced.size() < bytes_max && at.size() <= kPositionsMax &&
         std::ranges::none_of(at, ends)) {
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

std::vector<TokenId> Matcher::forced_control() const {
  if (cursors_.empty() || cursors_[0].mode != Mode::Token) return {};
  const bool is_only_one = std::ranges::all_of(cursors_, [&](const Cursor& cursor) {
    return cursor.mode == Mode::Token && cursor.state == cursors_[0].state;
  });
  return is_only_one ? std::vector<TokenId>{cursors_[0].state} : std::vector<TokenId>{};
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
