// Vocabularies for tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/grammar/vocabulary.h"

namespace inference::grammar {

// Token 0 ends; 1 + b is the byte b.
inline std::shared_ptr<const engine::grammar::Vocabulary> byte_vocabulary() {
  static const auto vocabulary = [] {
    std::vector<std::string> tokens(1);
    for (int b = 0; b < 256; ++b) tokens.emplace_back(1, static_cast<char>(b));
    const engine::grammar::TokenId end[] = {0};
    return std::make_shared<const engine::grammar::Vocabulary>(tokens, end);
  }();
  return vocabulary;
}

// Bytes, and tokens of several bytes that run across all kinds of borders. Token 1 is special.
inline std::shared_ptr<const engine::grammar::Vocabulary> mixed_vocabulary() {
  static const auto vocabulary = [] {
    std::vector<std::string> tokens(2);
    for (int b = 0; b < 256; ++b) tokens.emplace_back(1, static_cast<char>(b));
    for (const char* text :
         {"\":",      "\": ",     "\",", "\", \"", "{\"",  "[{\"",  "\"}",         "\"]",
          "},",       "]}",       "}}",  "\":\"",  "\":{", "na",    "me",          "name",
          "name\":",  "a\",\"b",  "ab",  "abc",    "id",   "kind",  "\"kind\":\"", "the ",
          " the",     "12",       "123", "1,",     "0,",   ".5",    "null",        "true",
          "true,",    "fal",      "se",  "\\n",    "\\\"", "\\u00", "e9",          "\xC3\xA9",
          "\xF0\x9F", "\x98\x80", "  ",  "\n  ",   "20",   "24-",   "-0",          "T1",
          "a.b",      "@c",       ".de", "http",   "://",  "<tool", "_call>",      "</",
          "x\"}",     "5]",       "aa",  "aaaa"}) {
      tokens.emplace_back(text);
    }
    const engine::grammar::TokenId end[] = {0};
    return std::make_shared<const engine::grammar::Vocabulary>(tokens, end);
  }();
  return vocabulary;
}

}  // namespace inference::grammar
