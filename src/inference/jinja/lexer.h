// Template source to tokens, with the settings Hugging Face uses: trim_blocks, lstrip_blocks, the
// last line end dropped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace inference::jinja {

struct Token {
  enum class Kind {
    Text,  // outside of tags; white space control is applied
    BlockBegin,
    BlockEnd,
    PrintBegin,
    PrintEnd,
    Name,
    String,   // `text` is the content, escapes resolved
    Integer,  // `text` as written
    Float,
    Operator,
    End,
  };
  Kind kind = Kind::End;
  std::string text;
  int line = 1;
};

// Raises for what no token begins with, and for tags and strings that do not end.
std::vector<Token> tokenize(std::string_view source);

}  // namespace inference::jinja
