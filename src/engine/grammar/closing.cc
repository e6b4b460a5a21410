#include "engine/grammar/closing.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

#include <fmt/format.h>

#include "engine/grammar/position.h"
#include "engine/grammar/texts.h"
#include "engine/grammar/thread_time.h"

namespace engine::grammar {
namespace {

constexpr std::size_t kMovesPerAttempt = 32;  // that are made in the time of one that is tried
constexpr std::size_t kWorkMax = 50'000;      // places of rules in one search
constexpr std::size_t kCursorsMax = 16;       // of an ambiguous grammar that are looked at
// Tried among items that must differ: so many more than there are already, unless those are many.
constexpr std::size_t kMoreTexts = 40;
constexpr std::size_t kTakenTriedMax = 128;
constexpr std::size_t kTextsAfterMany = 8;
// Keys tried at one place, in looks at rules.
constexpr std::size_t kKeyWorkMax = 20'000;
constexpr std::size_t kKeysMin = 4;
constexpr std::size_t kWorkPerTextsMax = 200'000;  // between two looks at the clock

std::string in_quotes(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// Whether it does not matter at all which value stands at the cursor, as long as it is one.
bool any_value_will_do(Runner& runner, const Cursor& cursor, ChildId child) {
  if (cursor.frame == 0) return true;
  const Frame& frame = runner.arena().at(cursor.frame);
  if (frame.kind == FrameKind::Call) return true;
  const Shapes& shapes = runner.machine().shapes();
  if (frame.digesting || shapes.shape(frame.shape).unique) return false;
  return shapes.child(child).fates.empty() && shapes.child(child).contains.empty();
}

}  // namespace

std::optional<WayOut> WayOut::after(std::string_view bytes) const {
  if (!text.starts_with(bytes)) return std::nullopt;
  WayOut rest{text.substr(bytes.size()), {}};
  for (const Pass& pass : passes) {
    if (pass.bytes_left <= rest.text.size()) rest.passes.push_back(pass);
  }
  return rest;
}

bool Closing::is_over(const std::vector<Cursor>& cursors) const {
  return std::ranges::any_of(cursors, [](const Cursor& cursor) {
    return cursor.mode == Mode::Token || (cursor.mode == Mode::Ended && cursor.frame == 0);
  });
}

bool Closing::is_late() {
  constexpr std::uint32_t kAttemptsPerLook = 16;
  if (until_look_ > 0) return --until_look_, false;
  until_look_ = kAttemptsPerLook;
  if (thread_time() < deadline_) return false;
  work_end_ = 0;  // what follows ends at once
  until_look_ = 0;
  return true;
}

std::size_t Closing::work_left() {
  const std::size_t now = runner_.machine().languages().work();
  return now < work_end_ ? work_end_ - now : 0;
}

const std::vector<std::string>& Closing::texts(LanguageId language, StateId state,
                                               WantedTexts wanted) {
  const auto n_max = static_cast<std::uint32_t>(wanted.n_max * 2 + wanted.is_unicode);
  const std::array key{language, state, n_max, wanted.points_min, wanted.points_max};
  auto known = texts_.find(key);
  if (known == texts_.end()) {
    wanted.work_max = std::min(work_left(), kWorkPerTextsMax);
    wanted.may_be_long = true;
    auto found = short_texts(runner_.machine().languages(), language, state, wanted);
    known = texts_.emplace(key, std::move(found)).first;
  }
  was_complete_ &= known->second.is_complete;
  return known->second.texts;
}

Closing::Taken Closing::taken(const Cursor& cursor) const {
  const Arena& arena = runner_.arena();
  Taken taken;
  if (cursor.mode == Mode::InKey) {
    taken.n_more = 2;
    for (std::uint32_t key = arena.at(cursor.frame).digests; key != 0; key = arena.linked_next(key))
      ++taken.n;
    return taken;
  }
  for (FrameId id = cursor.frame; id != 0; id = arena.at(id).parent) {
    const Frame& frame = arena.at(id);
    if (frame.kind == FrameKind::Call) break;
    if (runner_.machine().shapes().shape(frame.shape).unique) {
      taken.n_more = kMoreTexts;
      taken.n = std::max<std::size_t>(taken.n, frame.count);
    }
    if (!frame.digesting) break;
  }
  return taken;
}

// One is enough where texts are neither compared nor counted later. Where they are compared, those
// that come after the ones taken before are the likeliest to be new.
void Closing::add_some(LanguageId language, StateId state, WantedTexts wanted, const Taken& taken,
                       bool is_quoted, std::vector<std::string>& moves) {
  wanted.each_verdict = true;
  wanted.is_unicode = is_quoted;
  const bool differ = taken.n_more > 0;
  const std::size_t n_alike = runner_.machine().languages().n_watched(language) > 0 ? 2 : 1;
  wanted.n_max = differ ? std::bit_ceil(taken.n + taken.n_more) : n_alike;
  const std::vector<std::string>& all = texts(language, state, wanted);
  const bool are_few = taken.n < kTakenTriedMax;
  const std::size_t n_tried = !differ   ? all.size()
                              : are_few ? taken.n + taken.n_more
                                        : kTextsAfterMany;
  was_complete_ &= n_tried >= all.size() || are_few;
  for (std::size_t i = 0; i < std::min(n_tried, all.size()); ++i) {
    const std::string& text = all[(taken.n + i) % all.size()];
    moves.push_back(is_quoted ? in_quotes(text) : text);
  }
}

void Closing::add_texts(const Cursor& cursor, bool is_quoted, std::vector<std::string>& moves) {
  const Languages& languages = runner_.machine().languages();
  if (cursor.state == kDead) return;
  WantedTexts wanted;
  if (cursor.mode == Mode::Text) {
    const std::uint32_t least = languages.length_min(cursor.machine);
    const std::uint32_t most = languages.length_max(cursor.machine);
    wanted.points_min = least > cursor.count ? least - cursor.count : 0;
    if (most != kUnbounded) wanted.points_max = most > cursor.count ? most - cursor.count : 0;
  }
  const bool may_repeat = cursor.mode == Mode::Scan;
  add_some(cursor.machine, cursor.state, wanted, may_repeat ? Taken{} : taken(cursor), is_quoted,
           moves);
}

// Required keys come first, then those whose values can be scalars: the others may go on for ever.
// Each costs a look at every rule, so where there are many rules a few keys have to do.
void Closing::add_key(const Cursor& cursor, std::vector<std::string>& moves) {
  Shapes& shapes = runner_.machine().shapes();
  const ShapeId shape = runner_.arena().at(cursor.frame).shape;
  const Table& table = shapes.table(shape);
  const auto is_required = [&](std::uint32_t key) {
    return std::ranges::any_of(shapes.shape(shape).strict, [&](std::uint32_t rule) {
      return std::ranges::binary_search(table.required[rule], key);
    });
  };
  const KeyRange range = runner_.machine().keys_in_turn(cursor.frame, {cursor.lo, cursor.hi});
  keys_.clear();
  for (std::uint32_t key = range.lo; key < range.hi; ++key) {
    const bool is_seen = (runner_.arena().words(cursor.frame)[key >> 6] >> (key & 63) & 1) != 0;
    if (!is_seen && table.keys[key].size() >= cursor.depth) keys_.push_back(key);
  }
  const auto others = std::ranges::stable_partition(keys_, is_required);
  const auto n_required = static_cast<std::size_t>(others.begin() - keys_.begin());
  const std::size_t n_max = kKeysMin + kKeyWorkMax / (shapes.shape(shape).open.size() + 1);
  std::vector<std::string> nested;
  std::size_t n_tried = 0;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (n_tried == n_max) {
      was_complete_ = false;
      break;
    }
    const Child& child = shapes.child(shapes.key_child(shape, keys_[i]));
    if (!child.possible) continue;
    ++n_tried;
    constexpr KindSet kNested = only(Kind::Record) | only(Kind::List);
    const bool is_nested = (shapes.kinds(child.goal).possible & ~kNested) == 0;
    (i >= n_required && is_nested ? nested : moves)
        .push_back(in_quotes(table.keys[keys_[i]].substr(cursor.depth)));
  }
  moves.insert(moves.end(), nested.begin(), nested.end());
  add_texts(cursor, /*is_quoted=*/true, moves);
}

void Closing::add_value(const Cursor& cursor, std::vector<std::string>& moves) {
  Shapes& shapes = runner_.machine().shapes();
  const GoalKinds kinds = shapes.kinds(cursor.machine);
  const std::size_t n_before = moves.size();
  const auto may_be = [&](Kind kind) { return (kinds.possible & only(kind)) != 0; };
  if (may_be(Kind::Null)) moves.emplace_back("null");
  if (may_be(Kind::True)) moves.emplace_back("true");
  if (may_be(Kind::False)) moves.emplace_back("false");
  if (may_be(Kind::Text)) moves.emplace_back("\"");
  if (may_be(Kind::Number)) {
    const StateId start = runner_.machine().languages().start(kinds.number);
    add_some(kinds.number, start, {}, taken(cursor), /*is_quoted=*/false, moves);
  }
  // Further ways to the same place are not worth their search.
  const ChildId child = cursor.mode == Mode::ItemOrClose || cursor.frame == 0
                            ? cursor.lo
                            : runner_.arena().at(cursor.frame).child;
  const bool is_enough = moves.size() > n_before && any_value_will_do(runner_, cursor, child);
  if (is_enough) return moves.resize(n_before + 1);
  if (may_be(Kind::List)) moves.emplace_back("[");
  if (may_be(Kind::Record)) moves.emplace_back("{");
}

void Closing::add_items(const Cursor& cursor, std::vector<std::string>& moves) {
  moves.emplace_back("]");
  Shapes& shapes = runner_.machine().shapes();
  Cursor item = cursor;
  item.lo = shapes.item_child(runner_.arena().at(cursor.frame).shape, 0);
  item.machine = shapes.child(item.lo).goal;
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
std::optional<WayOut> Closing::find(const std::vector<Cursor>& from, const Limits& limits,
                                    const WayOut* former) {
  constexpr std::size_t kFirstBytes = 64, kTries = 6;
  attempts_ = 0;
  texts_.clear();
  work_end_ = runner_.machine().languages().work() + limits.work;
  deadline_ = thread_time() + limits.time;
  until_look_ = 0;
  const std::size_t depth_now = depth(from);
  std::size_t bytes = kFirstBytes;
  for (std::size_t i = 0; i < kTries; ++i, bytes *= 2) {
    const Bounds bounds{std::min(bytes, limits.bytes), depth_now + (std::size_t{1} << i) - 1,
                        limits.attempts >> (kTries + 1 - i)};
    if (auto found = search(from, bounds, former)) return found;
  }
  return search(from, {limits.bytes, SIZE_MAX, limits.attempts / 2}, former);
}

WayOut Closing::way_out(const std::vector<Level>& path, const std::string& text) {
  WayOut found{text, {}};
  for (const Level& level : path) {
    if (level.position) found.passes.push_back({*level.position, text.size() - level.text_size});
  }
  return found;
}

// The path's last position is one that the former way out leads through.
std::optional<WayOut> Closing::join(const std::vector<Level>& path, const std::string& text,
                                    const WayOut& former) {
  const Level& last = path.back();
  const auto pass = std::ranges::find(former.passes, *last.position, &WayOut::Pass::position);
  if (pass == former.passes.end()) return std::nullopt;
  const std::string_view rest =
      std::string_view(former.text).substr(former.text.size() - pass->bytes_left);
  // Positions are told apart by what they allow as far as that matters mostly: go and see.
  std::vector<Cursor> end;
  const std::size_t mark = runner_.arena().mark();
  const bool arrives = rest.empty() || (take(last.cursors, rest, end) && is_over(end));
  runner_.arena().release(mark);
  if (!arrives) return std::nullopt;
  WayOut found = way_out(path, text + std::string(rest));
  for (auto later = pass + 1; later != former.passes.end(); ++later) found.passes.push_back(*later);
  return found;
}

std::optional<WayOut> Closing::search(const std::vector<Cursor>& from, const Bounds& bounds,
                                      const WayOut* former) {
  Arena& arena = runner_.arena();
  const std::size_t mark = arena.mark();
  std::size_t fuel = bounds.attempts;
  std::string text;
  std::vector<Level> path;
  seen_.clear();
  was_complete_ = true;
  is_first_ = true;
  path.push_back({.cursors = from, .moves = moves(from), .arena = mark, .position = {}});
  is_first_ = false;
  std::optional<WayOut> found;
  if (is_over(from)) found.emplace();
  const std::size_t work_max = runner_.work() + kWorkMax;
  while (!found && !path.empty() && fuel > 0 && runner_.work() < work_max && work_left() > 0 &&
         !is_late()) {
    --fuel;
    ++attempts_;
    Level& at = path.back();
    text.resize(at.text_size);
    arena.release(at.arena);
    if (at.next == at.moves.size() || text.size() > bounds.bytes) {
      was_complete_ &= at.next == at.moves.size();
      path.pop_back();
      continue;
    }
    const std::string& move = at.moves[at.next++];
    Level next;
    if (!take(at.cursors, move, next.cursors)) continue;
    const bool is_lost = std::ranges::all_of(next.cursors, [&](const Cursor& cursor) {
      return cursor.mode == Mode::Text && !runner_.machine().can_end_text(cursor);
    });
    if (is_lost) continue;
    if (depth(next.cursors) > bounds.depth) {
      was_complete_ = false;
      continue;
    }
    text += move;
    next.position = position_digest(runner_, next.cursors);
    if (next.position) {
      const auto [known, is_new] = seen_.try_emplace(*next.position, text.size());
      if (!is_new && known->second <= text.size()) continue;
      known->second = text.size();
    }
    next.text_size = text.size();
    const bool is_end = is_over(next.cursors);
    if (!is_end) next.moves = moves(next.cursors);
    fuel -= std::min(fuel, next.moves.size() / kMovesPerAttempt);
    next.arena = arena.mark();
    path.push_back(std::move(next));
    if (is_end) {
      found = way_out(path, text);
    } else if (former && path.back().position) {
      found = join(path, text, *former);
    }
  }
  arena.release(mark);
  if (!found) was_complete_ &= path.empty();
  return found;
}

}  // namespace engine::grammar
