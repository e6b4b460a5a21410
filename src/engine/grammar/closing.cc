#include "engine/grammar/closing.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_set>

namespace engine::grammar {
namespace {

constexpr std::size_t kMovesPerAttempt = 32;  // that are made in the time of one that is tried
constexpr std::size_t kWorkMax = 50'000;      // places of rules in one search
constexpr std::size_t kCursorsMax = 16;       // of an ambiguous grammar that are looked at
constexpr std::size_t kLengthMax = 4'096;     // of a text or number that must be long
constexpr std::size_t kStatesMax = 4'000;     // of languages, looked at for one text
constexpr std::size_t kTextsMax = 40;         // tried in a place where texts must differ

struct Endings {
  std::size_t n_max;
  std::uint32_t length_min;
  bool printable;
};

// The first few accepted texts from a state on, shortest first.
class Texts {
 public:
  Texts(Languages& languages, LanguageId language, const Endings& wanted)
      : languages_(languages), language_(language), wanted_(wanted) {}

  std::vector<std::string> from(StateId start) {
    list_bytes();
    levels_.push_back({{start, 0, 0}});
    if (wanted_.length_min == 0 && languages_.accepting(language_, start)) found_.emplace_back();
    while (found_.size() < wanted_.n_max && levels_.size() <= kLengthMax &&
           looked_at_ < kStatesMax) {
      if (!advance()) break;
    }
    return std::move(found_);
  }

 private:
  struct Step {
    StateId state;
    std::uint32_t before;  // index in the level above
    std::uint8_t byte;
  };

  // One byte of each class first; the others only where several texts are wanted.
  void list_bytes() {
    std::vector<std::uint8_t> others;
    std::array<bool, 256> is_known{};
    for (unsigned byte = first(); byte <= end(); ++byte) {
      const std::uint8_t label = languages_.classes(language_)[byte];
      (is_known[label] ? others : bytes_).push_back(static_cast<std::uint8_t>(byte));
      is_known[label] = true;
    }
    if (wanted_.n_max > 1) bytes_.insert(bytes_.end(), others.begin(), others.end());
  }

  bool advance() {
    std::vector<Step> next;
    std::unordered_set<StateId> seen;
    const bool long_enough = levels_.size() >= wanted_.length_min;
    const std::vector<Step>& last = levels_.back();
    for (std::uint32_t i = 0; i < last.size(); ++i) {
      if (++looked_at_ > kStatesMax) return false;
      for (const std::uint8_t b : bytes_) {
        const StateId state = languages_.step(language_, last[i].state, b);
        if (state == kDead) continue;
        if (long_enough && languages_.accepting(language_, state) &&
            found_.size() < wanted_.n_max) {
          found_.push_back(spell(i, b));
          if (found_.size() == wanted_.n_max) return true;
        }
        if (seen.insert(state).second) next.push_back({state, i, b});
      }
    }
    levels_.push_back(std::move(next));
    return !levels_.back().empty();
  }

  unsigned first() const { return wanted_.printable ? 0x20 : 0x09; }
  unsigned end() const { return wanted_.printable ? 0x7E : 0xFF; }

  std::string spell(std::uint32_t index, std::uint8_t last) const {
    std::string text(1, static_cast<char>(last));
    for (std::size_t level = levels_.size() - 1; level > 0; --level) {
      const Step& step = levels_[level][index];
      text += static_cast<char>(step.byte);
      index = step.before;
    }
    std::ranges::reverse(text);
    return text;
  }

  Languages& languages_;
  const LanguageId language_;
  const Endings wanted_;
  std::vector<std::uint8_t> bytes_;  // to go on with
  std::vector<std::vector<Step>> levels_;
  std::vector<std::string> found_;
  std::size_t looked_at_ = 0;
};

std::string in_quotes(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

bool Closing::is_over(const std::vector<Cursor>& cursors) const {
  return std::ranges::any_of(cursors, [](const Cursor& cursor) {
    return cursor.mode == Mode::Token || (cursor.mode == Mode::Ended && cursor.frame == 0);
  });
}

void Closing::add_texts(const Cursor& cursor, bool is_quoted, std::vector<std::string>& moves) {
  Machine& machine = runner_.machine();
  Languages& languages = machine.languages();
  if (cursor.state == kDead) return;
  const bool is_text = cursor.mode == Mode::Text;
  const std::uint32_t length_min = is_text ? languages.length_min(cursor.machine) : 0;
  const std::uint32_t missing = length_min > cursor.count ? length_min - cursor.count : 0;
  const bool may_vary = cursor.mode != Mode::Scan && (!is_text || !machine.indifferent(cursor));
  Texts texts(languages, cursor.machine,
              {.n_max = may_vary ? kTextsMax : 1, .length_min = missing, .printable = is_quoted});
  for (std::string& text : texts.from(cursor.state))
    moves.push_back(is_quoted ? in_quotes(text) : std::move(text));
}

// Keys whose values can be scalars come first: the others may go on for ever.
void Closing::add_key(const Cursor& cursor, std::vector<std::string>& moves) {
  Shapes& shapes = runner_.machine().shapes();
  const ShapeId shape = runner_.arena().at(cursor.frame).shape;
  std::vector<std::string> nested;
  for (std::uint32_t key = cursor.lo; key < cursor.hi; ++key) {
    const std::string_view name = shapes.table(shape).keys[key];
    const bool is_seen = (runner_.arena().words(cursor.frame)[key >> 6] >> (key & 63) & 1) != 0;
    if (is_seen || name.size() < cursor.depth) continue;
    const Child& child = shapes.child(shapes.key_child(shape, key));
    if (!child.possible) continue;
    constexpr KindSet kNested = only(Kind::Record) | only(Kind::List);
    const bool is_nested = (shapes.kinds(child.goal).possible & ~kNested) == 0;
    (is_nested ? nested : moves).push_back(in_quotes(name.substr(cursor.depth)));
  }
  moves.insert(moves.end(), nested.begin(), nested.end());
  add_texts(cursor, /*is_quoted=*/true, moves);
}

void Closing::add_value(const Cursor& cursor, std::vector<std::string>& moves) {
  Shapes& shapes = runner_.machine().shapes();
  const GoalKinds kinds = shapes.kinds(cursor.machine);
  const auto may_be = [&](Kind kind) { return (kinds.possible & only(kind)) != 0; };
  if (may_be(Kind::Null)) moves.emplace_back("null");
  if (may_be(Kind::True)) moves.emplace_back("true");
  if (may_be(Kind::False)) moves.emplace_back("false");
  if (may_be(Kind::Text)) moves.emplace_back("\"");
  if (may_be(Kind::Number)) {
    Languages& languages = runner_.machine().languages();
    Texts numbers(languages, kinds.number,
                  {.n_max = kTextsMax, .length_min = 0, .printable = true});
    for (std::string& number : numbers.from(languages.start(kinds.number)))
      moves.push_back(std::move(number));
  }
  if (may_be(Kind::List)) moves.emplace_back("[");
  if (may_be(Kind::Record)) moves.emplace_back("{");
}

void Closing::add_items(const Cursor& cursor, std::vector<std::string>& moves) {
  moves.emplace_back("]");
  Shapes& shapes = runner_.machine().shapes();
  Cursor item = cursor;
  item.machine = shapes.child(shapes.item_child(runner_.arena().at(cursor.frame).shape, 0)).goal;
  if (item.machine != kNone) add_value(item, moves);
}

void Closing::add_moves(const Cursor& cursor, std::vector<std::string>& moves) {
  const auto add = [&](std::initializer_list<const char*> texts) {
    moves.insert(moves.end(), texts.begin(), texts.end());
  };
  switch (cursor.mode) {
    case Mode::Text:
    case Mode::InKey:
      if (cursor.lex != Lex::Plain) {  // inside an escape or a character: any way out of it
        for (const char c : std::string_view("\"\\/nrtbfu0123456789abcdef"))
          moves.emplace_back(1, c);
        for (char c = '\x80'; c < '\xC0'; ++c) moves.emplace_back(1, c);
      } else if (cursor.mode == Mode::InKey) {
        add_key(cursor, moves);
      } else {
        add_texts(cursor, /*is_quoted=*/true, moves);
      }
      return;
    case Mode::Number:
      // Numbers are written whole, so only one that was begun before may have to go on.
      add({"}", "]", ","});
      if (is_first_) add_texts(cursor, /*is_quoted=*/false, moves);
      return;
    case Mode::Literal: {
      const Kind kind = static_cast<Kind>(cursor.lo);
      const std::string_view text = kind == Kind::Null    ? "null"
                                    : kind == Kind::False ? "false"
                                                          : "true";
      moves.emplace_back(text.substr(cursor.state));
      return;
    }
    case Mode::Value: return add_value(cursor, moves);
    case Mode::KeyOrClose: return add({"}", "\""});
    case Mode::Key: return add({"\""});
    case Mode::Colon: return add({":"});
    case Mode::ItemOrClose: return add_items(cursor, moves);
    case Mode::Separator: return add({"}", "]", ","});
    case Mode::Scan: return add_texts(cursor, /*is_quoted=*/false, moves);
    case Mode::Ended:
    case Mode::Token: return;
  }
}

std::vector<std::string> Closing::moves(const std::vector<Cursor>& cursors) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < std::min(cursors.size(), kCursorsMax); ++i)
    add_moves(cursors[i], all);
  std::erase(all, "");
  return all;
}

bool Closing::take(const std::vector<Cursor>& from, std::string_view move,
                   std::vector<Cursor>& to) {
  std::vector<Cursor> cursors = from;
  std::size_t first = 0;
  for (const char c : move) {
    const std::size_t last = cursors.size();
    if (!runner_.step(cursors, first, last, static_cast<std::uint8_t>(c))) return false;
    first = last;
  }
  to.assign(cursors.begin() + static_cast<std::ptrdiff_t>(first), cursors.end());
  return true;
}

std::size_t Closing::depth(const std::vector<Cursor>& cursors) const {
  std::size_t least = SIZE_MAX;
  for (const Cursor& cursor : cursors) {
    least = std::min<std::size_t>(least,
                                  cursor.frame == 0 ? 0 : runner_.arena().at(cursor.frame).depth);
  }
  return least;
}

// Wider and wider: the first way in may go on for ever, where another is short.
std::optional<std::string> Closing::find(const std::vector<Cursor>& from, std::size_t bytes_max,
                                         std::size_t attempts_max) {
  constexpr std::size_t kFirstBytes = 64, kTries = 6;
  const std::size_t depth_now = depth(from);
  std::size_t bytes = kFirstBytes;
  for (std::size_t i = 0; i < kTries; ++i, bytes *= 2) {
    const Bounds bounds{std::min(bytes, bytes_max), depth_now + (std::size_t{1} << i) - 1,
                        attempts_max / 4};
    if (auto text = search(from, bounds)) return text;
  }
  return search(from, {bytes_max, SIZE_MAX, attempts_max / 2});
}

std::optional<std::string> Closing::search(const std::vector<Cursor>& from, const Bounds& bounds) {
  Arena& arena = runner_.arena();
  const std::size_t mark = arena.mark();
  std::size_t fuel = bounds.attempts;
  std::string text;
  std::vector<Level> path;
  is_first_ = true;
  path.push_back({.cursors = from, .moves = moves(from), .arena = mark});
  is_first_ = false;
  bool found = is_over(from);
  const std::size_t work_max = runner_.work() + kWorkMax;
  while (!found && !path.empty() && fuel > 0 && runner_.work() < work_max) {
    --fuel;
    Level& at = path.back();
    text.resize(at.text_size);
    arena.release(at.arena);
    if (at.next == at.moves.size() || text.size() > bounds.bytes) {
      path.pop_back();
      continue;
    }
    const std::string& move = at.moves[at.next++];
    Level next;
    if (!take(at.cursors, move, next.cursors) || depth(next.cursors) > bounds.depth) continue;
    text += move;
    found = is_over(next.cursors);
    next.moves = moves(next.cursors);
    fuel -= std::min(fuel, next.moves.size() / kMovesPerAttempt);
    next.text_size = text.size();
    next.arena = arena.mark();
    path.push_back(std::move(next));
  }
  arena.release(mark);
  if (!found) return std::nullopt;
  return text;
}

}  // namespace engine::grammar
