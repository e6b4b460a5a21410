// The sources that teach the language itself: stories, books, word definitions, conversations
// between people.
#pragma once

#include "base/error.h"
#include "train/data/archive.h"
#include "train/data/document.h"

namespace train {

// All of them, in a fixed order.
Status read_text_sources(const Archives& archives, const DocumentSink& sink);

}  // namespace train
