// Runs a whole grammar: rules above, value machines inside. Where rules are ambiguous there are
// several cursors at once; for a plain value there is one.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/grammar/machine.h"
#include "engine/grammar/rules.h"

namespace engine::grammar {

// Borrows everything. Single-threaded.
class Runner {
 public:
  Runner(Tables& tables, const Rules& rules, Arena& arena, Spacing spacing)
      : tables_(tables), rules_(rules), arena_(arena), machine_(tables, arena, spacing) {}

  // The cursors before the first byte.
  void begin(RuleId start, std::vector<Cursor>& out);
  // Steps cursors[first, last) over a byte and appends what comes of them; false when nothing does.
  bool step(std::vector<Cursor>& cursors, std::size_t first, std::size_t last, std::uint8_t byte);
  // The same over a special token.
  bool step_token(std::vector<Cursor>& cursors, std::size_t first, std::size_t last,
                  std::uint32_t token);
  // Appends what follows a value or a terminal that may be over at the cursor.
  void follow(Cursor cursor, std::vector<Cursor>& out);

  // Whether bytes may follow the terminal at the cursor once it is over; only control tokens and
  // the end may otherwise.
  bool reads_after(const Cursor& scan);

  // How many places have been looked at; what walks far with an ambiguous grammar bounds it.
  std::size_t work() const { return work_; }

  Machine& machine() { return machine_; }
  Arena& arena() { return arena_; }

 private:
  void begin_step(std::size_t floor);
  bool reach_first(std::uint64_t place_and_frame);
  void reach(PlaceId place, FrameId frame, std::vector<Cursor>& out);
  void add(const Cursor& cursor, std::vector<Cursor>& out);
  void settle(const Cursor& cursor, std::vector<Cursor>& out);
  FrameId call(FrameId parent, PlaceId to);

  Tables& tables_;
  const Rules& rules_;
  Arena& arena_;
  Machine machine_;
  std::size_t work_ = 0;
  std::size_t floor_ = 0;                            // where this step's cursors begin in `out`
  std::vector<std::uint64_t> reached_;               // place << 32 | frame, of this step
  std::unordered_set<std::uint64_t> reached_index_;  // the same, where they are many
  std::vector<std::pair<std::uint64_t, FrameId>> calls_;    // parent << 32 | place, its frame
  std::unordered_map<std::uint64_t, FrameId> calls_index_;  // the same, where they are many
};

}  // namespace engine::grammar
