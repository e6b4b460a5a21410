// The space clean-up that decoding does for models whose training data had it.
#pragma once

#include <string>

namespace engine::tokenizer {

// Removes spaces before ?!., and before 's 'm 're 've, and around a lone apostrophe.
void clean_spaces(std::string& text);

}  // namespace engine::tokenizer
