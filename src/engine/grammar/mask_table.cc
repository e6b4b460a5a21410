#include "engine/grammar/mask_table.h"

#include <algorithm>
#include <array>

namespace engine::grammar {
namespace {

constexpr std::size_t kSafeStatesMax = 120;  // states looked at in search of a safe set
constexpr Groups kAllGroups = (1u << (kByteGroups + 1)) - 1;  // ASCII groups and wide characters

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

// All length bits that a token of at most `points` characters can have.
Groups length_bits(std::uint32_t points) {
  Groups bits = 0;
  for (std::size_t s = 0; s < kLengthSteps.size(); ++s) {
    if (points > kLengthSteps[s]) bits |= 1u << (kFirstLengthBit + s);
  }
  // A token longer than the last step may be longer than anything.
  if (points != kUnbounded) bits &= ~(1u << (kFirstLengthBit + kLengthSteps.size() - 1));
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

const TextMask& MaskTable::mask(LanguageId language, StateId state, bool quoted) {
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

// Groups on which the text can go on for ever: those that fail anywhere are dropped.
MaskTable::Safe MaskTable::widest(LanguageId language, StateId state, Groups candidates) {
  for (int attempt = 0; attempt < 24 && candidates != 0; ++attempt) {
    std::vector<StateId> seen{state};
    bool stable = true;
    for (std::size_t i = 0; i < seen.size() && stable; ++i) {
      const Groups kept = passable(language, seen[i], seen, candidates);
      stable = kept == candidates;
      candidates = kept;
      if (seen.size() > kSafeStatesMax) return {};
    }
    if (stable) return {candidates, kUnbounded};
  }
  return {};
}

// All groups that may come next, and for how many characters none of them fails.
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
    for (; done < level_end; ++done) {
      if (passable(language, seen[done], seen, candidates) != candidates)
        return {candidates, points};
      if (seen.size() > kSafeStatesMax) return {candidates, points};
    }
  }
  return {candidates, done == seen.size() ? kUnbounded : points};
}

void MaskTable::build(LanguageId language, StateId state, bool quoted, TextMask& mask) {
  mask.inside.assign(vocabulary_.n_words(), 0);
  mask.exits.assign(quoted ? vocabulary_.exits().exits.size() : 0, false);
  mask.ends.clear();
  if (quoted && languages_.universal(language, state)) {
    std::ranges::copy(vocabulary_.quoted(), mask.inside.begin());
    mask.exits.assign(mask.exits.size(), true);
    return;
  }
  const Groups candidates = kAllGroups & ~(quoted ? unquotable_groups() : 0);
  std::vector<Groups> covered;
  const Safe near = longest(language, state, candidates);
  if (near.points > 0) covered.push_back(near.groups | length_bits(near.points));
  if (near.points != 0 && near.points != kUnbounded) {
    const Safe far = widest(language, state, candidates);
    if (far.points > 0 && far.groups != 0) covered.push_back(far.groups | length_bits(far.points));
  }
  for (const Groups groups : covered) vocabulary_.allow_made_of(groups, mask.inside);
  walk(language, state, quoted, covered, mask);
}

// Steps through the trie, but not into subtrees that a safe set has covered already.
void MaskTable::walk(LanguageId language, StateId state, bool quoted,
                     std::span<const Groups> covered, TextMask& mask) {
  struct Level {
    std::uint32_t end;
    StateId state;
  };
  const auto nodes = vocabulary_.nodes();
  std::vector<Level> path{{static_cast<std::uint32_t>(nodes.size()), state}};
  const bool by_group = !covered.empty();
  for (std::uint32_t i = 0; i < nodes.size();) {
    while (i >= path.back().end) path.pop_back();
    const auto& node = nodes[i];
    if (quoted && node.byte == '"') {
      if (languages_.accepting(language, path.back().state)) {
        const std::size_t first = vocabulary_.exits_before(i);
        const std::size_t last = vocabulary_.exits_before(node.end);
        std::fill(mask.exits.begin() + static_cast<std::ptrdiff_t>(first),
                  mask.exits.begin() + static_cast<std::ptrdiff_t>(last), true);
      }
      i = node.end;
      continue;
    }
    // Without exits below, a covered subtree has nothing to add.
    if (by_group &&
        std::ranges::any_of(covered, [&](Groups g) { return (node.groups & ~g) == 0; }) && quoted) {
      i = node.end;
      continue;
    }
    if (quoted && (node.byte < 0x20 || node.byte == '\\')) {
      if (node.byte == '\\') walk_escape(i, language, path.back().state, mask);
      i = node.end;
      continue;
    }
    const StateId next = languages_.step(language, path.back().state, node.byte);
    if (next == kDead) {
      i = node.end;
      continue;
    }
    if (node.token >= 0) vocabulary_.allow(static_cast<TokenId>(node.token), mask.inside);
    const bool may_end = !quoted && node.end > i + 1 && languages_.accepting(language, next);
    if (may_end && mask.ends.size() <= kEndsMax) mask.ends.push_back(i);
    if (node.end > i + 1) path.push_back({node.end, next});
    ++i;
  }
}

// Below a backslash the real machine does the walking, one escape being much like another.
void MaskTable::walk_escape(std::uint32_t root, LanguageId language, StateId state,
                            TextMask& mask) {
  const auto nodes = vocabulary_.nodes();
  Cursor start{.mode = Mode::Text};
  start.machine = language;
  start.state = state;
  std::vector<std::pair<std::uint32_t, Cursor>> path{{nodes[root].end, start}};
  for (std::uint32_t i = root; i < nodes[root].end;) {
    while (i >= path.back().first) path.pop_back();
    const auto& node = nodes[i];
    Cursor cursor = path.back().second;
    if (node.byte == '"' && cursor.lex == Lex::Plain) {
      if (languages_.accepting(language, cursor.state)) {
        for (auto e = vocabulary_.exits_before(i); e < vocabulary_.exits_before(node.end); ++e) {
          mask.exits[e] = true;
        }
      }
      i = node.end;
      continue;
    }
    if (!machine_.step(cursor, node.byte)) {
      i = node.end;
      continue;
    }
    if (node.token >= 0) vocabulary_.allow(static_cast<TokenId>(node.token), mask.inside);
    if (node.end > i + 1) path.emplace_back(node.end, cursor);
    ++i;
  }
}

}  // namespace engine::grammar
