#include "engine/grammar/example.h"

#include <utility>
#include <vector>

#include "engine/grammar/closing.h"

namespace engine::grammar {
namespace {

constexpr std::size_t kBytesMax = 256 * 1024;
constexpr std::size_t kWorkPerAttempt = 200;  // derivatives

}  // namespace

Example find_example(Tables& tables, NodeId node, std::size_t attempts_max,
                     std::chrono::nanoseconds time_max) {
  Rules rules;
  const RuleId rule = rules.add_rule();
  rules.add_edge(rules.start(rule), {Rules::Read::Value, node, rules.end(rule)});
  rules.close(rule);
  Arena arena;
  Runner runner(tables, rules, arena, kCompact);
  std::vector<Cursor> start;
  runner.begin(rule, start);
  Closing closing(runner);
  auto found = closing.find(start, {.bytes = kBytesMax,
                                    .attempts = attempts_max,
                                    .work = attempts_max * kWorkPerAttempt,
                                    .time = time_max});
  if (!found) return {.text = std::nullopt, .is_certain = closing.was_complete()};
  return {.text = std::move(found->text)};
}

}  // namespace engine::grammar
