// Grammars that users write as text: regular expressions, GBNF, and Lark's notation.
#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"
#include "engine/grammar/grammar.h"
#include "inference/tool.h"

namespace inference::grammar {

using CompiledGrammar = std::shared_ptr<const engine::grammar::Grammar>;

// The whole generation matches a grammar of any of the notations below.
Result<CompiledGrammar> compile_grammar(const GrammarFormat& format);

// The whole generation matches the expression.
Result<CompiledGrammar> compile_regex(std::string_view pattern);

// The grammars of llama.cpp: `root ::= "a" [b-z]* (rule | "x"){1,3}`, comments after #. Direct left
// recursion is rewritten; other left recursion is refused.
Result<CompiledGrammar> compile_gbnf(std::string_view text);

// Lark: rules `start: NAME "+" term | ...`, terminals in upper case with /regex/flags, priorities,
// %ignore, %import common.NAME, and %json {schema} for a value. Terminals are read wherever their
// text fits: a text is in the language when some division into terminals is.
Result<CompiledGrammar> compile_lark(std::string_view text);

}  // namespace inference::grammar
