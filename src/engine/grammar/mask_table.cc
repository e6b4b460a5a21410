#include "engine/grammar/mask_table.h"

#include <algorithm>
#include <array>

namespace engine::grammar {
namespace {

constexpr std::size_t kSafeStatesMax = 120;  // states looked at in search of a safe set
constexpr int kCoversMax = 5;
constexpr Groups kAllGroups = (1u << (kByteGroups + 1)) - 1;  // ASCII groups and wide characters

// What a text is most likely to go on with for long.
constexpr Groups kWordGroups = 0b11111 << 3;  // letters and digits, see byte_groups

// Of a walk through a trie: the state below a node, and where its subtree ends.
struct Level {
  std::uint32_t end;
  StateId state;
};

// The lead bytes of UTF-8 with the same continuation, and what that is: the range of the second
// byte and the number of bytes after it.
struct Lead {
  std::uint8_t first, last, second_first, second_last, n_after;
};
constexpr std::array<Lead, 8> kLeads{{{0xC2, 0xDF, 0x80, 0xBF, 0},
                                      {0xE0, 0xE0, 0xA0, 0xBF, 1},
                                      {0xE1, 0xEC, 0x80, 0xBF, 1},
                                      {0xED, 0xED, 0x80, 0x9F, 1},
                                      {0xEE, 0xEF, 0x80, 0xBF, 1},
                                      {0xF0, 0xF0, 0x90, 0xBF, 2},
                                      {0xF1, 0xF3, 0x80, 0xBF, 2},
                                      {0xF4, 0xF4, 0x80, 0x8F, 2}}};

// The length bits that only tokens of at most `points` characters have: a token beyond one
// threshold may be as long as the next, and beyond the last as long as any.
Groups length_bits(std::uint32_t points) {
  Groups bits = 0;
  for (std::size_t s = 0; s < kLengthSteps.size(); ++s) {
    const std::uint32_t longest = s + 1 < kLengthSteps.size() ? kLengthSteps[s + 1] : kUnbounded;
    if (points >= longest) bits |= 1u << (kFirstLengthBit + s);
  }
  return bits;
}

// The bytes of each ASCII group, for walks over them.
std::span<const std::uint8_t> bytes_of(std::size_t group) {
  static const auto lists = [] {
    std::array<std::vector<std::uint8_t>, kByteGroups> all;
    for (std::size_t i = 0; i < kByteGroups; ++i) {
      for (unsigned byte = 0; byte < 128; ++byte) {
        if (byte_groups()[i].contains(byte)) all[i].push_back(static_cast<std::uint8_t>(byte));
      }
    }
    return all;
  }();
  return lists[group];
}

bool add(std::vector<StateId>& states, StateId state) {
  if (state == kDead) return false;
  if (std::ranges::find(states, state) == states.end()) states.push_back(state);
  return true;
}

}  // namespace

MaskTable::MaskTable(Tables& tables, const Vocabulary& vocabulary, std::size_t bytes_max)
    : languages_(tables.languages),
      vocabulary_(vocabulary),
      machine_(tables, arena_, kCompact),
      entry_bytes_(vocabulary.n_words() * 4 + vocabulary.exits().exits.size() / 8 + 256),
      entries_max_(std::max<std::size_t>(8, bytes_max / entry_bytes_)) {}

const TextMask& MaskTable::mask(LanguageId watching, StateId at, bool quoted) {
  const auto [language, state] = languages_.unwatched(watching, at);
  const std::uint64_t key = std::uint64_t{language} << 33 | std::uint64_t{state} << 1 | quoted;
  if (const auto found = index_.find(key); found != index_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front().mask;
  }
  if (entries_.size() >= entries_max_) {
    index_.erase(entries_.back().key);
    entries_.splice(entries_.begin(), entries_, std::prev(entries_.end()));
  } else {
    entries_.emplace_front();
  }
  entries_.front().key = key;
  index_.emplace(key, entries_.begin());
  build(language, state, quoted, entries_.front().mask);
  return entries_.front().mask;
}

// All states after one character of the group; false when one of them is dead.
bool MaskTable::step_group(LanguageId language, StateId state, std::size_t group,
                           std::vector<StateId>& next) {
  const auto classes = languages_.classes(language);
  const auto step_range = [&](const std::vector<StateId>& from, unsigned first, unsigned last,
                              std::vector<StateId>& to) {
    for (const StateId s : from) {
      for (unsigned byte = first; byte <= last; ++byte) {
        if (byte > first && classes[byte] == classes[byte - 1]) continue;
        if (!add(to, languages_.step(language, s, static_cast<std::uint8_t>(byte)))) return false;
      }
    }
    return true;
  };
  if (group < kByteGroups) {
    int last = -1;  // neighbours are mostly of one class
    for (const std::uint8_t byte : bytes_of(group)) {
      if (classes[byte] == last) continue;
      last = classes[byte];
      if (!add(next, languages_.step(language, state, byte))) return false;
    }
    return true;
  }
  for (const Lead& lead : kLeads) {
    std::vector<StateId> at, then;
    if (!step_range({state}, lead.first, lead.last, at)) return false;
    if (!step_range(at, lead.second_first, lead.second_last, then)) return false;
    for (int i = 0; i < lead.n_after; ++i) {
      at.swap(then);
      then.clear();
      if (!step_range(at, 0x80, 0xBF, then)) return false;
    }
    for (const StateId s : then) add(next, s);
  }
  return true;
}

// The wanted groups all of whose characters may come next; `next` gets the states after them.
Groups MaskTable::passable(LanguageId language, StateId state, std::vector<StateId>& next,
                           Groups wanted) {
  Groups passable = 0;
  for (std::size_t group = 0; group <= kByteGroups; ++group) {
    if (!(wanted >> group & 1)) continue;
    std::vector<StateId> after;
    if (!step_group(language, state, group, after)) continue;
    passable |= 1u << group;
    for (const StateId s : after) add(next, s);
  }
  return passable;
}

// All groups of the candidates that may come next, and for how many characters none of them fails.
MaskTable::Safe MaskTable::longest(LanguageId language, StateId state, Groups candidates) {
  std::vector<StateId> seen{state};
  std::vector<StateId> next;
  candidates = passable(language, state, next, candidates);
  if (candidates == 0) return {};
  std::uint32_t points = 1;
  std::size_t done = 1;
  for (const StateId s : next) add(seen, s);
  for (; points < kLengthSteps.back() && done < seen.size(); ++points) {
    const std::size_t level_end = seen.size();
    Groups failed = 0;
    for (; done < level_end; ++done) {
      failed |= candidates & ~passable(language, seen[done], seen, candidates & ~failed);
      if (seen.size() > kSafeStatesMax) return {candidates, points, candidates & ~kWordGroups};
    }
    if (failed != 0) return {candidates, points, failed};
  }
  return {candidates, done == seen.size() ? kUnbounded : points};
}

// From all groups that may come next to those on which a text can go on for long: each further set
// is without what ended the one before.
MaskTable::Covers MaskTable::find_covers(LanguageId language, StateId state, Groups candidates) {
  Covers covers;
  for (int attempt = 0; attempt < kCoversMax && candidates != 0; ++attempt) {
    const Safe safe = longest(language, state, candidates);
    if (safe.points == 0) break;
    if (attempt == 0) covers.first = safe.groups;
    // Tokens of one character are met by any walk.
    if (safe.points > 1) covers.sets.push_back(safe.groups | length_bits(safe.points));
    if (safe.failed == 0) break;
    candidates = safe.groups & ~safe.failed;
  }
  return covers;
}

void MaskTable::build(LanguageId language, StateId state, bool quoted, TextMask& mask) {
  mask.inside.assign(vocabulary_.n_words(), 0);
  mask.exits.assign(quoted ? vocabulary_.exits().exits.size() : 0, false);
  mask.ends.clear();
  if (!quoted) return walk(language, state, mask);
  if (languages_.universal(language, state)) {
    std::ranges::copy(vocabulary_.quoted(), mask.inside.begin());
    mask.exits.assign(mask.exits.size(), true);
    return;
  }
  const Groups candidates = kAllGroups & ~unquotable_groups();
  const Covers covers = find_covers(language, state, candidates);
  const bool deny = covers.first == candidates;
  if (deny) {
    std::ranges::copy(vocabulary_.plain(), mask.inside.begin());
  } else {
    for (const Groups set : covers.sets) vocabulary_.allow_made_of(set, mask.inside);
  }
  const bool is_all =
      deny && !covers.sets.empty() && covers.sets[0] == (candidates | length_bits(kUnbounded));
  if (!is_all) walk_plain(language, state, covers, deny, mask);
  walk_odd(0, static_cast<std::uint32_t>(vocabulary_.odd_nodes().size()), language, state, mask);
}

// Steps through the trie.
void MaskTable::walk(LanguageId language, StateId state, TextMask& mask) {
  const auto nodes = vocabulary_.nodes();
  std::vector<Level> path{{static_cast<std::uint32_t>(nodes.size()), state}};
  for (std::uint32_t i = 0; i < nodes.size();) {
    while (i >= path.back().end) path.pop_back();
    const auto& node = nodes[i];
    const StateId next = languages_.step(language, path.back().state, node.byte);
    if (next == kDead) {
      i = node.end;
      continue;
    }
    if (node.token >= 0) vocabulary_.allow(static_cast<TokenId>(node.token), mask.inside);
    const bool may_end = node.end > i + 1 && languages_.accepting(language, next);
    if (may_end && mask.ends.size() <= kEndsMax) mask.ends.push_back(i);
    if (node.end > i + 1) path.push_back({node.end, next});
    ++i;
  }
}

// Not into subtrees that a cover has already, nor where the text is refused or free.
void MaskTable::walk_plain(LanguageId language, StateId state, const Covers& covers, bool deny,
                           TextMask& mask) {
  const auto nodes = vocabulary_.plain_nodes();
  const auto all_below = [&](std::uint32_t i) {
    for (std::uint32_t below = i; below < nodes[i].end; ++below) {
      if (nodes[below].token < 0) continue;
      const auto token = static_cast<TokenId>(nodes[below].token);
      deny ? vocabulary_.forbid(token, mask.inside) : vocabulary_.allow(token, mask.inside);
    }
  };
  std::vector<Level> path{{static_cast<std::uint32_t>(nodes.size()), state}};
  for (std::uint32_t i = 0; i < nodes.size();) {
    while (i >= path.back().end) path.pop_back();
    const auto& node = nodes[i];
    const bool is_covered =
        std::ranges::any_of(covers.sets, [&](Groups cover) { return (node.groups & ~cover) == 0; });
    if (is_covered) {
      i = node.end;
      continue;
    }
    const StateId next = languages_.step(language, path.back().state, node.byte);
    const bool is_free = languages_.universal(language, next);
    if (next == kDead || is_free) {
      if (is_free != deny) all_below(i);
      i = node.end;
      continue;
    }
    if (!deny && node.token >= 0) {
      vocabulary_.allow(static_cast<TokenId>(node.token), mask.inside);
    }
    if (node.end > i + 1) path.push_back({node.end, next});
    ++i;
  }
}

void MaskTable::walk_odd(std::uint32_t first, std::uint32_t last, LanguageId language,
                         StateId state, TextMask& mask) {
  const auto nodes = vocabulary_.odd_nodes();
  const auto allow = [&](const Vocabulary::Node& node) {
    if (node.token < 0) return;
    const auto token = static_cast<TokenId>(node.token);
    if (vocabulary_.is_quoted(token)) vocabulary_.allow(token, mask.inside);
  };
  const auto allow_exits = [&](std::uint32_t i) {
    const auto begin = mask.exits.begin();
    std::fill(begin + static_cast<std::ptrdiff_t>(vocabulary_.exits_before(i)),
              begin + static_cast<std::ptrdiff_t>(vocabulary_.exits_before(nodes[i].end)), true);
  };
  std::vector<Level> path{{last, state}};
  for (std::uint32_t i = first; i < last;) {
    while (i >= path.back().end) path.pop_back();
    const auto& node = nodes[i];
    const StateId at = path.back().state;
    if (node.byte < 0x20 || node.byte == '"' || node.byte == '\\') {
      if (node.byte == '\\') walk_escape(i, language, at, mask);
      if (node.byte == '"' && languages_.accepting(language, at)) allow_exits(i);
      i = node.end;
      continue;
    }
    const StateId next = languages_.step(language, at, node.byte);
    if (next == kDead || languages_.universal(language, next)) {
      if (next != kDead) {
        for (std::uint32_t below = i; below < node.end; ++below) allow(nodes[below]);
        allow_exits(i);
      }
      i = node.end;
      continue;
    }
    allow(node);
    if (node.end > i + 1) path.push_back({node.end, next});
    ++i;
  }
}

// Below a backslash the real machine does the walking, until the escape is whole.
void MaskTable::walk_escape(std::uint32_t root, LanguageId language, StateId state,
                            TextMask& mask) {
  const auto nodes = vocabulary_.odd_nodes();
  Cursor start{.mode = Mode::Text};
  start.machine = language;
  start.state = state;
  std::vector<std::pair<std::uint32_t, Cursor>> path{{nodes[root].end, start}};
  for (std::uint32_t i = root; i < nodes[root].end;) {
    while (i >= path.back().first) path.pop_back();
    const auto& node = nodes[i];
    Cursor cursor = path.back().second;
    if (!machine_.step(cursor, node.byte)) {
      i = node.end;
      continue;
    }
    if (node.token >= 0) vocabulary_.allow(static_cast<TokenId>(node.token), mask.inside);
    if (cursor.lex == Lex::Plain) {
      walk_odd(i + 1, node.end, language, cursor.state, mask);
      i = node.end;
      continue;
    }
    if (node.end > i + 1) path.emplace_back(node.end, cursor);
    ++i;
  }
}

}  // namespace engine::grammar
