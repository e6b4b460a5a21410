#include "engine/grammar/matcher.h"

#include <algorithm>
#include <unordered_map>

#include "base/check.h"
#include "engine/grammar/closing.h"

namespace engine::grammar {
namespace {

constexpr std::size_t kRollbackMax = 64;
constexpr std::size_t kWayOutBytesMax = 16 * 1024;
constexpr std::size_t kWayOutAttempts = 2'000;
constexpr std::size_t kCompletionAttempts = 8'000;
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
      marks_(vocabulary_->suffixes().size()),
      scratch_(vocabulary_->n_words()) {}

Matcher& Matcher::operator=(const Matcher& other) {
  CHECK(grammar_ == other.grammar_ && vocabulary_ == other.vocabulary_);
  arena_ = other.arena_;
  cursors_ = other.cursors_;
  history_ = other.history_;
  compacted_bytes_ = other.compacted_bytes_;
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
  if (!bytes.empty()) return advance(bytes);
  stack_.assign(cursors_.begin(), cursors_.end());
  const std::size_t first = stack_.size();
  if (!runner_.step_token(stack_, 0, first, token)) return false;
  remember();
  cursors_.assign(stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
  return true;
}

bool Matcher::is_risky() const {
  const Shapes& shapes = grammar_->parts_.tables->shapes;
  return std::ranges::any_of(cursors_, [&](const Cursor& cursor) {
    for (FrameId id = cursor.frame; id != 0; id = arena_.at(id).parent) {
      const Frame& frame = arena_.at(id);
      if (frame.kind != FrameKind::Call && shapes.shape(frame.shape).risky) return true;
    }
    return false;
  });
}

bool Matcher::accept_with_a_way_out(TokenId token) {
  if (!accept(token)) return false;
  {
    std::scoped_lock lock(grammar_->mutex_);
    if (!is_risky()) return true;
    if (Closing(runner_).find(cursors_, kWayOutBytesMax, kWayOutAttempts)) return true;
  }
  rollback(1);
  return false;
}

bool Matcher::accept_bytes(std::string_view bytes) {
  std::scoped_lock lock(grammar_->mutex_);
  return advance(bytes);
}

void Matcher::rollback(std::size_t n) {
  CHECK(n <= history_.size());
  if (n == 0) return;
  cursors_ = history_[history_.size() - n].cursors;
  history_.resize(history_.size() - n);
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

std::optional<std::string> Matcher::completion(std::size_t bytes_max) {
  std::scoped_lock lock(grammar_->mutex_);
  return Closing(runner_).find(cursors_, bytes_max, kCompletionAttempts);
}

}  // namespace engine::grammar
