// The sources that teach to answer: questions with answers from open data sets, each brought to the
// form of a conversation.
#pragma once

#include "base/error.h"
#include "train/data/archive.h"
#include "train/data/document.h"
#include "train/talk/conversations.h"
#include "train/talk/voice.h"

namespace train {

// All of them, in a fixed order.
Status read_chat_sources(const Archives& archives, Voice& voice, const DocumentSink& sink);

// Countries with one capital, from the factbook.
Result<std::vector<Country>> read_countries(const Archives& archives);

}  // namespace train
