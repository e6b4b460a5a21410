// Short texts of a language, and whether there are any: bounded searches by length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/grammar/language.h"

namespace engine::grammar {

struct WantedTexts {
  std::size_t n_max = 1;
  bool each_verdict = false;     // so many for each combination of watched verdicts
  std::uint32_t points_min = 0;  // characters still to come
  std::uint32_t points_max = kUnbounded;
  std::size_t work_max = 20'000;  // derivatives that the search may ask for
  bool is_unicode = true;         // whole characters only; otherwise any bytes, each counted as one
  bool may_be_long = false;       // any one text will do where no short one is found
};

struct ShortTexts {
  std::vector<std::string> texts;
  bool is_complete = true;  // without a text: there is none
};

// The first texts that a language takes from a state on, shortest first; those of printable ASCII
// alone if there are any. Empty when bounded searches find none.
ShortTexts short_texts(Languages& languages, LanguageId language, StateId state,
                       const WantedTexts& wanted);

// Whether a text of the language that has `count` characters and is in this state can be ended
// within the language's lengths. True where a bounded search cannot tell.
bool can_end_text(Languages& languages, LanguageId language, StateId state, std::uint32_t count);

}  // namespace engine::grammar
