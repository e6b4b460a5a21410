// Sets of code points, as character classes of regular expressions need them.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/grammar/term.h"

namespace inference::grammar {

class CodePoints {
 public:
  CodePoints() = default;
  CodePoints(std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> ranges)
      : ranges_(ranges) {}

  void add(std::uint32_t first, std::uint32_t last) { ranges_.emplace_back(first, last); }
  void add(const CodePoints& other) {
    ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
  }
  // Adds the other case of every ASCII letter in the set.
  void ignore_case();
  CodePoints inverted() const;
  // Sorted and disjoint.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> normalised() const;
  engine::grammar::TermId term(engine::grammar::Terms& terms) const;

 private:
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges_;
};

// The code points with a Unicode property, as in \p{Letter}; false when there is no such property.
bool with_property(std::string_view name, CodePoints& out);

}  // namespace inference::grammar
