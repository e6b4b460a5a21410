// How tokens leave a text or a key: its last characters, the quote, and what follows the quote.
// What may follow depends on the characters through the verdicts on the whole text, and through
// whether it repeats another, so tokens are taken together by that.
#include <algorithm>
#include <utility>
#include <vector>

#include "engine/grammar/hash.h"
#include "engine/grammar/matcher.h"
#include "engine/grammar/repeats.h"

namespace engine::grammar {

void Matcher::mark_suffixes(const Cursor& after) {
  ++mark_;
  marks_[0] = mark_;
  const std::size_t arena_mark = arena_.mark();
  suffix_stack_.clear();
  if (after.mode == Mode::Ended) {
    runner_.follow(after, suffix_stack_);
  } else {
    suffix_stack_.push_back(after);
  }
  const auto nodes = vocabulary_->suffixes();
  suffix_levels_.assign(1, {static_cast<std::uint32_t>(nodes.size()), 0, arena_.mark()});
  for (std::uint32_t i = 1; i < nodes.size();) {
    while (i >= suffix_levels_.back().end) {
      suffix_stack_.resize(suffix_levels_.back().first);
      suffix_levels_.pop_back();
      arena_.release(suffix_levels_.back().arena);
    }
    const std::size_t begin = suffix_levels_.back().first, end = suffix_stack_.size();
    if (!runner_.step(suffix_stack_, begin, end, nodes[i].byte)) {
      suffix_stack_.resize(end);
      i = nodes[i].end;
      continue;
    }
    marks_[i] = mark_;
    if (nodes[i].end > i + 1) {
      suffix_levels_.push_back({nodes[i].end, static_cast<std::uint32_t>(end), arena_.mark()});
    } else {
      suffix_stack_.resize(end);
    }
    ++i;
  }
  arena_.release(arena_mark);
}

void Matcher::leave_by_content(const Cursor& cursor, const Vocabulary::Exits& exits,
                               const Vocabulary::Exits::Group& group,
                               std::span<std::uint32_t> bits) {
  const std::size_t arena_mark = arena_.mark();
  Cursor after = cursor;
  Machine& machine = runner_.machine();
  bool legal = std::ranges::all_of(
      group.content, [&](char c) { return machine.step(after, static_cast<std::uint8_t>(c)); });
  legal = legal && machine.step(after, '"');
  if (legal) mark_suffixes(after);
  for (std::uint32_t e = group.first; e < group.last; ++e) {
    const Vocabulary::Exit& exit = exits.exits[e];
    if (legal && marked(exit.suffix)) vocabulary_->allow(exit.token, bits);
  }
  arena_.release(arena_mark);
}

// Groups of exits whose content is decided the same way are allowed by one walk through what
// follows. What may repeat an item, and escapes, go their way alone.
void Matcher::leave_by_verdict(const Cursor& cursor, const Vocabulary::Exits& exits,
                               const std::vector<bool>* endable, std::span<std::uint32_t> bits) {
  Machine& machine = runner_.machine();
  Languages& languages = machine.languages();
  const Repeats repeats(arena_, machine.shapes(), cursor);
  constexpr std::uint32_t kNoGroup = UINT32_MAX;
  struct Class {
    std::uint32_t verdict, first;
    Cursor end;
  };
  std::vector<Class> classes;
  std::vector<std::uint32_t> next(exits.groups.size(), kNoGroup);
  for (std::uint32_t g = 0; g < exits.groups.size(); ++g) {
    const auto& group = exits.groups[g];
    if (endable && !(*endable)[group.first]) continue;
    Cursor end = cursor;
    bool is_plain = true;
    for (const char c : group.content) {
      const auto byte = static_cast<std::uint8_t>(c);
      is_plain = is_plain && c != '\\';
      end.state = languages.step(cursor.machine, end.state, byte);
      if (!repeats.empty()) end.digest = mix(end.digest, byte);
    }
    if (!is_plain || repeats.has(end.digest)) {
      leave_by_content(cursor, exits, group, bits);
      continue;
    }
    if (!languages.accepting(cursor.machine, end.state)) continue;
    const std::uint32_t verdict = languages.verdict(cursor.machine, end.state);
    auto known = std::ranges::find(classes, verdict, &Class::verdict);
    if (known == classes.end()) {
      classes.push_back({verdict, kNoGroup, end});
      known = std::prev(classes.end());
    }
    next[g] = std::exchange(known->first, g);
  }
  const std::uint32_t length_min = languages.length_min(cursor.machine);
  const std::uint32_t length_max = languages.length_max(cursor.machine);
  for (Class& one : classes) {
    const std::size_t arena_mark = arena_.mark();
    one.end.count = std::max(one.end.count, length_min);
    if (machine.step(one.end, '"')) {
      mark_suffixes(one.end);
      for (std::uint32_t g = one.first; g != kNoGroup; g = next[g]) {
        for (std::uint32_t e = exits.groups[g].first; e < exits.groups[g].last; ++e) {
          const Vocabulary::Exit& exit = exits.exits[e];
          const std::uint32_t length = cursor.count + exit.n_points;
          if (marked(exit.suffix) && length >= length_min && length <= length_max) {
            vocabulary_->allow(exit.token, bits);
          }
        }
      }
    }
    arena_.release(arena_mark);
  }
}

void Matcher::leave_text(const Cursor& cursor, const Vocabulary::Exits& exits,
                         const std::vector<bool>* endable, std::span<std::uint32_t> bits) {
  Machine& machine = runner_.machine();
  if (!machine.indifferent(cursor)) return leave_by_verdict(cursor, exits, endable, bits);
  const std::uint32_t length_min = machine.languages().length_min(cursor.machine);
  const std::uint32_t length_max = machine.languages().length_max(cursor.machine);
  const std::size_t arena_mark = arena_.mark();
  Cursor after = cursor;
  if (machine.leave_text(after)) {
    mark_suffixes(after);
    for (std::size_t e = 0; e < exits.exits.size(); ++e) {
      const Vocabulary::Exit& exit = exits.exits[e];
      const std::uint32_t length = cursor.count + exit.n_points;
      if (marked(exit.suffix) && (!endable || (*endable)[e]) && length <= length_max &&
          length >= length_min) {
        vocabulary_->allow(exit.token, bits);
      }
    }
  }
  arena_.release(arena_mark);
}

// Keys that are not declared and have not been used differ by the patterns they match; the others
// are looked at one by one.
void Matcher::leave_key(const Cursor& cursor, const Vocabulary::Exits& exits,
                        const std::vector<bool>* endable, std::span<std::uint32_t> bits) {
  Machine& machine = runner_.machine();
  const Frame frame = arena_.at(cursor.frame);
  Cursor fresh = cursor;  // of no key so far
  fresh.lo = fresh.hi = 0;
  fresh.digest = ~cursor.digest;
  if (machine.languages().n_watched(cursor.machine) == 0) {
    leave_alike(fresh, exits, endable, bits);
  } else {
    leave_by_verdict(fresh, exits, endable, bits);
  }
  const UsedKeys used(arena_, frame.digests);
  const auto& keys = machine.shapes().table(frame.shape).keys;
  std::uint32_t key = cursor.lo;
  for (const auto& group : exits.groups) {
    while (key < cursor.hi && keys[key].substr(cursor.depth) < group.content) ++key;
    bool special = (key < cursor.hi && keys[key].substr(cursor.depth) == group.content) ||
                   group.content.find('\\') != std::string_view::npos;
    if (!special && !used.empty()) special = used.has(machine.key_digest(cursor, group.content));
    if (!special) continue;
    for (std::uint32_t e = group.first; e < group.last; ++e) {
      vocabulary_->forbid(exits.exits[e].token, bits);
    }
    leave_by_content(cursor, exits, group, bits);
  }
}

// Keys of which every one leads to the same.
void Matcher::leave_alike(Cursor cursor, const Vocabulary::Exits& exits,
                          const std::vector<bool>* endable, std::span<std::uint32_t> bits) {
  Machine& machine = runner_.machine();
  if (endable) {  // what is whole is known
    cursor.machine = kFreeLanguage;
    cursor.state = machine.languages().start(kFreeLanguage);
  }
  const std::size_t arena_mark = arena_.mark();
  if (machine.step(cursor, '"')) {
    mark_suffixes(cursor);
    for (std::size_t e = 0; e < exits.exits.size(); ++e) {
      const Vocabulary::Exit& exit = exits.exits[e];
      if (marked(exit.suffix) && (!endable || (*endable)[e])) vocabulary_->allow(exit.token, bits);
    }
  }
  arena_.release(arena_mark);
}

}  // namespace engine::grammar
