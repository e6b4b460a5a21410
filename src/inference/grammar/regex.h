// Regular expressions in the ECMA-262 dialect that JSON Schema uses, as terms: linear-time, with
// lookahead, without backreferences, lookbehind and word boundaries.
#pragma once

#include <string_view>

#include "base/error.h"
#include "engine/grammar/term.h"

namespace inference::grammar {

struct RegexOptions {
  bool whole = false;        // the whole text must match, not some part of it
  bool ignore_case = false;  // of ASCII letters
  bool dot_all = false;      // . includes line ends
};

// The language of the texts that match. Fails with Unsupported for what is not regular or not done,
// with InvalidRequest for what is no regular expression; the message says where.
Result<engine::grammar::TermId> regex_term(engine::grammar::Terms& terms, std::string_view pattern,
                                           RegexOptions options = {});

}  // namespace inference::grammar
