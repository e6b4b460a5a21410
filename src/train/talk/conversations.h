// Puts questions and answers together into whole conversations: several turns, instructions at the
// start, things to remember on the way.
#pragma once

#include <string>
#include <vector>

#include "train/data/document.h"
#include "train/talk/talk_file.h"
#include "train/talk/voice.h"

namespace train {

struct Country {
  std::string name;
  std::string capital;
  std::string continent;
  bool well_known = false;
};

// All that generated conversations are made from.
struct Knowledge {
  std::vector<Topic> small_talk;
  std::vector<Topic> facts;
  std::vector<Topic> advice;
  std::vector<Country> countries;
};

// One conversation of a random kind.
Document make_conversation(const Knowledge& knowledge, Voice& voice);

// A usual instruction like "You are a helpful assistant.", before a quarter of conversations.
void maybe_instruct(Document& document, Voice& voice);

}  // namespace train
