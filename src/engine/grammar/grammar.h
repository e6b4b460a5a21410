// A compiled grammar: what texts, values and rules may look like, shared by all who generate by it.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "engine/grammar/closing.h"
#include "engine/grammar/machine.h"
#include "engine/grammar/mask_table.h"
#include "engine/grammar/rules.h"
#include "engine/grammar/vocabulary.h"

namespace engine::grammar {

// Shared by any number of matchers on any threads. Its meaning never changes; the tables behind it
// grow as they are walked, under a lock and within a bound.
class Grammar {
 public:
  struct Parts {
    std::unique_ptr<Tables> tables;
    Rules rules;
    RuleId start = 0;
    Spacing spacing;
  };
  explicit Grammar(Parts parts) : parts_(std::move(parts)) {}

  // A limit on the lazily grown tables was hit: some texts that the grammar has are refused.
  bool exhausted() const;
  // Rough size of what has been built so far.
  std::size_t bytes() const;

 private:
  friend class Matcher;
  MaskTable& masks(const std::shared_ptr<const Vocabulary>& vocabulary) const;

  mutable std::mutex mutex_;
  mutable Parts parts_;                    // under the mutex once matchers exist
  mutable std::optional<WayOut> way_out_;  // from the start, once it has been needed
  mutable std::map<std::shared_ptr<const Vocabulary>, std::unique_ptr<MaskTable>> masks_;
};

}  // namespace engine::grammar
