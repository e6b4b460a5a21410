// Follows one JSON value byte by byte, as it is generated, and says where it ends.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace inference::output {

class JsonScanner {
 public:
  enum class State { More, Done, Bad };

  // Takes bytes from the front of `text` and appends them to `out` as valid JSON: line ends and
  // tabs inside strings, which models write raw, are escaped. Stops after the value's last byte, or
  // before the first that cannot be part of it.
  State scan(std::string_view& text, std::string& out);
  // The text is over: a number may have been complete.
  State finish();

 private:
  enum class Expect { Value, FirstKey, Key, Colon, CommaOrEnd, FirstElement, Nothing };

  bool take(char c, std::string& out);
  bool structure(char c);
  bool in_string(char c, std::string& out);
  bool end_word();
  void value_ended();

  Expect expect_ = Expect::Value;
  std::string open_;  // '{' and '[' around the current place
  std::string word_;  // a number or literal so far
  bool in_string_ = false;
  bool string_is_key_ = false;
  bool escaped_ = false;
  int hex_digits_ = 0;  // still to come of a \u escape
  bool bad_ = false;
};

}  // namespace inference::output
