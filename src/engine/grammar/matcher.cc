#include "engine/grammar/matcher.h"

#include <algorithm>
#include <unordered_map>

#include "base/check.h"

namespace engine::grammar {
namespace {

constexpr std::size_t kRollbackMax = 64;
// Steps of searches: from one token, from all tokens at one position, from the position itself.
constexpr std::size_t kWayOutBytesMax = 64 * 1024;
constexpr std::size_t kWayOutAttempts = 4'000;
constexpr std::size_t kWayOutAttemptsHere = 8'000;
constexpr std::size_t kWayOutFailuresHere = 16;
constexpr std::size_t kWayOutWork = 20'000;
constexpr std::size_t kCompletionAttempts = 30'000;
constexpr std::uint16_t kDepthSafe = 150;  // values that are nested deeper need not find an end
constexpr std::size_t kCompactBytes = 256 * 1024;  // garbage that is worth a copy of the rest

// Copies frames and the lists they name into another arena, each once.
class FrameCopier {
 public:
  FrameCopier(const Arena& from, Arena& to) : from_(from), to_(to) {}

  FrameId copy(FrameId id) {
    std::vector<FrameId> chain;
    while (id != 0 && !copied_.contains(id)) {
      chain.push_back(id);
      id = from_.at(id).parent;
    }
    FrameId parent = id == 0 ? 0 : copied_.at(id);
    for (; !chain.empty(); chain.pop_back()) {
      Frame frame = from_.at(chain.back());
      frame.parent = parent;
      frame.digests = copy_list(frame.digests);
      parent = to_.push(frame);
      std::copy_n(from_.words(chain.back()), frame.n_words, to_.words(parent));
      copied_.emplace(chain.back(), parent);
    }
    return parent;
  }

 private:
  std::uint32_t copy_list(std::uint32_t list) {
    std::vector<std::uint32_t> chain;
    while (list != 0 && !lists_.contains(list)) {
      chain.push_back(list);
      list = from_.linked_next(list);
    }
    std::uint32_t next = list == 0 ? 0 : lists_.at(list);
    for (; !chain.empty(); chain.pop_back()) {
      next = to_.link(from_.linked_digest(chain.back()), next);
      lists_.emplace(chain.back(), next);
    }
    return next;
  }

  const Arena& from_;
  Arena& to_;
  std::unordered_map<FrameId, FrameId> copied_;
  std::unordered_map<std::uint32_t, std::uint32_t> lists_;
};

}  // namespace

Matcher::Matcher(std::shared_ptr<const Grammar> grammar,
                 std::shared_ptr<const Vocabulary> vocabulary)
    : grammar_(std::move(grammar)),
      vocabulary_(std::move(vocabulary)),
      runner_(*grammar_->parts_.tables, grammar_->parts_.rules, arena_, grammar_->parts_.spacing),
      marks_(vocabulary_->suffixes().size()),
      scratch_(vocabulary_->n_words()) {
  std::scoped_lock lock(grammar_->mutex_);
  runner_.begin(grammar_->parts_.start, cursors_);
}

Matcher::Matcher(const Matcher& other)
    : grammar_(other.grammar_),
      vocabulary_(other.vocabulary_),
      arena_(other.arena_),
      runner_(*grammar_->parts_.tables, grammar_->parts_.rules, arena_, grammar_->parts_.spacing),
      cursors_(other.cursors_),
      history_(other.history_),
      compacted_bytes_(other.compacted_bytes_),
      way_out_(other.way_out_),
      marks_(vocabulary_->suffixes().size()),
      scratch_(vocabulary_->n_words()) {}

Matcher& Matcher::operator=(const Matcher& other) {
  CHECK(grammar_ == other.grammar_ && vocabulary_ == other.vocabulary_);
  arena_ = other.arena_;
  cursors_ = other.cursors_;
  history_ = other.history_;
  compacted_bytes_ = other.compacted_bytes_;
  way_out_ = other.way_out_;
  tried_.reset();
  return *this;
}

bool Matcher::advance(std::string_view bytes) {
  stack_.assign(cursors_.begin(), cursors_.end());
  const std::size_t mark = arena_.mark();
  std::size_t first = 0;
  for (const char c : bytes) {
    const std::size_t last = stack_.size();
    if (!runner_.step(stack_, first, last, static_cast<std::uint8_t>(c))) {
      arena_.release(mark);
      return false;
    }
    first = last;
  }
  remember();
  cursors_.assign(stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
  compact();
  return true;
}

void Matcher::remember() {
  if (history_.size() == kRollbackMax) {
    std::rotate(history_.begin(), history_.begin() + 1, history_.end());
    history_.back().cursors.assign(cursors_.begin(), cursors_.end());
  } else {
    history_.push_back({cursors_});
  }
}

void Matcher::compact() {
  if (arena_.mark() * sizeof(std::uint64_t) < 2 * compacted_bytes_ + kCompactBytes) return;
  Arena fresh;
  FrameCopier copier(arena_, fresh);
  for (Cursor& cursor : cursors_) cursor.frame = copier.copy(cursor.frame);
  for (Past& past : history_) {
    for (Cursor& cursor : past.cursors) cursor.frame = copier.copy(cursor.frame);
  }
  arena_ = std::move(fresh);
  compacted_bytes_ = arena_.mark() * sizeof(std::uint64_t);
}

bool Matcher::accept(TokenId token) {
  if (token >= vocabulary_->n_tokens()) return false;
  std::scoped_lock lock(grammar_->mutex_);
  const std::string_view bytes = vocabulary_->bytes(token);
  if (bytes.empty()) {
    stack_.assign(cursors_.begin(), cursors_.end());
    const std::size_t first = stack_.size();
    if (!runner_.step_token(stack_, 0, first, token)) return false;
    remember();
    cursors_.assign(stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
    way_out_.reset();
  } else {
    if (!advance(bytes)) return false;
    if (tried_ && tried_->token == token) {
      way_out_ = std::move(tried_->way_out);
    } else if (way_out_) {
      way_out_ = way_out_->after(bytes);
    }
  }
  tried_.reset();
  attempts_here_ = 0;
  looked_here_ = false;
  return true;
}

bool Matcher::needs_proof_locked() {
  Tables& tables = *grammar_->parts_.tables;
  if (tables.has_dead_ends() || tables.languages.any_uncertain()) return true;
  return std::ranges::any_of(cursors_, [&](const Cursor& cursor) {
    return cursor.frame != 0 && arena_.at(cursor.frame).depth > kDepthSafe;
  });
}

bool Matcher::needs_proof() {
  std::scoped_lock lock(grammar_->mutex_);
  return needs_proof_locked();
}

// Finds `way_out_` where one is needed.
bool Matcher::leads_out(const WayOut* former) {
  std::scoped_lock lock(grammar_->mutex_);
  if (way_out_) return true;
  const bool any_alive = std::ranges::any_of(cursors_, [&](const Cursor& cursor) {
    return cursor.mode != Mode::Text || runner_.machine().can_end_text(cursor);
  });
  if (!any_alive) return false;
  if (!needs_proof_locked()) return true;
  if (attempts_here_ >= kWayOutAttemptsHere) return false;
  Closing closing(runner_);
  way_out_ = closing.find(cursors_, {kWayOutBytesMax, kWayOutAttempts, kWayOutWork}, former);
  // Searches that fail are also bounded in number: few attempts can be dear ones.
  if (!way_out_)
    attempts_here_ += std::max(closing.attempts(), kWayOutAttemptsHere / kWayOutFailuresHere);
  return way_out_.has_value();
}

// Before a token leads away from here: a way out of here, once, is where its search begins.
void Matcher::find_way_out_here() {
  if (way_out_ || looked_here_) return;
  std::scoped_lock lock(grammar_->mutex_);
  if (!needs_proof_locked()) return;
  looked_here_ = true;
  const bool is_start = history_.empty();
  std::optional<WayOut>& known = grammar_->way_out_;
  if (is_start && known) {
    way_out_ = known;
    return;
  }
  way_out_ = Closing(runner_).find(cursors_, {kWayOutBytesMax, kCompletionAttempts});
  if (is_start) known = way_out_;
}

bool Matcher::permits(TokenId token) {
  if (tried_ && tried_->token == token) return true;
  find_way_out_here();
  const std::optional<WayOut> here = way_out_;
  const bool looked_here = looked_here_;
  const std::size_t attempts = attempts_here_;
  if (!accept(token)) return can_end() && vocabulary_->is_end(token);
  attempts_here_ = attempts;
  const bool is_permitted = leads_out(here ? &*here : nullptr);
  std::optional<WayOut> there = std::move(way_out_);
  const std::size_t attempts_now = attempts_here_;
  rollback(1);
  way_out_ = here;
  looked_here_ = looked_here;
  attempts_here_ = attempts_now;
  if (is_permitted) tried_ = Tried{token, std::move(there)};
  return is_permitted;
}

bool Matcher::mask_way_out(std::span<std::uint32_t> bits) {
  std::ranges::fill(bits, 0u);
  if (!way_out_) {
    std::scoped_lock lock(grammar_->mutex_);
    if (!looked_here_)
      way_out_ = Closing(runner_).find(cursors_, {kWayOutBytesMax, kCompletionAttempts});
    looked_here_ = true;
  }
  if (!way_out_) return false;
  std::string_view text = way_out_->text;
  if (text.empty()) {
    mask(bits);
    for (TokenId token = 0; token < vocabulary_->n_tokens(); ++token) {
      if (!vocabulary_->bytes(token).empty()) bits[token >> 5] &= ~(1u << (token & 31));
    }
    return true;
  }
  const auto nodes = vocabulary_->nodes();
  std::uint32_t i = 0, end = static_cast<std::uint32_t>(nodes.size());
  for (const char c : text) {
    while (i < end && nodes[i].byte != static_cast<std::uint8_t>(c)) i = nodes[i].end;
    if (i >= end) break;
    if (nodes[i].token >= 0) vocabulary_->allow(static_cast<TokenId>(nodes[i].token), bits);
    end = nodes[i].end;
    ++i;
  }
  return std::ranges::any_of(bits, [](std::uint32_t word) { return word != 0; });
}

bool Matcher::accept_bytes(std::string_view bytes) {
  std::scoped_lock lock(grammar_->mutex_);
  if (!advance(bytes)) return false;
  if (way_out_) way_out_ = way_out_->after(bytes);
  tried_.reset();
  attempts_here_ = 0;
  looked_here_ = false;
  return true;
}

void Matcher::rollback(std::size_t n) {
  CHECK(n <= history_.size());
  if (n == 0) return;
  cursors_ = history_[history_.size() - n].cursors;
  history_.resize(history_.size() - n);
  way_out_.reset();
  tried_.reset();
  attempts_here_ = 0;
  looked_here_ = false;
}

bool Matcher::can_end() const {
  return std::ranges::any_of(cursors_, [](const Cursor& cursor) {
    return cursor.mode == Mode::Ended && cursor.frame == 0;
  });
}

bool Matcher::is_over() const {
  return std::ranges::all_of(cursors_, [](const Cursor& cursor) {
    return cursor.mode == Mode::Ended && cursor.frame == 0;
  });
}

std::optional<std::string> Matcher::completion(std::size_t bytes_max,
                                               std::chrono::nanoseconds time_max) {
  std::scoped_lock lock(grammar_->mutex_);
  std::optional<WayOut>& known = grammar_->way_out_;
  const bool is_start = history_.empty();
  if (is_start && known && known->text.size() <= bytes_max) return known->text;
  Closing closing(runner_);
  const auto found = closing.find(
      cursors_, {.bytes = bytes_max, .attempts = kCompletionAttempts, .time = time_max});
  search_was_complete_ = closing.was_complete();
  if (is_start && found) known = found;
  if (!found) return std::nullopt;
  return found->text;
}

}  // namespace engine::grammar
