// What a person asked, as words to look up and as a shorter question.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vector {

// The words of a text that say what it is about, in lower case, each once; all of them when every
// word is a common one. At most limits::search_words_max.
std::vector<std::string> words_to_find(std::string_view text);

// The question without politeness and question words, as `rewrite_query` asks: "Could you tell me
// what the capital of France is?" becomes "the capital of France".
std::string rewritten(std::string_view question);

}  // namespace vector
