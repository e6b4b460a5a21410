// Small tasks made by program: sums, spelling, opposites, order, JSON, short texts to read. Each
// call gives one question and its right answer.
#pragma once

#include <string>
#include <vector>

#include "train/talk/talk_file.h"
#include "train/talk/voice.h"

namespace train {

// A small task of a random kind.
Exchange make_task(Voice& voice);
// One whose answer is a single word or number, as {ask, answer}.
Exchange make_short_task(Voice& voice);

// "7" or "seven" are both common: the number as a word, for 0 to 20 and the tens.
std::string number_word(int number);

extern const std::vector<std::string_view> kPeople;

}  // namespace train
