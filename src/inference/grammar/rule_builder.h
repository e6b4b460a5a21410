// Builds context-free rules of the engine from parts: texts, values, sequences, choices, repeats.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/grammar/grammar.h"
#include "inference/grammar/json_schema.h"

namespace inference::grammar {

// A stretch of rules with one beginning and one end.
struct Fragment {
  engine::grammar::PlaceId from = 0;
  engine::grammar::PlaceId to = 0;
};

// Used by one compiler; `finish` ends it. Every fragment is used once.
class RuleBuilder {
 public:
  RuleBuilder() : tables_(new_tables()) { terms().set_deadline(compile_deadline()); }

  engine::grammar::Terms& terms() { return tables_->terms; }
  engine::grammar::Tables& tables() { return *tables_; }

  Fragment nothing();
  Fragment text(engine::grammar::TermId term);
  Fragment literal(std::string_view text) { return this->text(terms().literal(text)); }
  Fragment token(std::uint32_t token);
  Fragment value(engine::grammar::NodeId node);
  Fragment sequence(std::span<const Fragment> parts);
  Fragment sequence(std::initializer_list<Fragment> parts) {
    return sequence(std::span(parts.begin(), parts.size()));
  }
  Fragment choice(std::span<const Fragment> options);
  // `make` gives a fresh copy of what is repeated; counts above a few hundred are refused by
  // callers.
  template <class Make>
  Fragment repeat(Make&& make, std::uint32_t count_min, std::uint32_t count_max) {
    std::vector<Fragment> parts;
    for (std::uint32_t i = 0; i < count_min; ++i) parts.push_back(make());
    if (count_max == engine::grammar::kUnbounded) {
      parts.push_back(any_number(make()));
    } else {
      Fragment rest = nothing();
      for (std::uint32_t i = count_min; i < count_max; ++i)
        rest = optional(sequence({make(), rest}));
      parts.push_back(rest);
    }
    return sequence(parts);
  }
  Fragment any_number(Fragment part);
  Fragment optional(Fragment part);

  engine::grammar::RuleId add_rule() { return rules_.add_rule(); }
  Fragment call(engine::grammar::RuleId rule);
  void define(engine::grammar::RuleId rule, Fragment body);

  std::size_t size() const { return rules_.n_places(); }
  engine::grammar::RuleId left_recursive() const { return rules_.left_recursive(tables_->terms); }
  std::shared_ptr<const engine::grammar::Grammar> finish(engine::grammar::RuleId start,
                                                         Whitespace whitespace);

 private:
  Fragment edge(engine::grammar::Rules::Read read, std::uint32_t what);
  void jump(engine::grammar::PlaceId from, engine::grammar::PlaceId to);

  std::unique_ptr<engine::grammar::Tables> tables_;
  engine::grammar::Rules rules_;
};

}  // namespace inference::grammar
